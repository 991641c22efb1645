// What people get wrong, as they get to see it: words, place, hint and exit code of the program, and never a
// password.
import { readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Files, makeProject, type Project, password, problem } from './project.ts';

// Every run is a process, and most have a shadow of their own.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

let project: Project;

beforeAll(async () => {
  project = await makeProject();
  project.write({ 'package.json': '{}', 'schema.sql': 'CREATE TABLE a (id int);\n' });
});

afterAll(() => project.remove());

/** Loads files into nothing, which is what every command does with a schema. */
function load(files: Files, source = Object.keys(files)[0]) {
  project.write(files);
  return project.pgmage(`db:diff --from empty --to ${source} --sql`);
}

test('a syntax error', async () => {
  const text = `CREATE TABLE a (id int);\nCREATE ROLE app PASSWORD '${password}' LOGINN;\n`;
  expect(await load({ 'syntax.sql': text })).toEqual(
    problem(
      1,
      'Invalid SQL in syntax.sql at line 2: unrecognized role option "loginn"',
      '  at syntax.sql:2:32',
      "  CREATE ROLE app PASSWORD '***' LOGINN;",
      '                                 ^',
      'Hint: Correct the statement and run it again.',
    ),
  );
});

test('a missing relation', async () => {
  const text = 'CREATE TABLE a (id int);\n\n-- the view\nCREATE VIEW v AS\n\tSELECT id FROM nowhere;\n';
  expect(await load({ 'relation.sql': text })).toEqual(
    problem(
      1,
      'Invalid SQL in relation.sql at line 5: relation "nowhere" does not exist',
      '  at relation.sql:5:17',
      '  \tSELECT id FROM nowhere;',
      '  \t               ^',
      'Hint: Create it before it is used, or correct its name.',
    ),
  );
});

test('a missing extension', async () => {
  expect(await load({ 'extension.sql': 'CREATE SCHEMA x;\nCREATE EXTENSION nosuch;\n' })).toEqual(
    problem(
      1,
      'Invalid SQL in extension.sql at line 2: extension "nosuch" is not available',
      '  at extension.sql:2:1',
      '  CREATE EXTENSION nosuch;',
      '  ^',
      'Hint: Install the extension nosuch on the server of the shadow database, or name another' +
        ' server with --shadow URL.',
    ),
  );
});

test('a schema of zero bytes', async () => {
  expect(await load({ 'zero.sql': '' })).toEqual(
    problem(
      1,
      'zero.sql is empty',
      'Hint: An empty schema would drop every object. To compare with an empty schema, use the' +
        " source 'empty'.",
    ),
  );
});

test('a schema of 50 MB', async () => {
  const comments = `-- ${'x'.repeat(96)}\n`.repeat(10_000);
  const tables = Array.from({ length: 50 }, (_, n) => `CREATE TABLE t${n} (id int);\n${comments}`);
  project.write({ 'big.sql': tables.join(''), 'late.sql': `${tables.join('')}CREATE TABEL late ();\n` });
  // The heap that is left for it; strings of the size of the file are beside it.
  const variables = { NODE_OPTIONS: '--max-old-space-size=512' };
  const whole = await project.pgmage('db:diff --from empty --to big.sql --sql', { variables });
  expect(whole).toMatchObject({ code: 0, log: '' });
  expect(whole.out.match(/CREATE TABLE/g)).toHaveLength(50);
  const late = await project.pgmage('db:diff --from empty --to late.sql', { variables });
  expect(late.code).toBe(1);
  expect(late.log).toMatch(/^Invalid SQL in late\.sql at line 500051: .*\n {2}at late\.sql:500051:8\n/);
});

test('a schema with a byte order mark', async () => {
  expect(await load({ 'bom.sql': '\ufeffCREATE TABLE a (id int);\n' })).toMatchObject({ code: 0, log: '' });
  expect(await load({ 'mark.sql': '\ufeffCREATE TABEL a ();\n' })).toEqual(
    problem(
      1,
      'Invalid SQL in mark.sql at line 1: syntax error at or near "TABEL"',
      '  at mark.sql:1:8',
      '  CREATE TABEL a ();',
      '         ^',
      'Hint: Correct the statement and run it again.',
    ),
  );
});

test('a schema with CRLF', async () => {
  const text = 'CREATE TABLE a (id int);\r\nCREATE VIEW v AS\r\n  SELECT id FROM a;\r\n';
  expect(await load({ 'crlf.sql': text })).toMatchObject({ code: 0, log: '' });
  expect(await load({ 'broken.sql': text.replace('SELECT id', 'SELECT x') })).toEqual(
    problem(
      1,
      'Invalid SQL in broken.sql at line 3: column "x" does not exist',
      '  at broken.sql:3:10',
      '    SELECT x FROM a;',
      '           ^',
      'Hint: Create it before it is used, or correct its name.',
    ),
  );
});

test('a schema that is not UTF-8', async () => {
  const bytes = Buffer.from("CREATE TABLE a (id int);\nCOMMENT ON TABLE a IS 'caf\xe9';\n", 'latin1');
  expect(await load({ 'latin.sql': bytes })).toEqual(
    problem(
      1,
      'latin.sql is not UTF-8 at line 2',
      '  at latin.sql:2:27',
      "  COMMENT ON TABLE a IS 'caf\ufffd';",
      '                            ^',
      'Hint: Save the file as UTF-8, for example with iconv -t UTF-8.',
    ),
  );
});

test('a schema that is not there, or cannot be read', async () => {
  const hint = 'Hint: Correct the path, or create the file.';
  expect(await load({}, 'absent.sql')).toEqual(problem(1, 'absent.sql does not exist', hint));
  symlinkSync('loop.sql', join(project.root, 'loop.sql'));
  const unreadable = await load({}, 'loop.sql');
  expect(unreadable).toMatchObject({ code: 1, out: '' });
  expect(unreadable.log).toMatch(/^Cannot read loop\.sql: ELOOP.*\nHint: /);
  project.write({ 'bare/package.json': '{}' });
  const none = await project.pgmage('db:status', { folder: 'bare' });
  expect(none).toEqual(
    problem(
      1,
      'schema/schema.sql does not exist',
      'Hint: Write the file. For a database that exists, pgmage init writes it and the first migration;' +
        ' pgmage db:pull or pg_dump --schema-only URL > schema/schema.sql writes the file alone.',
    ),
  );
});

test('advice on the folder leaves the compiled configuration as it is', async () => {
  project.write({ 'typed/.git/HEAD': '', 'typed/pgmage.config.ts': 'export default {};' });
  const options = { folder: 'typed', variables: { DATABASE_URL: undefined } };
  const compiled = () => readFileSync(join(project.root, 'typed/.pgmage/cache/config.json'), 'utf8');
  await project.pgmage('--list', options);
  const before = compiled();
  const failed = await project.pgmage('db:sync --yes', options);
  expect(failed.log).toContain('No database is configured for local');
  expect(compiled()).toBe(before);
});

test('a command in the wrong folder of a repository names the folders of projects', async () => {
  project.write({
    'mono/.git/HEAD': '',
    'mono/package.json': '{}',
    'mono/packages/db/schema/schema.sql': 'CREATE TABLE a (id int);',
    'mono/packages/web/package.json': '{}',
    'mono/node_modules/x/schema/schema.sql': '',
  });
  const top = await project.pgmage('db:status', { folder: 'mono' });
  expect(top.log).toContain('Hint: A project is in packages/db: run the command there, or go on here.');
  const written = await project.pgmage('db:sync --yes', {
    folder: 'mono',
    variables: { DATABASE_URL: undefined },
  });
  expect(written).toMatchObject({ code: 64, log: expect.stringContaining('A project is in packages/db: ') });
  project.write({ 'mono/pgmage.config.mjs': 'export default { schema: "absent.sql" };' });
  const own = await project.pgmage('db:status', { folder: 'mono/packages/web' });
  expect(own.log).toMatch(/^absent\.sql does not exist\nHint: Write the file\./);
  rmSync(join(project.root, 'mono/pgmage.config.mjs'));
  project.write({ 'mono/schema/schema.sql': 'CREATE TABLE a (id int);' });
  const beside = await project.pgmage('db:status', { folder: 'mono/packages/web' });
  expect(beside.log).toContain('Hint: A project is in ../..: run the command there, or go on here.');
});

test('a hint names the configuration file that is there', async () => {
  project.write({ 'plainjs/package.json': '{}', 'plainjs/pgmage.config.mjs': 'export default {};' });
  const { log } = await project.pgmage('db:status --env lokal', { folder: 'plainjs' });
  expect(log).toContain('Did you mean local?');
  expect(log).toContain('A file .env.NAME or pgmage.config.mjs defines more.');
});

test('a folder of files in which the first needs the last', async () => {
  const files = {
    'pair/1.sql': 'CREATE VIEW v AS SELECT id FROM t;\nCREATE TABLE u (id int PRIMARY KEY);\n',
    'pair/2.sql': 'CREATE TABLE t (id int REFERENCES u);\n',
  };
  const { code, out, log } = await load(files, 'pair/');
  expect({ code, log }).toEqual({ code: 0, log: '' });
  expect(out).toMatch(/CREATE VIEW public\.v/);
});

test('a typo', async () => {
  expect(await project.pgmage('db:diff --form empty')).toEqual(
    problem(64, 'Unknown option --form of db:diff', 'Hint: Did you mean --from?'),
  );
  expect((await project.pgmage('db:diff extra')).log).toMatch(/^Bad argument extra: db:diff takes no such/);
  expect((await project.pgmage('db:diff --from empty --env prod')).log).toMatch(
    /^Bad option --env: --from says where to start already\n/,
  );
  expect((await project.pgmage('db:status --env=')).log).toMatch(/^Unknown environment ''\n/);
  expect(await project.pgmage('db:staus')).toEqual(
    problem(64, 'Unknown task db:staus', 'Hint: Did you mean db:status?'),
  );
  expect(await project.pgmage('db:status --env prdo')).toEqual(
    problem(
      64,
      'Unknown environment prdo',
      'Hint: Known environments: local. A file .env.NAME or pgmage.config.ts defines more.',
    ),
  );
});

test('a configuration that is not TypeScript', async () => {
  project.write({
    'configured/package.json': '{}',
    'configured/pgmage.config.ts': 'export default {\n  schema: ;\n};\n',
  });
  expect(await project.pgmage('db:status', { folder: 'configured' })).toEqual(
    problem(
      64,
      'Invalid configuration in pgmage.config.ts: Unexpected ";"',
      '  at pgmage.config.ts:2:11',
      '    schema: ;',
      '            ^',
      'Hint: Correct the file.',
    ),
  );
});
