// What is shown beside the results: plans that --yes agrees to, annotations of problems, what is ignored.
import { spawn } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { run } from '../../lib/runner/main.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { userSession } from '../servers/session.ts';
import { makeProject, type Project } from './project.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let project: Project;
let database: Database;

beforeAll(async () => {
  project = await makeProject();
  project.write({ 'package.json': '{}' });
});
afterAll(() => project.remove());
beforeEach(async () => {
  database = await freshDatabase(anyServer());
});
afterEach(async () => {
  await database.drop();
  rmSync(join(project.root, 'migrations'), { recursive: true, force: true });
});

/**
 * Runs a command line in this process.
 * @param width of the terminal that the log goes to
 * @param log gets each text of the log at once
 */
async function pgmage(words: string, width?: number, log: string[] = []) {
  const out: string[] = [];
  const code = await run({
    words: words.split(' '),
    cwd: project.root,
    variables: { DATABASE_URL: database.url },
    terminal: width,
    logsToTerminal: width !== undefined,
    ...(width !== undefined && { lastLine: { width: () => width, draw: () => undefined } }),
    now: () => new Date(),
    print: (text) => out.push(text),
    log: (text) => log.push(text),
  });
  return { code, out: out.join('\n'), log: log.join('\n') };
}

test('db:sync --yes shows the SQL with its hazards before it runs', async () => {
  project.write({ 'schema.sql': 'create table t (a int);' });
  const { code, out, log } = await pgmage('db:sync --yes');
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('local is in sync.') });
  expect(log).toMatch(/ Running the migration up and down in the shadow …$/m);
  expect(log).toContain('  CREATE TABLE public.t (');
  expect(log).toMatch(/^This applies 1 migration to local \(postgres:\/\/.*\)\.$/m);
  await rowsOf(database.url, 'insert into t values (1)');
  project.write({ 'schema.sql': 'create table u (a int);' });
  const forced = await pgmage('db:sync --yes --force');
  expect(forced.log).toMatch(
    /^Caution: deletes data:\n {2}DROP TABLE public\.t {2}\(t: rows not counted, \d+ kB\)$/m,
  );
  const undone = await pgmage('db:rollback --yes --force');
  expect(undone.log).toContain('This undoes 1 migration in local');
});

test('db:sync --yes shows the SQL while a lock keeps it from running', async () => {
  project.write({ 'schema.sql': 'create table t (a int);' });
  expect((await pgmage('db:sync --yes')).code).toBe(0);
  project.write({ 'schema.sql': 'create table t (a int, b int);' });
  const reader = await userSession({ url: database.url, applicationName: 'reader' });
  await reader.execute('begin; lock table t in access share mode');
  const log: string[] = [];
  const running = pgmage('db:sync --yes --lock-timeout 0', undefined, log);
  try {
    const waits = `select from pg_stat_activity where datname = '${database.name}' and wait_event_type = 'Lock'`;
    await vi.waitFor(async () => expect(await rowsOf(database.socket, waits)).toHaveLength(1), 60_000);
    expect(log.join('\n')).toContain('  ALTER TABLE public.t ADD COLUMN b integer;');
    expect(log.join('\n')).toMatch(/^This applies 1 migration to local/m);
    const column = `select from pg_attribute where attrelid = 't'::regclass and attname = 'b'`;
    expect(await rowsOf(database.socket, column)).toEqual([]);
  } finally {
    await reader.execute('commit');
    await reader.close();
    expect((await running).code).toBe(0);
  }
});

test('--dry-run prints SQL alone, and ends with 0', async () => {
  project.write({ 'schema.sql': 'create table t (a int);' });
  const { code, out, log } = await pgmage('db:sync --dry-run');
  expect(code).toBe(0);
  expect(log).not.toContain('CREATE TABLE');
  await rowsOf(database.url, out);
  expect((await pgmage('db:status')).out).toContain('Pending Changes: 0');
});

test('db:clone and db:restore with --yes name both sides, the size and the rows that are lost', async () => {
  const target = await freshDatabase(anyServer());
  try {
    await rowsOf(database.url, 'create table t (a int); insert into t values (1)');
    await rowsOf(
      target.url,
      `create table a_table_with_a_long_name (a int);
      insert into a_table_with_a_long_name select generate_series(1, 12345)`,
    );
    project.write({ '.env.staging': `DATABASE_URL=${target.url}\n` });
    const { code, log } = await pgmage('db:clone --from local --to staging --yes --force', 60);
    expect(code).toBe(0);
    for (const words of [
      /^Source: local\s+\(postgres:/m,
      /^Target: staging\s+\(postgres:/m,
      /[kM]B\. Transfer\s+may take 1 second$/m,
      /a_table_with_a_long_name: 12345 rows$/m,
    ])
      expect(log).toMatch(words);
    // Nothing is cut at the width of the terminal.
    expect(log.replace(/ …$/gm, '')).not.toContain('…');
    const [file = ''] = (await pgmage('db:backup --format native')).out.match(/backups\/\S+/) ?? [];
    const restored = await pgmage(`db:restore ${file.replace('backups/', '')} --to staging --yes --force`);
    expect(restored.log).toMatch(/^Restore backups\/.*1 table, 1 row\) into staging/m);
    expect(restored.log).toContain('- public.t (1 row)');
  } finally {
    await target.drop();
  }
});

test('invalid SQL in the schema is an annotation at its line', async () => {
  project.write({ 'schema.sql': 'create table t (a int);\ncreate tabel u ();\n' });
  for (const words of ['db:status --check --format github', 'db:verify --format=github']) {
    const { code, out, log } = await pgmage(words);
    expect(code).toBe(1);
    expect(out).toMatch(
      /^::error title=Invalid SQL in schema\.sql at line 2%3A .*,file=schema\.sql,line=2,col=8::/,
    );
    expect(log).toContain('Invalid SQL in schema.sql at line 2');
  }
  expect((await pgmage('db:status --check')).out).toBe('');
});

test('statements that write rows, and \\connect, are named as ignored; those in bodies are not', async () => {
  project.write({
    'schema.sql': `create table t (a int);
insert into t values (1);
create function f() returns void language sql as $$
insert into t values (2);
$$;
create function g() returns void language sql begin atomic
  insert into t values (3);
end;
\\connect other
copy t from stdin;
4
\\.
update t set a = 1;
with x as (select 1) select 1;
delete from t;
`,
  });
  const { code, log } = await pgmage('db:status');
  expect(code).toBe(0);
  expect(log.match(/pgmage ignores.*/g)).toEqual([
    'pgmage ignores INSERT at line 2, \\connect at line 9, COPY at line 10 and 2 more: rows are not part of a' +
      ' schema, and a schema file describes one database',
  ]);
  // Not again while the file is unchanged.
  expect((await pgmage('db:status')).log).not.toContain('ignores');
  project.write({ 'schema.sql': 'create table t (a int);' });
  expect((await pgmage('db:status')).log).not.toContain('ignores');
});

test('a file of tasks that is not in TypeScript is named where tasks are listed or missed', async () => {
  project.write({ 'tasks/old.js': 'export function hello() {}', 'schema.sql': 'create table t (a int);' });
  const words = 'tasks/old.js is ignored: tasks are exported functions of .ts files';
  expect((await pgmage('old:hello')).log).toContain(words);
  expect((await pgmage('--list')).log).toBe(words);
  expect((await pgmage('db:status')).log).not.toContain('old.js');
  rmSync(join(project.root, 'tasks'), { recursive: true });
});

test('--json is one line, also of a problem', async () => {
  project.write({ 'schema.sql': 'create table t (a int);' });
  const { out } = await pgmage('db:status --json');
  expect([out.split('\n').length, JSON.parse(out).inSync]).toEqual([1, false]);
  const problem = (await pgmage('db:status --env nowhere --json')).out;
  expect([problem.split('\n').length, JSON.parse(problem).problem.code]).toEqual([1, 'unknown_environment']);
});

test.each([
  ['Ctrl-C', '\u0003'],
  ['Ctrl-D', '\u0004'],
])('%s at a question ends with 130, and nothing was changed', async (_, key) => {
  project.write({ 'schema.sql': 'create table t (a int);' });
  const words = [process.execPath, '--import', import.meta.resolve('tsx')];
  const all = [...words, join(import.meta.dirname, '../../lib/bin.ts'), 'db:sync'];
  const line = all.map((word) => `'${word}'`).join(' ');
  const env = { ...process.env, DATABASE_URL: database.url, TERM: 'xterm', NO_COLOR: '1' };
  const child = spawn('script', ['-qec', line, '/dev/null'], { cwd: project.root, env });
  let shown = '';
  child.stdout.on('data', (text) => {
    const before = shown.includes('Go on?');
    shown += text;
    if (!before && shown.includes('Go on?')) child.stdin.write(key);
  });
  const code = await new Promise((resolve) => child.on('exit', resolve));
  expect([code, shown]).toEqual([130, expect.stringContaining('Interrupted. Nothing was changed.')]);
  expect(shown).not.toMatch(/\[[\d;]+m/);
  expect(readdirSync(project.root)).not.toContain('migrations');
});
