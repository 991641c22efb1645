// The forms of db:plan and its exit codes, as the program gives them.
import { Errors } from 'typebox/schema';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { jsonSchema, reports } from '../docs/schemas.ts';
import { makeProject, type Project } from '../program/project.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

// Every run is a process.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let project: Project;

beforeEach(async () => {
  project = await makeProject();
  project.write({ 'package.json': '{}', 'schema.sql': 'CREATE TABLE a (id bigint PRIMARY KEY);\n' });
});
afterEach(() => project.remove());

const codeOf = async (words: string, url?: string) =>
  (await project.pgmage(words, url === undefined ? {} : { url })).code;

test('--check ends with 2 where there is something to do, else with 0', async () => {
  expect(await codeOf('db:plan')).toBe(0);
  expect(await codeOf('db:plan --check')).toBe(2);
  expect(await codeOf('db:generate')).toBe(0);
  expect(await codeOf('db:plan --check')).toBe(0);
});

test('--check ends with 2 where db:sync would refuse, although there is nothing to do', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    expect(await codeOf('db:sync --env local --yes', url)).toBe(0);
    expect(await codeOf('db:plan --env local --check', url)).toBe(0);
    await rowsOf(url, 'create table extra (a int)');
    const { code, out } = await project.pgmage('db:plan --env local --check --format json', { url });
    expect(JSON.parse(out)).toMatchObject({
      changes: [],
      migrations: [],
      blocked: { code: 'drifted' },
      drift: ['added TABLE extra'],
    });
    expect(code).toBe(2);
    const comment = await project.pgmage('db:plan --env local --check --format markdown', { url });
    expect(comment.out).toContain('\n**Drift**\n\n- <code>added TABLE extra</code>\n');
    expect(comment.code).toBe(2);
  });
});

test('--format json prints the report of --json, over several lines', async () => {
  const { code, out } = await project.pgmage('db:plan --format json');
  expect(code).toBe(0);
  expect(out.split('\n').length).toBeGreaterThan(10);
  const { $defs } = jsonSchema();
  const [fits, faults] = Errors({ $ref: `#/$defs/${reports['db:plan']}`, $defs }, JSON.parse(out));
  expect([fits, faults]).toEqual([true, []]);
  const line = await project.pgmage('db:plan --json');
  expect(line.out.trim()).not.toContain('\n');
  // A new migration is named after the moment.
  const named = (text: string) => JSON.parse(text.replace(/\b20\d{15}(?=_)/g, ''));
  expect(named(out)).toEqual(named(line.out));
  expect(named(out)).toMatchObject({ target: null, migrations: [{ isNew: true, stamp: { is: 'exact' } }] });
});

test('statements that the policy warns of, and their sizes, are in the comment', async () => {
  project.write({
    'pgmage.config.ts': `export default { policy: { deletes_data: 'warn' } };\n`,
    'schema.sql': 'CREATE TABLE a (id bigint PRIMARY KEY, note text);\n',
  });
  await withDatabase(anyServer(), async ({ url }) => {
    expect(await codeOf('db:sync --env local --yes', url)).toBe(0);
    project.write({ 'schema.sql': 'CREATE TABLE a (id bigint PRIMARY KEY);\n' });
    const { out } = await project.pgmage('db:plan --env local --format markdown', { url });
    expect(out).toContain(
      '\n**The policy warns of**\n\n- <code>deletes&#95;data</code> <code>ALTER TABLE public.a DROP COLUMN note</code>\n',
    );
    expect(out).toMatch(/<summary>migrations\/.*: can be undone, except for data &#40;of sample rows&#41;/);
  });
});
