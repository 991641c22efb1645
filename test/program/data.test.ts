// data:diff and data:verify as people and programs meet them: text, facts, exit codes, and no password
// anywhere.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../../lib/runner/main.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

const server = anyServer();
let root: string;
let source: Database;
let target: Database;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'pgmage-data-'));
  [source, target] = [await freshDatabase(server), await freshDatabase(server)];
  for (const { url } of [source, target])
    await rowsOf(
      url,
      `create table users (id int primary key, name text); insert into users values (1, 'Ann'), (2, 'Bob')`,
    );
  writeFileSync(join(root, '.env.legacy'), `DATABASE_URL=${source.url}`);
  writeFileSync(join(root, '.env.prod'), `DATABASE_URL=${target.url}`);
});
afterEach(async () => {
  rmSync(root, { recursive: true });
  await Promise.all([source.drop(), target.drop()]);
});

async function pgmage(...words: readonly string[]) {
  const [out, log]: [string[], string[]] = [[], []];
  const code = await run({
    words,
    cwd: root,
    variables: {},
    terminal: undefined,
    logsToTerminal: false,
    now: () => new Date(),
    print: (text) => out.push(text),
    log: (text) => log.push(text),
  });
  expect([...out, ...log].join('\n')).not.toContain(server.password);
  return { code, out: out.join('\n'), log: log.join('\n') };
}

const way = ['--from', 'legacy', '--to', 'prod'];

test('equal rows end with 0, others with 2 where --check is given', async () => {
  expect(await pgmage('data:diff', ...way, '--check')).toMatchObject({
    code: 0,
    out: expect.stringContaining('No differences'),
  });
  expect(await pgmage('data:verify', ...way, '--check')).toMatchObject({
    code: 0,
    out: expect.stringContaining('1 table'),
  });
  await rowsOf(source.url, `update users set name = 'Bobby' where id = 2`);
  expect((await pgmage('data:diff', ...way)).code).toBe(0);
  const { code, out } = await pgmage('data:diff', ...way, '--check', '--rows', '--columns');
  expect(code).toBe(2);
  expect(out).toContain('  changed columns: name 1\n  ~ id=2  name: Bob → Bobby');
  expect(out).toContain('0 missing, 1 changed, 0 extra in 1 of 1 table');
  expect((await pgmage('data:verify', ...way, '--check')).code).toBe(2);
  expect((await pgmage('data:verify', ...way)).code).toBe(1);
});

test('--json prints the facts', async () => {
  await rowsOf(target.url, 'delete from users where id = 1');
  const { out } = await pgmage('data:diff', ...way, '--json');
  expect(JSON.stringify(JSON.parse(out))).toContain('"missing":1,"changed":0,"extra":0');
});

test('a wrong call is said in one sentence', async () => {
  expect(await pgmage('data:diff', '--from', 'legacy')).toMatchObject({
    code: 64,
    log: expect.stringContaining('--to'),
  });
  expect(await pgmage('data:diff', ...way, '--tables', 'user')).toMatchObject({
    code: 64,
    log: expect.stringContaining('Did you mean public.users?'),
  });
});
