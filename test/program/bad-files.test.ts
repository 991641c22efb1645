// Files and folders that are not what they are called: told by name, never passed over and never a bug of
// pgmage's.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { makeProject, type Project, problem } from './project.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

let project: Project;

beforeAll(async () => {
  project = await makeProject();
});

afterAll(() => project.remove());

/** A project in a folder of its own, so that no test meets what another one broke. */
function inside(folder: string, files: Record<string, string> = {}) {
  project.write({ [`${folder}/package.json`]: '{}', [`${folder}/schema.sql`]: 'CREATE TABLE a (id int);\n' });
  for (const [name, text] of Object.entries(files)) project.write({ [`${folder}/${name}`]: text });
  return {
    path: (name: string) => join(project.root, folder, name),
    load: (words = 'db:diff --from empty --to schema.sql --sql') => project.pgmage(words, { folder }),
  };
}

test('a configuration that is a folder, leads round in a circle or nowhere', async () => {
  for (const [name, make, reason] of [
    ['config-folder', (path: string) => mkdirSync(path), 'it is not a file'],
    ['config-loop', (path: string) => symlinkSync('pgmage.config.ts', path), 'it is a broken link'],
    ['config-nowhere', (path: string) => symlinkSync('nowhere.ts', path), 'it is a broken link'],
  ] as const) {
    const { path, load } = inside(name);
    make(path('pgmage.config.ts'));
    expect(await load()).toEqual(
      problem(64, `Invalid configuration in pgmage.config.ts: ${reason}`, 'Hint: Correct the file.'),
    );
  }
});

test('a configuration that is a link to a file is one', async () => {
  const { path, load } = inside('config-link', { 'real.ts': 'export default { shema: 1 };' });
  symlinkSync('real.ts', path('pgmage.config.ts'));
  expect((await load()).log).toContain('shema is unknown');
});

test('a dotenv file that is a folder is none, and one that cannot be read is told', async () => {
  const folder = inside('dotenv-folder', {
    '.env.local': 'DATABASE_URL=postgres://somebody@127.0.0.1:1/shop',
  });
  mkdirSync(folder.path('.env'));
  mkdirSync(folder.path('.env.staging'));
  expect((await folder.load('db:status')).log).toContain('Cannot connect to local');
  expect((await folder.load('db:status --env staging')).log).toContain('Unknown environment staging');
  const loop = inside('dotenv-loop');
  symlinkSync('.env.staging', loop.path('.env.staging'));
  const { code, log } = await loop.load('db:status --env staging');
  expect(code).toBe(1);
  expect(log).toMatch(/^Cannot read \.env\.staging: ELOOP.*\nHint: Check the permissions of the file\.\n$/);
});

test('tasks that cannot be read', async () => {
  const folder = inside('task-folder');
  mkdirSync(folder.path('tasks/x.ts'), { recursive: true });
  expect((await folder.load()).log).toMatch(/^Cannot read tasks\/x\.ts: EISDIR/);
  const loop = inside('task-loop');
  symlinkSync('tasks', loop.path('tasks'));
  expect((await loop.load()).log).toMatch(/^Cannot read tasks: ELOOP/);
});

test('a project in which nothing can be kept', async () => {
  const { path, load } = inside('unwritable');
  writeFileSync(path('.pgmage'), '');
  // What is derived is made anew; only what has to be kept fails.
  expect(await load()).toMatchObject({ code: 0, log: '' });
  writeFileSync(path('pgmage.config.ts'), 'export default {};');
  const { code, log } = await load();
  expect(code).toBe(1);
  expect(log).toMatch(/^Cannot write \.pgmage: .*\nHint: /);
});

test.each([
  ['nothing', '', 'is empty'],
  ['blanks', ' \n\t\n', 'is empty'],
  ['comments', '-- later\n/* or /* never */ */\n;\n', 'holds only comments'],
])('a schema of %s is none', async (name, text, words) => {
  const { load } = inside(`schema-${name}`, { 'schema.sql': text, 'db/1.sql': text, 'db/2.sql': '' });
  const hint =
    "Hint: An empty schema would drop every object. To compare with an empty schema, use the source 'empty'.";
  expect(await load()).toEqual(problem(1, `schema.sql ${words}`, hint));
  expect(await load('db:diff --from empty --to db/ --sql')).toEqual(problem(1, `db ${words}`, hint));
});

test('a schema of statements that make nothing is empty, and told so', async () => {
  const { load } = inside('schema-settings', {
    'schema.sql': '-- by pg_dump\nSET check_function_bodies = off;\n',
  });
  expect(await load()).toEqual({ code: 0, out: '-- Nothing to do.\n', log: '' });
});

test('a comment that does not end is a syntax error', async () => {
  const { load } = inside('schema-open', { 'schema.sql': '-- a\n/* b' });
  expect((await load()).log).toMatch(/^Invalid SQL in schema\.sql at line 2: unterminated \/\* comment/);
});
