// The program as users start it: processes with exit codes, results on stdout, progress and problems on
// stderr.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { withTemplate } from '../project/cache.ts';
import { freshDatabase, rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer, servers } from '../servers/running.ts';

// Every run is a process, and on older servers one with a shadow of its own.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

const repository = join(import.meta.dirname, '../..');
const program = join(repository, 'bin/pgmage.cjs');

const schema = `CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);
CREATE INDEX users_email ON users (email);
CREATE VIEW emails AS SELECT email FROM users;
CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n * 2';
`;

let root: string;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'pgmage-cli-'));
  await withTemplate(join(root, '.pgmage', 'cache'));
  write({ 'package.json': '{}', 'schema/schema.sql': schema });
  if (!existsSync(join(repository, 'dist'))) await started(process.execPath, ['build.js'], repository, {});
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

function write(files: Record<string, string>) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly log: string;
}

function started(
  file: string,
  words: string[],
  cwd: string,
  variables: Record<string, string>,
): Promise<Ended> {
  const { DATABASE_URL: _, ...inherited } = process.env;
  return new Promise((resolve) => {
    execFile(file, words, { cwd, env: { ...inherited, ...variables } }, (error, out, log) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, log }),
    );
  });
}

const pgmage = (url: string | null, ...words: string[]) =>
  started(process.execPath, [program, ...words], root, url === null ? {} : { DATABASE_URL: url });

test.each(servers())(
  'status of a database that is as the schema says, and of one that is not: $major',
  async (server) => {
    await withDatabase(server, async ({ url }) => {
      await rowsOf(url, schema);
      const same = await pgmage(url, 'db:status', '--check');
      expect(same.out).toMatch(
        /^Database Schema Status\nLocal Schema: {2}schema\/schema\.sql \(modified .*\)\nRemote Schema: local {2}\(postgres:/,
      );
      expect(same).toMatchObject({ code: 0, out: expect.stringContaining('Status: IN SYNC') });

      await rowsOf(
        url,
        'DROP INDEX users_email; ALTER TABLE users ALTER email DROP NOT NULL; CREATE TABLE old ()',
      );
      const drifted = await pgmage(url, 'db:status', '--check');
      expect(drifted.code).toBe(2);
      expect(drifted.out).toContain('Status: OUT OF SYNC\nPending Changes: 3\nMissing in local:\n');
      expect(drifted.out).toContain('  - INDEX users_email ON users(email)\n');
      expect(drifted.out).toContain('  - ALTER TABLE users.email SET NOT NULL\n');
      expect(drifted.out).toContain('Not in schema/schema.sql (extra in local):\n  - TABLE old\n');
      expect(drifted.out).not.toContain(String.fromCharCode(27));

      const { code, out } = await pgmage(url, 'db:status', '--json');
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({
        inSync: false,
        target: { name: 'local', major: server.major },
      });
    });
  },
);

test('an environment of a dotenv file', async () => {
  write({ '.env.staging': 'DATABASE_URL=postgres://somebody@127.0.0.1:1/shop' });
  const { code, log } = await pgmage(null, 'db:status', '--env', 'staging');
  expect(log).toContain('Cannot connect to staging');
  expect(code).toBe(1);
});

test('the SQL of a difference leads to the other source, and that of --down back', async () => {
  const server = anyServer();
  const [database, other] = [await freshDatabase(server), await freshDatabase(server)];
  try {
    const up = await pgmage(database.url, 'db:diff', '--sql', '--check');
    expect(up.code).toBe(2);
    expect(up.out).toMatch(/^SET check_function_bodies = off;\n\n/);
    await rowsOf(database.url, up.out);
    const none = await pgmage(database.url, 'db:diff', '--check');
    expect(none).toMatchObject({ code: 0, out: 'No differences: local equals schema/schema.sql.\n' });

    const words = ['db:diff', '--from', database.url, '--to', other.url];
    const { out } = await pgmage(null, ...words, '--json');
    const document = JSON.parse(out);
    expect(Object.keys(document)).toEqual([
      'from',
      'to',
      'diff',
      'changes',
      'up',
      'down',
      'cautions',
      'findings',
      'unmanaged',
      'renames',
      'possible',
    ]);
    const step = {
      action: 'drop',
      kind: 'table',
      hazards: ['deletes_data'],
      transactional: true,
      segment: 0,
    };
    expect(document.up).toContainEqual(expect.objectContaining(step));
    const { password } = new URL(database.url);
    expect(password).not.toBe('');
    expect(out).not.toContain(password);

    const back = await pgmage(null, ...words, '--sql', '--down');
    await rowsOf(database.url, (await pgmage(null, ...words, '--sql')).out);
    expect((await pgmage(null, ...words, '--check')).code).toBe(0);
    await rowsOf(database.url, back.out);
    expect((await pgmage(database.url, 'db:status', '--check')).code).toBe(0);
  } finally {
    await database.drop();
    await other.drop();
  }
});

test('without a database it is the embedded one, and nothing else is needed', async () => {
  const { code, out, log } = await pgmage(null, 'db:status');
  expect({ code, log }).toEqual({ code: 0, log: expect.not.stringContaining('Problem') });
  expect(out).toContain('Remote Schema: local  (embedded, .pgmage/database)\nStatus: OUT OF SYNC\n');
  expect(statSync(join(root, '.pgmage/database')).mode & 0o777).toBe(0o700);
});

test('problems are told on stderr with their exit code, and in JSON where that was asked for', async () => {
  const url = 'postgres://app:hunter2@127.0.0.1:1/shop';
  const refused = await pgmage(url, 'db:status');
  expect(refused).toMatchObject({ code: 1, out: '' });
  expect(refused.log).toContain('Cannot connect to local. Check DATABASE_URL');
  expect(refused.log).not.toContain('hunter2');
  const { problem } = JSON.parse((await pgmage(url, 'db:status', '--json')).out);
  expect(problem).toMatchObject({ code: 'connection_refused', exitCode: 1 });
  expect(await pgmage(null, 'db:staus')).toMatchObject({
    code: 64,
    out: '',
    log: expect.stringContaining('db:status'),
  });
});

test('a schema with an error is told with line and caret', async () => {
  write({ 'broken.sql': 'CREATE TABLE a (id int);\nCREATE TABEL b ();\n' });
  const { code, log } = await pgmage(null, 'db:diff', '--from', 'empty', '--to', 'broken.sql');
  expect(code).toBe(1);
  expect(log).toContain('Invalid SQL in broken.sql at line 2');
  expect(log).toMatch(/CREATE TABEL b \(\);\n\s+\^/);
});

test('a program can do what the commands do', async () => {
  const text = `import { plan, status, script, Problem } from ${JSON.stringify(join(repository, 'dist/index.js'))};
    const { up, down } = await plan({ from: 'empty', to: 'schema/schema.sql' });
    const failed = await status({ env: 'nowhere' }).catch((thrown) => thrown instanceof Problem && thrown.code);
    console.log(JSON.stringify({ up: up.length > 3, down: down[0].action, script: (await script(up)).length > 50, failed }));
    process.exit(0);`;
  write({ 'program.mjs': text });
  const { out, log } = await started(process.execPath, ['program.mjs'], root, {});
  expect({ log, ...JSON.parse(out) }).toMatchObject({
    up: true,
    down: 'drop',
    script: true,
    failed: 'unknown_environment',
  });
});

test('a reader that has seen enough is not a failure', async () => {
  const { code, log } = await started(
    'sh',
    ['-c', `"${process.execPath}" "${program}" --list | head -1; exit 0`],
    root,
    {},
  );
  expect({ code, log }).toEqual({ code: 0, log: '' });
});
