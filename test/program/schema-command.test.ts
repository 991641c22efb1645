// The wanted schema from a command and files: its SQL, its failures, and the files that are watched for it.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { makeProject, type Project, password } from './project.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const node = JSON.stringify(process.execPath);
const config = (schema: string) => `export default { schema: ${schema} };\n`;
const command = `{ command: [${node}, 'print.mjs', 'model.txt'], watch: 'model.txt' }`;

let project: Project;

beforeAll(async () => {
  project = await makeProject();
  project.write({
    'package.json': '{}',
    'print.mjs': `import { readFileSync } from 'node:fs';
process.stderr.write('Reading the model\\n');
process.stdout.write(\`\\ufeff\${readFileSync(process.argv[2], 'utf8')}\`);\n`,
    'model.txt': 'CREATE TABLE users (id int PRIMARY KEY, name text);\n',
    'own/views.sql': 'CREATE VIEW names AS SELECT name FROM users;\n',
    'pgmage.config.mjs': config(`[${command}, 'own']`),
  });
});
afterAll(() => project.remove());

test('status, diff, sync and verify take the schema from a command and a folder', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    const before = await project.pgmage('db:status --check', { url });
    expect(before.code).toBe(2);
    expect(before.out).toContain('print.mjs model.txt + own\n');
    expect((await project.pgmage('db:diff --sql', { url })).out).toContain('CREATE VIEW public.names');
    expect((await project.pgmage('db:sync --yes', { url })).out).toContain('local is in sync.');
    expect(await rowsOf(url, 'select * from names')).toEqual([]);
    expect((await project.pgmage('db:status --check', { url })).code).toBe(0);
    expect((await project.pgmage('db:verify', { url })).code).toBe(0);

    project.write({ 'model.txt': 'CREATE TABLE users (id int PRIMARY KEY, name text, age int);\n' });
    const after = await project.pgmage('db:status --check --json', { url });
    expect(after.code).toBe(2);
    expect(JSON.parse(after.out)).toMatchObject({ changes: [{ text: expect.stringContaining('age') }] });
    const pulled = await project.pgmage('db:pull', { url });
    expect(pulled).toMatchObject({ code: 64, log: expect.stringContaining('does not write into') });
  });
});

test('a command that fails says how, without its secrets', async () => {
  const run = async (schema: string) => {
    project.write({ 'pgmage.config.mjs': config(schema) });
    const { code, out, log } = await project.pgmage('db:generate');
    return { code, out, log };
  };
  const fail = `process.stderr.write('no model: postgres://app:${password}@db/shop\\n'); process.exit(3)`;
  const failed = await run(`{ command: [${node}, '-e', ${JSON.stringify(fail)}] }`);
  expect(failed.code).toBe(1);
  expect(failed.log).toContain('failed: exit code 3');
  expect(failed.log).toContain('no model: postgres://app@db/shop');

  const url = `'postgres://app:${password}@db/shop'`;
  const missing = await run(`{ command: ['no-such-program', ${url}] }`);
  expect(missing.log).toContain(`The command 'no-such-program postgres://app`);
  expect(missing.log).toContain('failed: it is missing');

  const slow = await run(`{ command: [${node}, '-e', 'setTimeout(() => {}, 60000)'], timeout: 300 }`);
  expect(slow.log).toContain('failed: it took longer than 0.3 s');

  const empty = await run(`{ command: [${node}, '-e', 'console.log("-- none")'] }`);
  expect(empty).toMatchObject({ code: 1, log: expect.stringContaining('-e console.log("-- none")') });

  const invalid = await run(`{ command: [${node}, '-e', 'console.log("CREATE TABEL x ();")'] }`);
  expect(invalid.log).toMatch(/^Invalid SQL in .* at line 1/);

  expect((await run(`{ command: 'npx prisma' }`)).log).toContain('schema.command must be a list of strings');
  expect((await run(`[{ timeout: 5 }]`)).log).toContain('schema must have a command');
});

test('a command that takes too long ends with the programs that it started', async () => {
  const script = `sleep 300 & echo $! > ${join(project.root, 'pid')}; wait`;
  const schema = `{ command: ['sh', '-c', ${JSON.stringify(script)}], timeout: 1000 }`;
  project.write({ 'pgmage.config.mjs': config(schema) });
  expect((await project.pgmage('db:generate')).log).toContain('failed: it took longer than 1 s');
  const pid = readFileSync(join(project.root, 'pid'), 'utf8').trim();
  const isAlive = () =>
    existsSync(`/proc/${pid}/stat`) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  await expect.poll(isAlive).toBe(false);
});

test('a file of several sources may be empty, but not all of them', async () => {
  project.write({
    'rules.sql': '-- None yet.\n',
    'more.sql': '',
    'model.txt': 'CREATE TABLE users (id int PRIMARY KEY, name text);\n',
  });
  const generate = async (schema: string) => {
    project.write({ 'pgmage.config.mjs': config(schema) });
    return project.pgmage('db:diff --from empty --sql');
  };
  const { code, out } = await generate(`[${command}, 'rules.sql', 'more.sql']`);
  expect(code).toBe(0);
  expect(out).toContain('CREATE TABLE public.users');
  const none = await generate(`['rules.sql', 'more.sql']`);
  expect(none.code).toBe(1);
  expect(none.log).toContain('rules.sql + more.sql holds only comments\nHint: An empty schema would drop');
});

test('there are no migrations yet: db:diff names the command that writes the first one', async () => {
  project.write({ 'pgmage.config.mjs': config(`'a.sql'`), 'a.sql': 'CREATE TABLE a (id int);' });
  rmSync(join(project.root, 'migrations'), { recursive: true, force: true });
  const { code, log } = await project.pgmage('db:diff --from migrations --to a.sql --check');
  expect([code, log]).toEqual([
    1,
    expect.stringMatching(/^There are no migrations in migrations\nHint: db:generate writes the first one\./),
  ]);
});

test('db:watch runs the command again after a change of the files that it names', async () => {
  project.write({
    'pgmage.config.mjs': config(`[${command}, 'own']`),
    'model.txt': 'CREATE TABLE users (id int PRIMARY KEY, name text);\n',
  });
  await withDatabase(anyServer(), async ({ url }) => {
    const program = join(import.meta.dirname, '../../bin/pgmage.cjs');
    const env = { ...process.env, DATABASE_URL: url, NO_COLOR: '1' };
    const child = spawn(process.execPath, [program, 'db:watch'], { cwd: project.root, env });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    try {
      await vi.waitFor(() => expect(out).toContain('users'), { timeout: 60_000, interval: 100 });
      writeFileSync(join(project.root, 'model.txt'), 'CREATE TABLE people (id int, name text);');
      // The view's table is gone.
      await vi.waitFor(() => expect(out).toMatch(/users" does not exist/), {
        timeout: 60_000,
        interval: 100,
      });
    } finally {
      child.kill('SIGINT');
      await new Promise((resolve) => child.once('close', resolve));
    }
  });
});
