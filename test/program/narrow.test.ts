// A terminal of 80 columns: long lines go on in the next one, and no name, size or loss is cut.
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { run } from '../../lib/runner/main.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { makeProject, type Project } from './project.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

const width = 80;
const long = (start: string) => start.padEnd(40, '_of_a_person_who_likes_long_names');
const [users, orders, column] = [long('users'), long('orders'), long('column')];

let project: Project;
let [here, there]: Database[] = [];

beforeAll(async () => {
  project = await makeProject();
  [here, there] = [await freshDatabase(anyServer()), await freshDatabase(anyServer())];
  project.write({
    'package.json': '{}',
    '.env.local': `DATABASE_URL=${here.url}\n`,
    '.env.staging': `DATABASE_URL=${there.url}\n`,
    'schema.sql': `create table ${users} (id int primary key, ${column} text);`,
  });
});
afterAll(async () => {
  project.remove();
  await here?.drop();
  await there?.drop();
});

const sql = /\b(TABLE|COLUMN|CONSTRAINT|INDEX)\b/;

/** What a command shows on the terminal. */
async function shown(words: string, code = 0): Promise<string> {
  const [out, log]: [string[], string[]] = [[], []];
  const ended = await run({
    words: words.split(' '),
    cwd: project.root,
    variables: {},
    terminal: width,
    logsToTerminal: true,
    lastLine: { width: () => width, draw: () => undefined },
    now: () => new Date(),
    print: (text) => out.push(text),
    log: (text) => log.push(text),
  });
  const text = stripVTControlCharacters([...log, ...out].join('\n'));
  expect([words, ended, text]).toEqual([words, code, text]);
  // SQL is not broken, so that it can be copied; nor is a path, an address or a name.
  const isWhole = (line: string) => sql.test(line) || line.split(' ').some((word) => word.length > 40);
  const wide = text.split('\n').filter((line) => [...line].length > width && !isWhole(line));
  expect([words, wide]).toEqual([words, []]);
  // Of help, a word with three dots can be repeated.
  const cut = text.match(/.*[^\s[]….*/g)?.filter((line) => !/^Usage: /.test(line));
  expect([words, cut ?? []]).toEqual([words, []]);
  return text;
}

test('nothing is wider than the terminal, and nothing is cut', async () => {
  expect(await shown('db:status')).toContain(users);
  expect(await shown('db:diff')).toContain(column);
  await shown('db:sync --yes');
  await rowsOf(here?.url ?? '', `insert into ${users} select generate_series(1, 12345), 'x'`);
  expect(await shown('db:history')).toContain('add_table');
  await shown('db:verify');
  expect(await shown('db:lint')).toContain(`${users}.id`);
  expect(await shown('db:backup --format native')).toContain('12347 rows');
  const listed = await shown('db:backups');
  for (const fact of ['local', 'kB', 'rows: 12347', 'verified: read whole']) expect(listed).toContain(fact);
  const file = /\S+\.native/.exec(listed)?.[0] ?? '';
  await shown('db:backups verify');
  await shown('db:backups prune');
  expect(await shown(`db:restore ${file} --to staging --yes`)).toContain(file);
  const again = await shown(`db:restore ${file} --to staging --yes`, 1);
  expect(again).toContain(`public.${users} (12345 rows)`);
  expect(await shown('db:clone --from local --to staging --yes --force')).toContain(`public.${users}`);
  await rowsOf(
    there?.url ?? '',
    `delete from ${users} where id < 5; update ${users} set ${column} = 'y' where id = 9`,
  );
  const way = '--from local --to staging';
  expect(await shown(`data:verify ${way}`, 1)).toContain(users);
  expect(await shown(`data:diff --rows ${way}`)).toContain(users);
  expect(await shown(`data:sync --yes ${way}`)).toContain(users);
  expect(await shown(`data:sync --yes ${way}`)).toContain('1 table is equal');
  await shown('data:history --env staging');
  project.write({
    'schema.sql': `create table ${users} (id int primary key);
      create table ${orders} (id int primary key, buyer int references ${users});`,
  });
  for (const words of ['db:status', 'db:diff', 'db:plan', 'db:plan --env local', 'db:diff --sql'])
    expect(await shown(words)).toContain(users);
  expect(await shown('db:sync --yes', 1)).toContain(column);
  expect(await shown('db:sync --yes --force')).toContain(column);
  expect(await shown('db:rollback --yes --force')).toContain(orders);
  await rowsOf(here?.url ?? '', `create index ${long('by_hand')} on ${users} (${column})`);
  expect(await shown('db:status')).toContain(long('by_hand'));
  expect(await shown('db:verify', 1)).toContain(long('by_hand'));
  expect(await shown('db:sync --yes', 1)).toContain(long('by_hand'));
});

test('help fits, too', async () => {
  await shown('--help');
  const names = (await shown('--list')).match(/^ *(?:db|data|serve|init)[:\w]*/gm) ?? [];
  expect(names.length).toBeGreaterThan(25);
  for (const name of names) await shown(`${name.trim()} --help`);
});
