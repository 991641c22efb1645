// Whole command lines in projects of their own: tasks found, compiled once, run, told.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stripColours } from '../../lib/problem/legible.ts';
import { type Caller, run } from '../../lib/runner/main.ts';
import { withTemplate } from '../project/cache.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pgmage-runner-'));
  write({ 'package.json': '{}' });
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(files: Record<string, string>) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

async function pgmage(...words: string[]) {
  return runIn({}, ...words);
}

async function runIn(more: Partial<Caller>, ...words: string[]) {
  const out: string[] = [];
  const log: string[] = [];
  const code = await run({
    words,
    cwd: root,
    variables: {},
    terminal: undefined,
    logsToTerminal: false,
    now: () => new Date('2026-01-02T03:04:05Z'),
    print: (text) => out.push(text),
    log: (text) => log.push(text),
    ...more,
  });
  return { code, out: out.join('\n'), log: log.join('\n') };
}

test('every exported function of tasks/*.ts is a task, listed with the first sentence of its comment', async () => {
  write({
    'tasks/hello.ts':
      '/** Greets somebody. Kindly. */\nexport function world(context: unknown, name = "you") {' +
      ' return "Hello, " + name; }',
    'tasks/hello.test.ts': 'export function no() {}',
  });
  const { out, code } = await pgmage('--list');
  expect(code).toBe(0);
  expect(out).toMatch(/^ {2}hello:world +Greets somebody$/m);
  const names = out.match(/^ {2}[a-z]+(:[a-z]+)?(?= )/gm)?.map((name) => name.trim());
  expect(names?.slice(0, 3)).toEqual(['init', 'db:status', 'db:diff']);
  expect(names?.at(-1)).toBe('hello:world');
  expect(out).toMatch(/^ {2}db:status +Compares the database with schema\.sql and lists the differences/m);
  expect(out).not.toContain('hello:no');
  expect((await pgmage('hello:world', 'Ada')).out).toBe('Hello, Ada');
  expect((await pgmage('hello:world', 'hello:world', 'Ada')).out).toBe('Hello, you\nHello, Ada');
});

test('--help shows the options of a task with their comments', async () => {
  const { out, code } = await pgmage('db:diff', '--help');
  expect(code).toBe(0);
  expect(out).toContain('Usage: pgmage db:diff [options]');
  expect(out).toMatch(/^ {2}--from SOURCE +The source to start from/m);
  expect(out).toMatch(/^ {2}--check +End with exit code 2/m);
  expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  expect((await pgmage()).out).toContain('--version');
  expect((await pgmage('--version')).out).toMatch(/^\d+\.\d+\.\d+$/);
});

test('a dependency runs once per command line, however many tasks need it', async () => {
  write({
    'tasks/a.ts': `import { appendFileSync } from 'node:fs';
      export function build(context: any, mode?: string) { appendFileSync(context.root + '/log', 'build ' + (mode ?? '') + ';'); return 'built'; }`,
    'tasks/b.ts': `import { build } from './a.ts';
      export async function test(context: any) { await Promise.all([context.run(build), context.run(build, 'fast')]); }
      export async function deploy(context: any) { await context.run(test); return context.run(build); }`,
  });
  const { out, code } = await pgmage('a:build', 'b:deploy', 'b:test');
  expect({ out, code }).toEqual({ out: 'built\nbuilt', code: 0 });
  expect(readFileSync(join(root, 'log'), 'utf8')).toBe('build ;build fast;');
});

test('what was compiled is used again until something that went into it changes', async () => {
  write({
    'tasks/a.ts': "import { word } from '../lib/word.ts';\nexport const say = () => word;",
    'lib/word.ts': "export const word = 'one';",
  });
  expect((await pgmage('a:say')).log).toContain('Compiling tasks');
  expect(await pgmage('a:say')).toEqual({ code: 0, out: 'one', log: '' });
  write({ 'lib/word.ts': "export const word = 'two';" });
  expect((await pgmage('a:say')).out).toBe('two');
  writeFileSync(join(root, '.pgmage/cache/tasks.json'), '{ damaged');
  expect((await pgmage('a:say')).out).toBe('two');
  expect(readFileSync(join(root, '.pgmage/.gitignore'), 'utf8')).toBe('*\n');
});

test("a project's task stands before pgmage's own of that name", async () => {
  write({ 'tasks/db.ts': "/** Mine. */\nexport function status() { return 'mine'; }" });
  expect((await pgmage('db:status')).out).toBe('mine');
  expect((await pgmage('--list')).out).toContain('db:diff');
});

test('outcomes become text, or with --json one document with the same facts', async () => {
  write({
    'tasks/a.ts': `export function drift() { return { facts: { drift: 1 }, text: ({ width }) => 'drift ' + width, code: 2 }; }
      export function data() { return { n: 1 }; }
      export function nothing() {}`,
  });
  expect(await pgmage('a:drift')).toMatchObject({ code: 2, out: 'drift 80' });
  expect(JSON.parse((await pgmage('a:drift', '--json')).out)).toEqual({ drift: 1 });
  expect(JSON.parse((await pgmage('a:data', 'a:nothing', '--json')).out)).toEqual([{ n: 1 }, null]);
  expect((await pgmage('a:nothing')).out).toBe('');
  // The first task that does not end well is the last.
  expect(await pgmage('a:drift', 'a:data')).toMatchObject({ code: 2, out: 'drift 80' });
});

test('a task that throws fails with its name and where it happened', async () => {
  write({
    'tasks/a.ts': '\n\nexport function boom() { throw new Error("no luck with postgres://u:secret@h/d"); }',
  });
  const { code, out, log } = await pgmage('a:boom');
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(log).toContain('a:boom failed: Error: no luck');
  expect(log).not.toContain('secret');
  const { problem } = JSON.parse((await pgmage('a:boom', '--json')).out);
  expect(problem).toMatchObject({ code: 'task_failed', data: { task: 'a:boom' }, exitCode: 1 });
});

test('bad usage ends with 64', async () => {
  expect(await pgmage('db:stat')).toMatchObject({ code: 64, out: '' });
  expect((await pgmage('db:staus')).log).toContain('Did you mean db:status?');
  expect((await pgmage('db:status', '--chek')).code).toBe(64);
  expect((await pgmage('db:status', '--env', 'nowhere')).log).toContain('Unknown environment nowhere');
});

test.each([
  ['export function f(c: C, o: { d: Date }) {}', 'it has the type Date, but a command line gives'],
  ['export function f( {', 'expected'],
])(
  'a broken file of tasks stops its own tasks, and those of pgmage that it may replace: %s',
  async (text, reason) => {
    write({ 'tasks/a.ts': text });
    const listed = await pgmage('--list');
    expect(listed).toMatchObject({ code: 0, out: expect.stringContaining('db:status') });
    expect(listed.log).toContain(
      'The tasks of the project are left out. Cannot read the tasks in tasks/a.ts: ',
    );
    expect(listed.log.toLowerCase()).toContain(reason.toLowerCase());
    const own = await pgmage('a:f');
    expect([own.code, own.log.includes('tasks/a.ts:1:')]).toEqual([64, true]);
    // It may have another db:status.
    write({ 'tasks/db.ts': 'export function status() {}' });
    const replaced = await pgmage('db:status', '--help');
    expect([replaced.code, replaced.log.includes('tasks/a.ts:1:')]).toEqual([64, true]);
    expect(await pgmage('data:diff', '--help')).toMatchObject({ code: 0 });
  },
);

test('--version with --json is a document', async () => {
  for (const words of [
    ['--version', '--json'],
    ['--json', '-V'],
    ['--version', '--json', '--no-color'],
  ])
    expect(JSON.parse((await pgmage(...words)).out)).toEqual({ version: expect.stringMatching(/^\d+\./) });
});

test('hooks are called around every task', async () => {
  write({
    'tasks/a.ts': 'export function f() { return 5; }',
    'pgmage.config.ts': `import { appendFileSync } from 'node:fs';
      const note = (event: object) => appendFileSync(import.meta.dirname + '/log', JSON.stringify(event));
      export default { hooks: { before: note, after: note } };`,
  });
  await pgmage('a:f');
  expect(readFileSync(join(root, 'log'), 'utf8')).toBe('{"task":"a:f"}{"task":"a:f","code":0,"facts":5}');
  write({ 'pgmage.config.ts': 'export default { hooks: { before() { throw new Error("not today"); } } };' });
  expect(await pgmage('a:f')).toMatchObject({ code: 1, out: '' });
});

test('a task that fails is told to hooks.failed, and still fails', async () => {
  write({
    'tasks/a.ts': 'export function f() { throw new Error("broken"); }',
    'pgmage.config.ts': `import { appendFileSync } from 'node:fs';
      const note = (event: object) => appendFileSync(import.meta.dirname + '/failures', JSON.stringify(event));
      export default { hooks: { after: note, failed: note } };`,
  });
  expect(await pgmage('a:f')).toMatchObject({ code: 1, out: '' });
  const { task, problem } = JSON.parse(readFileSync(join(root, 'failures'), 'utf8'));
  expect({ task, code: problem.code }).toEqual({ task: 'a:f', code: 'task_failed' });
  expect(problem.message).toContain('broken');
  await pgmage('db:clone', '--from', 'nowhere', '--to', 'elsewhere');
  expect(readFileSync(join(root, 'failures'), 'utf8')).toContain(
    '{"task":"db:clone","problem":{"code":"unknown_environment"',
  );
});

test('a command of hooks.failed that cannot start is named as such, beside the failure of the task', async () => {
  write({
    'tasks/a.ts': 'export function f() { throw new Error("broken"); }',
    'pgmage.config.ts': `export default { hooks: { failed: ['/no/such/command', 'x'] } };`,
  });
  const { code, log } = await pgmage('a:f');
  expect(code).toBe(1);
  expect(log).toContain("The hooks.failed command '/no/such/command x' failed: ");
  expect(log).toContain('Hint: Correct the command in pgmage.config.ts.');
  expect(log).toContain('a:f failed: Error: broken');
  expect(log).not.toContain('synced');
});

test('a problem wraps at the width of its terminal, and stays whole elsewhere', async () => {
  const terminal = { logsToTerminal: true, lastLine: { width: () => 60, draw: () => {} } };
  const { log } = await runIn(terminal, 'db:types');
  const lines = stripColours(log).split('\n');
  expect(lines.filter((line) => line.length > 60)).toEqual([]);
  expect(lines.length).toBeGreaterThan(2);
  const whole = (await pgmage('db:types')).log.split('\n');
  expect(whole).toHaveLength(2);
  expect(lines.join(' ').replaceAll(/ +/g, ' ')).toBe(whole.join(' '));
});

test('the hint of a bad option names its task', async () => {
  const { log } = await pgmage('db:diff', '--to');
  expect(log).toBe('Bad option --to: it needs a value\nHint: Run pgmage db:diff --help to see its options.');
  // Also of one that the command itself refuses.
  expect((await pgmage('db:types', '--check')).log).toBe(
    'Bad option --check: it needs --out with the file to check\n' +
      'Hint: Run pgmage db:types --help to see its options.',
  );
});

test('a folder without SQL that db:lint is to read is not called a schema', async () => {
  write({ 'src/a.ts': '' });
  expect((await pgmage('db:lint', 'src')).log).toBe(
    'src has no SQL\nHint: Name a .sql file, or a folder that has some.',
  );
});

test('annotations and reports name files from the root of the repository', async () => {
  const migration = (sql: string) => `-- Up Migration\n\n${sql}\n\n-- Down Migration\n\nselect 1;\n`;
  write({
    'packages/db/package.json': '{}',
    'packages/db/schema.sql': 'create table t (a bigint primary key);\n',
    'packages/db/migrations/1.sql': migration('create table t (a bigint primary key, b text);'),
    'packages/db/migrations/2.sql': migration('alter table t drop column b;'),
  });
  await withTemplate(join(root, 'packages/db/.pgmage/cache'));
  const lint = (format: string, variables: Record<string, string>, cwd = 'packages/db') =>
    runIn({ cwd: join(root, cwd), variables }, 'db:lint', '--format', format).then(({ out }) => out);
  const found = async (variables: Record<string, string>) =>
    /file=([^,]*),/.exec(await lint('github', variables))?.[1];
  expect(await found({})).toBe('migrations/2.sql');
  expect(await found({ GITHUB_WORKSPACE: root })).toBe('packages/db/migrations/2.sql');
  // A project that the job did not check out.
  expect(await found({ GITHUB_WORKSPACE: join(root, 'packages/d') })).toBe('migrations/2.sql');
  const report = JSON.parse(await lint('gitlab', { CI_PROJECT_DIR: root }));
  expect(report).toMatchObject([{ location: { path: 'packages/db/migrations/2.sql' } }]);
  // Problems, also from a folder of the project.
  write({ 'packages/db/schema.sql': 'create tble t;\n' });
  const variables = { GITHUB_WORKSPACE: root };
  expect(await lint('github', variables, 'packages/db/migrations')).toContain(
    ',file=packages/db/schema.sql,line=1,col=8::',
  );
  // `actions/checkout` with `path: packages`.
  mkdirSync(join(root, 'packages/.git'));
  expect(await lint('github', variables)).toContain(',file=db/schema.sql,line=1,col=8::');
});
