// Databases that cannot be used, as people get to see it: words, hint and exit code of the program, and never
// a password.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { closed, makeProject, type Project, password, problem } from './project.ts';

// Every run is a process, and most have a shadow of their own.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

let project: Project;

beforeAll(async () => {
  project = await makeProject();
  project.write({ 'package.json': '{}', 'schema.sql': 'CREATE TABLE a (id int);\n' });
});

afterAll(() => project.remove());

test('it is told where its URL was found', async () => {
  const config = `export default { environments: { staging: { variable: 'STAGING_URL' },
    railway: { command: ['cat', 'variables.json'] } } };`;
  project.write({
    'found/package.json': '{}',
    'found/schema.sql': 'CREATE TABLE a (id int);',
    'found/pgmage.config.ts': config,
    'found/.env.production': `DATABASE_URL=${closed}`,
    'found/variables.json': JSON.stringify({ DATABASE_URL: closed }),
  });
  const variables = { STAGING_URL: closed };
  for (const [name, found] of [
    ['prod', 'DATABASE_URL in .env.production'],
    ['staging', 'STAGING_URL'],
    ['railway', 'DATABASE_URL in the output of cat variables.json'],
  ]) {
    const { log } = await project.pgmage(`db:status --env ${name}`, { folder: 'found', variables });
    expect(log).toMatch(new RegExp(`^Cannot connect to ${name}\\. Check ${found}\\nDetail: `));
  }
});

test('an unreachable host', async () => {
  const told = [
    'Detail: connect ECONNREFUSED 127.0.0.1:1',
    'Hint: Start the server, or correct the host and port in the URL.',
  ];
  expect(await project.pgmage('db:status')).toEqual(
    problem(1, 'Cannot connect to local. Check DATABASE_URL', ...told),
  );
  expect(await project.pgmage(`db:diff --from empty --to schema.sql --shadow ${closed}`)).toEqual(
    problem(1, 'Cannot connect to postgres://app@127.0.0.1:1/shop. Check the URL', ...told),
  );
});

test('a wrong password', async () => {
  const url = new URL(anyServer().url('postgres'));
  url.password = password;
  expect(await project.pgmage('db:status', { url: url.href })).toEqual(
    problem(
      1,
      'Cannot connect to local. Check DATABASE_URL',
      `Detail: ${url.host}: password authentication failed for user "postgres"`,
      'Hint: Correct the password in the URL or in PGPASSWORD.',
    ),
  );
});

test('a permission denied on a catalog, and a role that may look but not read', async () => {
  await withDatabase(anyServer(), async ({ url, name }) => {
    const role = `reader_${name}`;
    await rowsOf(
      url,
      `CREATE TABLE a (id int); REVOKE ALL ON a FROM PUBLIC; CREATE ROLE ${role} LOGIN PASSWORD` +
        ` '${password}'`,
    );
    try {
      const reader = new URL(url);
      reader.username = role;
      reader.password = password;
      const allowed = await project.pgmage('db:status --check', { url: reader.href });
      expect(allowed).toMatchObject({ code: 0, log: '', out: expect.stringContaining('Status: IN SYNC') });

      const shadow = await project.pgmage(`db:diff --from empty --to schema.sql --shadow ${reader.href}`);
      expect(shadow.log).toContain('permission denied to create database');
      expect(shadow.code).toBe(1);

      await rowsOf(url, 'REVOKE SELECT ON pg_catalog.pg_proc FROM PUBLIC');
      expect(await project.pgmage('db:status', { url: reader.href })).toEqual(
        problem(
          1,
          'local: permission denied for table pg_proc',
          'Hint: Connect as a role that may do this, usually the owner of the objects.',
        ),
      );
    } finally {
      await rowsOf(url, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });
});

test.each([
  [`app:${password}@localhost/shop`, 'it does not begin with postgres://'],
  [
    `postgres://app:${password}@localhost:port/shop`,
    'the port is "port", which is not a number from 1 to 65535',
  ],
])('a DATABASE_URL that is none: %s', async (url, reason) => {
  expect(await project.pgmage('db:status', { url })).toEqual(
    problem(
      64,
      `Cannot connect to local. Check DATABASE_URL: ${reason}`,
      'Hint: Write postgres://user:password@host:5432/database, with special characters' +
        ' percent-encoded (@ is %40, / is %2F).',
    ),
  );
});
