// The throw-away database: empty for every state, loaded in whatever order works, gone afterwards.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Connection } from '../../lib/pg/connection.ts';
import { openEmbedded } from '../../lib/shadow/embedded.ts';
import { type LoadOptions, loadFiles } from '../../lib/shadow/load.ts';
import { lockDirectory } from '../../lib/shadow/lock.ts';
import { openShadow } from '../../lib/shadow/open.ts';
import type { Shadow } from '../../lib/shadow/shadow.ts';
import { pgliteVersion } from '../../lib/shadow/version.ts';
import { parseSql } from '../../lib/sql/parse.ts';
import { failure } from '../failure.ts';
import { anyServer } from '../servers/running.ts';
import { startServer } from '../servers/server.ts';
import { userSession } from '../servers/session.ts';

let folder: string;
let inProcess: Shadow;
let onServer: Shadow;
const extensions = ['citext', 'earthdistance', 'pgstattuple', 'vector'];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pgmage-shadows-'));
  process.env.XDG_CACHE_HOME = folder;
  inProcess = await openShadow({ cacheDir: folder, url: null, extensions });
  onServer = await openShadow({ cacheDir: folder, url: anyServer().url() });
});
afterAll(async () => {
  await inProcess.close();
  await onServer.close();
  await rm(folder, { recursive: true });
});

async function loadTexts(connection: Connection, texts: Record<string, string>, options?: LoadOptions) {
  const files = [];
  for (const [file, text] of Object.entries(texts)) files.push(await parseSql(file, text));
  return loadFiles(connection, files, options);
}

function relations(connection: Connection): Promise<{ relname: string; owner: string }[]> {
  return connection.rows(
    `select relname::text, relowner::regrole::text as owner from pg_class
     where relkind in ('r', 'v') and oid >= 16384 and relnamespace = 'public'::regnamespace order by 1`,
  );
}

const both = (): [string, Shadow][] => [
  ['in process', inProcess],
  ['on a server', onServer],
];

test('a state sees nothing of the one before, and its role is the reserved one', async () => {
  for (const [name, shadow] of both()) {
    const texts = {
      'a.sql': 'create table t (); alter table t owner to app; create table u (); set search_path = x;',
    };
    await shadow.state((connection) => loadTexts(connection, texts));
    await shadow.state(async (connection) => {
      expect(await relations(connection), name).toEqual([]);
      expect(await connection.rows('select current_user::text')).toEqual([{ current_user: 'pgmage' }]);
      expect(await connection.rows(`select from pg_roles where rolname = 'app'`)).toEqual([]);
      await loadTexts(connection, texts);
      expect(await relations(connection)).toEqual([
        { relname: 't', owner: 'app' },
        { relname: 'u', owner: 'pgmage' },
      ]);
    });
  }
});

test('what was committed is gone in the next state, roles too', async () => {
  for (const [name, shadow] of both()) {
    await shadow.committed(async (connection) => {
      const text = `create type e as enum ('a'); alter type e add value 'b'; create table t (a e default 'b');
        grant select on t to pgmage_test_reader;`;
      await loadTexts(connection, { 'a.sql': text }, { committed: true });
      expect(await relations(connection), name).toEqual([{ relname: 't', owner: 'pgmage' }]);
    });
    await shadow.state(async (connection) => {
      expect(await relations(connection), name).toEqual([]);
      expect(await connection.rows(`select from pg_roles where rolname = 'pgmage_test_reader'`)).toEqual([]);
    });
  }
});

test('a ground is committed for what refuses a transaction, and where it stands it is not laid again', async () => {
  for (const [name, shadow] of both()) {
    let laid = 0;
    const ground = {
      key: 'a table',
      lay: async (connection: Connection) => {
        laid++;
        await loadTexts(connection, { 'a.sql': 'create table t (a int);' });
      },
    };
    const index = 'create index concurrently on t (a)';
    const refused = await failure(shadow.state((connection) => connection.execute(index), ground));
    expect(refused.data, name).toMatchObject({ sqlstate: '25001' });
    await shadow.committed(async (connection) => {
      await connection.execute(index);
      expect(await relations(connection), name).toContainEqual({ relname: 't', owner: 'pgmage' });
    }, ground);
    expect(laid, name).toBe(shadow === inProcess ? 1 : 2);
    await shadow.state(async (connection) => expect(await relations(connection), name).toEqual([]));
    await shadow.state(async (connection) => expect(await relations(connection)).toHaveLength(1), ground);
  }
});

test('only roles that the shadow made are dropped on its server', async () => {
  const theirs = `pgmage_test_other_${process.pid}`;
  const ours = `pgmage_test_ours_${process.pid}`;
  const made = `pgmage_test_made_${process.pid}`;
  const server = await userSession({ url: anyServer().url(), applicationName: 'pgmage test' });
  const there = async () =>
    (
      await server.rows<{ name: string }>(
        `select rolname::text as name from pg_roles where rolname like 'pgmage_test%_${process.pid}'
          order by 1`,
      )
    ).map(({ name }) => name);
  await onServer.committed(async (connection) => {
    // Another session makes a role that the schema only mentions.
    await server.execute(`create role ${theirs}`);
    const text = `create table t (a int); grant select on t to ${theirs}; grant select on t to ${ours};
      do $$ begin create role ${made}; exception when others then null; end $$; comment
      on table t is '${theirs}';`;
    await loadTexts(connection, { 'a.sql': text }, { committed: true });
    expect(await there()).toEqual([made, theirs, ours]);
  });
  expect(await there()).toEqual([theirs]);
  // What is laid and rolled back was never made.
  const lay = async (connection: Connection) => {
    await connection.execute(`create role ${ours}`);
    throw new Error('enough');
  };
  await expect(onServer.committed(async () => undefined, { key: 'fails', lay })).rejects.toThrow('enough');
  await onServer.committed(() => server.execute(`create role ${ours}`));
  expect(await there()).toEqual([theirs, ours]);
  await server.execute(`drop role ${theirs}, ${ours}`);
  await server.close();
});

test('the first statement that no order helps is told with its place, and the shadow goes on', async () => {
  for (const [, shadow] of both()) {
    const texts = {
      'a.sql': 'create table t (a int);',
      'b.sql': '-- é\ncreate view v as\n  select b from t;',
    };
    const problem = await failure(shadow.state((connection) => loadTexts(connection, texts)));
    expect(problem.where).toMatchObject({ file: 'b.sql', line: 3, column: 10 });
    expect(problem.message).toContain('Invalid SQL in b.sql at line 3');
    expect(await shadow.state(relations)).toEqual([]);
  }
});

test('extensions are there when they were asked for, with what they require; others are missing', async () => {
  await inProcess.state(async (connection) => {
    const text = `create extension citext; create extension earthdistance cascade; create extension
      pgstattuple;
      create extension vector; create table t (a citext, b vector(3));`;
    await loadTexts(connection, { 'a.sql': text });
  });
  const problem = await failure(
    inProcess.state((connection) => loadTexts(connection, { 'a.sql': 'select 1;\ncreate extension nope;' })),
  );
  expect(problem).toMatchObject({ code: 'missing_extension', data: { name: 'nope' }, where: { line: 2 } });
});

test('a shadow on a server leaves nothing there', async () => {
  // Nobody else's shadow needs its role there.
  const own = await startServer(anyServer().major);
  const url = own.url();
  const shadow = await openShadow({ cacheDir: folder, url });
  const name = await shadow.state(async (connection) => {
    const rows = await connection.rows<{ name: string }>('select current_database()::text as name');
    return rows[0]?.name;
  });
  expect(name).toMatch(/^pgmage_shadow_/);
  await shadow.close();
  const server = await userSession({ url, applicationName: 'pgmage test' });
  expect(await server.rows('select from pg_database where datname = $1', [name])).toEqual([]);
  expect(await server.rows(`select from pg_roles where rolname = 'pgmage'`)).toEqual([]);
  await server.close();
  await own.stop();
});

test('a damaged template is made again', async () => {
  const users = join(folder, 'pgmage');
  const [name] = (await readdir(users)).filter((file) => file.endsWith('.tar'));
  const file = join(users, name as string);
  const whole = await readFile(file);
  // Bytes that look compressed are unpacked where no caller can catch what is thrown.
  const garbage = Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), Buffer.alloc(20_000, 7)]);
  const changed = Buffer.from(whole).fill(7, 100_000, 200_000);
  for (const damaged of [whole.subarray(0, 5000), Buffer.alloc(0), garbage, changed]) {
    await writeFile(file, damaged);
    const shadow = await openShadow({ cacheDir: folder, url: null });
    expect(await shadow.state(relations)).toEqual([]);
    await shadow.close();
    expect(await readFile(file)).toHaveLength(whole.length);
  }
});

test('shadows that need the template at the same time have files of their own', async () => {
  const cacheDir = await mkdtemp(join(tmpdir(), 'pgmage-none-'));
  // Neither cache has it yet.
  process.env.XDG_CACHE_HOME = cacheDir;
  const shadows = await Promise.all([1, 2].map(() => openShadow({ cacheDir, url: null })));
  process.env.XDG_CACHE_HOME = folder;
  for (const [at, shadow] of shadows.entries())
    await shadow.committed(async (connection) => {
      await connection.execute(`create table t${at} (a int); insert into t${at} values (1); checkpoint`);
      expect(await relations(connection)).toEqual([{ relname: `t${at}`, owner: 'pgmage' }]);
    });
  for (const shadow of shadows) {
    expect(await shadow.state(relations)).toEqual([]);
    await shadow.close();
  }
  await rm(cacheDir, { recursive: true });
});

test('the embedded database keeps what it was told, and keeps others out', async () => {
  const directory = join(folder, 'embedded');
  const first = await openEmbedded(directory, { cacheDir: folder, extensions: ['citext'] });
  await first.execute(`create extension citext; create table t (a citext); insert into t values ('A')`);
  const second = await failure(openEmbedded(directory, { cacheDir: folder }));
  expect(second).toMatchObject({ code: 'shadow_locked', data: { directory, pid: process.pid, waited: 0 } });
  await first.close();
  // Extensions of earlier sessions are loaded without being asked for.
  const again = await openEmbedded(directory, { cacheDir: folder });
  expect(await again.rows(`select a::text, current_user::text as role from t where a = 'a'`)).toEqual([
    { a: 'A', role: 'postgres' },
  ]);
  await again.close();
});

test('the lock of a process that has ended is taken over', async () => {
  const directory = join(folder, 'stale');
  const held = await lockDirectory(directory);
  const mine = await readFile(`${directory}.lock`, 'utf8');
  await held.release();
  // No process has this id: it is above what systems give out.
  await writeFile(`${directory}.lock`, mine.replace(/^\d+/, '2147483646'));
  const taken = await lockDirectory(directory);
  expect(await readFile(`${directory}.lock`, 'utf8')).toBe(mine);
  await taken.release();
});

test('the version that cached catalogs are kept under is the one that is installed', async () => {
  const { dependencies } = JSON.parse(await readFile('package.json', 'utf8'));
  expect(dependencies['@electric-sql/pglite']).toBe(pgliteVersion);
});
