// db:types and db:docs as processes: their files, their refusals, their exit codes. No server is there.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { makeProject, type Project, problem } from './project.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const schema = `CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
COMMENT ON TABLE users IS 'The people.';\n`;

let project: Project;

beforeAll(async () => {
  project = await makeProject();
  project.write({ 'package.json': '{}', 'schema.sql': schema, 'own.ts': 'export const mine = 1;\n' });
});
afterAll(() => project.remove());

const read = (file: string) => readFileSync(join(project.root, file), 'utf8');

test('db:types prints types, writes them, and checks them', async () => {
  const printed = await project.pgmage('db:types');
  expect(printed).toMatchObject({ code: 0, log: '' });
  expect(printed.out).toContain(
    '/** The people. */\nexport interface Users {\n  id: number;\n  name: string;\n}',
  );

  const missing = await project.pgmage('db:types --out src/db.ts --check');
  expect(missing).toMatchObject({
    code: 2,
    out: expect.stringContaining('src/db.ts is not up to date with schema.sql.'),
  });
  expect(existsSync(join(project.root, 'src'))).toBe(false);

  const written = await project.pgmage('db:types --out src/db.ts');
  expect(written).toMatchObject({ code: 0, out: expect.stringContaining('Wrote src/db.ts (') });
  expect(read('src/db.ts')).toBe(printed.out);
  expect(await project.pgmage('db:types --out src/db.ts --check')).toEqual({
    code: 0,
    out: 'src/db.ts is up to date with schema.sql.\n',
    log: '',
  });

  project.write({ 'schema.sql': schema.replace('name text', 'name text, age int') });
  const changed = await project.pgmage('db:types --out src/db.ts --check --json');
  expect(changed.code).toBe(2);
  expect(JSON.parse(changed.out)).toMatchObject({ file: 'src/db.ts', upToDate: false, text: null });
  expect(read('src/db.ts')).toBe(printed.out);
  project.write({ 'schema.sql': schema });
});

test('db:types --kysely writes Database', async () => {
  const { out } = await project.pgmage('db:types --kysely');
  expect(out).toContain('  id: GeneratedAlways<number>;');
  expect(out).toContain('export interface Database {\n  users: UsersTable;\n}');
});

test('db:types replaces no file that it did not write', async () => {
  expect(await project.pgmage('db:types --out own.ts')).toEqual(
    problem(
      1,
      'own.ts exists, and db:types did not write it',
      'Hint: Nothing was written. Name another place with --out, or delete the file.',
    ),
  );
  expect(read('own.ts')).toBe('export const mine = 1;\n');
  const checked = await project.pgmage('db:types --check');
  expect(checked).toMatchObject({ code: 64, log: expect.stringContaining('--check') });
});

test('db:docs writes documents, checks them, and removes those of schemas that are gone', async () => {
  project.write({ 'schema.sql': `${schema}CREATE SCHEMA audit; CREATE TABLE audit.log (id int);\n` });
  const written = await project.pgmage('db:docs');
  expect(written).toMatchObject({ code: 0, log: '' });
  expect(written.out).toContain('Wrote docs/schema/README.md (');
  expect(written.out).toContain('Documents of schema.sql: 2 tables and views, 0 types, 0 routines.');
  const files = ['README.md', 'diagram.svg', 'index.html', 'schema-audit.md', 'schema-public.md'];
  expect(readdirSync(join(project.root, 'docs/schema')).sort()).toEqual(files);
  expect(read('docs/schema/schema-public.md')).toContain('The people.');

  project.write({ 'schema.sql': schema, 'docs/schema/own.md': '# Ours\n' });
  const stale = await project.pgmage('db:docs --check');
  expect(stale.code).toBe(2);
  expect(stale.out).toContain('No longer needed: docs/schema/schema-audit.md');
  expect(existsSync(join(project.root, 'docs/schema/schema-audit.md'))).toBe(true);
  expect((await project.pgmage('db:docs')).out).toContain('Deleted docs/schema/schema-audit.md');
  expect(await project.pgmage('db:docs --check')).toEqual({
    code: 0,
    out: 'docs/schema is up to date with schema.sql: 4 files.\n',
    log: '',
  });
  expect(read('docs/schema/own.md')).toBe('# Ours\n');

  project.write({ 'other/README.md': '# Ours\n' });
  expect(await project.pgmage('db:docs --out other')).toMatchObject({
    code: 1,
    log: expect.stringContaining('other/README.md exists, and db:docs did not write it'),
  });
  expect(readdirSync(join(project.root, 'other'))).toEqual(['README.md']);
});
