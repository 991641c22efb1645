// The exit codes of db:lint: 0 with warnings alone, 2 with --strict or where something is denied.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { makeProject, type Project } from '../program/project.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let project: Project;
beforeAll(async () => {
  project = await makeProject();
  project.write({
    'package.json': '{}',
    'good.sql': 'select 1;',
    'warned.sql': 'alter table t add column a json;',
    'denied.sql': 'drop table t;',
  });
});
afterAll(() => project.remove());

test.each([
  ['good.sql', 0],
  ['good.sql --strict', 0],
  ['warned.sql', 0],
  ['warned.sql --strict', 2],
  ['warned.sql --strict --format github', 2],
  ['warned.sql --strict --format gitlab', 2],
  ['warned.sql --strict --json', 2],
  ['denied.sql', 2],
  ['denied.sql --strict', 2],
])('db:lint %s ends with %d', async (words, code) => {
  expect(await project.pgmage(`db:lint ${words}`)).toMatchObject({ code });
});

test('a warning that a comment allows is none, also with --strict', async () => {
  project.write({ 'allowed.sql': '-- pgmage:allow no_json\nalter table t add column a json;' });
  expect(await project.pgmage('db:lint allowed.sql --strict')).toMatchObject({
    code: 0,
    out: 'No findings in 1 file.\n',
  });
});
