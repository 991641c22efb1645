// The native shadow: a private server that ends with its process, and gives what the embedded one gives.
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findUserCache } from '../../lib/config/user-cache.ts';
import type { Connection } from '../../lib/pg/connection.ts';
import { ShadowPool } from '../../lib/project/shadow-pool.ts';
import { findNativePrograms, openNativeShadow, removeLeftovers } from '../../lib/shadow/native.ts';
import type { NativePrograms, NoPrograms } from '../../lib/shadow/native-programs.ts';
import { listServerPlaces, makeServerFolder } from '../../lib/shadow/server-place.ts';
import type { Shadow } from '../../lib/shadow/shadow.ts';
import { embeddedMajor } from '../../lib/shadow/version.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { pairsIn } from '../proof/pairs.ts';
import { becomeUser, serverFolders } from './as-user.ts';
import { loadInBoth } from './both.ts';

const cases = join(import.meta.dirname, '..', 'cases');
let cache: string;
let own: Project;
let programs: NativePrograms;
let asRoot: NativePrograms | NoPrograms | null = null;

beforeAll(async () => {
  const first = mkdtempSync(join(tmpdir(), 'pgmage-root-'));
  if (process.getuid?.() === 0) asRoot = await findNativePrograms(import.meta.dirname, { cacheDir: first });
  rmSync(first, { recursive: true });
  becomeUser();
  cache = await freshCache();
  own = project(null, cache);
  const found = await findNativePrograms(import.meta.dirname, { cacheDir: cache });
  if (!('folder' in found)) throw new Error(found.reason);
  programs = found;
});
afterAll(() => {
  own.drop();
  for (const folder of [cache, process.env.XDG_CACHE_HOME as string])
    rmSync(folder, { recursive: true, force: true });
});

const openNative = (): Promise<Shadow> => openNativeShadow(programs, { cacheDir: cache });
const pool = (shadow: string, said: string[]) =>
  new ShadowPool(
    { ...own.context.project, root: import.meta.dirname, shadow },
    { ...own.context.world, detail: (message) => void said.push(message) },
  );

async function until(condition: () => boolean): Promise<boolean> {
  for (let waited = 0; waited < 10_000; waited += 20) {
    if (condition()) return true;
    await setTimeout(20);
  }
  return false;
}

test('cases are the same in the native and in the embedded shadow', async () => {
  const some = pairsIn(cases).filter((_, at) => at % 20 === 0);
  const schemas = some.map(({ name, setup, new: wanted }) => ({ name, sql: `${setup}\n;${wanted}` }));
  const results = await loadInBoth(own, schemas);
  expect(results.filter(({ difference }) => difference !== null)).toEqual([]);
  expect(results.filter(({ refusal }) => refusal === null).length).toBeGreaterThan(results.length / 2);
});

test('what is committed is gone afterwards, and the role is not a superuser', async () => {
  const shadow = await openNative();
  await shadow.committed((connection) => connection.execute('create table t (); create role made'));
  const rows = await shadow.state((connection) =>
    connection.rows(`select rolsuper, (select count(*)::int from pg_catalog.pg_class where relname = 't') as t,
      (select count(*)::int from pg_catalog.pg_roles where rolname = 'made') as made
      from pg_catalog.pg_roles where rolname = session_user`),
  );
  await shadow.close();
  expect(rows).toEqual([{ rolsuper: false, t: 0, made: 0 }]);
  expect(shadow.major).toBe(embeddedMajor);
});

test('what only a superuser may do is left to the embedded shadow, and --verbose tells', async () => {
  const said: string[] = [];
  const shadows = pool('auto', said);
  const trigger = `create function f() returns event_trigger language plpgsql as 'begin end';
    create event trigger e on ddl_command_end execute function f()`;
  const version = await shadows.use([], (shadow) =>
    shadow.state(async (connection) => {
      await connection.execute(trigger);
      return (await connection.rows<{ version: string }>('select version()'))[0]?.version;
    }),
  );
  await shadows.close();
  expect(version).toContain('wasm');
  expect(said).toEqual([
    `Shadow: PostgreSQL ${programs.version} of ${programs.folder}`,
    expect.stringMatching(/^Shadow: the embedded PostgreSQL, because the native one failed: .*event trigger/),
  ]);
});

test('a schema with tablespaces gives the same in both', async () => {
  const sql = 'create table t (a int primary key using index tablespace x) tablespace y;';
  const [result] = await loadInBoth(own, [{ name: 'tablespaces', sql }]);
  expect(result).toEqual({
    name: 'tablespaces',
    difference: null,
    refusal: expect.stringContaining('tablespace'),
  });
});

test('definitions of a database run in the embedded shadow', async () => {
  const shadows = pool('native', []);
  const version = (shadow: Shadow) =>
    shadow.state(async (connection) => (await connection.rows('select version()'))[0]);
  expect(await shadows.use([], version)).toEqual({ version: expect.not.stringContaining('wasm') });
  expect(await shadows.use([], version, { ofDatabase: true })).toEqual({
    version: expect.stringContaining('wasm'),
  });
  await shadows.close();
});

test('the server ends with a process that is killed, and its folder goes', async () => {
  const holder = join(import.meta.dirname, 'native-holder.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', holder, cache], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', () => reject(new Error('the holder ended')));
  });
  const [folder = ''] = serverFolders(child.pid);
  expect(readdirSync(folder)).toContain('.s.PGSQL.5432');
  child.kill('SIGKILL');
  expect(await until(() => !existsSync(folder))).toBe(true);
});

test('leftovers of ended processes are removed, those of living ones stay', async () => {
  const leave = async (owner: string, bytes?: number) => {
    const folder = await makeServerFolder(bytes);
    writeFileSync(join(folder, 'owner'), owner);
    return folder;
  };
  const { hostname } = await import('node:os');
  const none = `${2 ** 22 + 1} ${hostname()}\n`;
  const ended = [await leave(none, 0), await leave(none, Number.MAX_SAFE_INTEGER)];
  const living = await leave(`${process.pid} ${hostname()}\n`);
  const elsewhere = await leave(`${2 ** 22 + 1} another-machine\n`);
  await removeLeftovers();
  expect([...ended, living, elsewhere].map(existsSync)).toEqual([false, false, true, true]);
  for (const folder of [living, elsewhere]) rmSync(folder, { recursive: true });
});

test('a server is in memory where there is room, else on the disk', async () => {
  const folders = [await makeServerFolder(0), await makeServerFolder(Number.MAX_SAFE_INTEGER)];
  for (const folder of folders) rmSync(folder, { recursive: true });
  // macOS has none, and elsewhere it can be a folder on the disk.
  const isMemory = existsSync('/dev/shm') && statfsSync('/dev/shm').type === 0x01021994;
  const [first, second = ''] = folders.map(dirname);
  expect(first).toBe(isMemory ? '/dev/shm' : second);
  expect([tmpdir(), '/tmp']).toContain(second);
  expect(listServerPlaces()).toEqual(expect.arrayContaining(folders.map(dirname)));
});

// The process of the server, and the one of a session.
const postmaster = () => {
  const [folder = ''] = serverFolders(process.pid).filter((one) => existsSync(join(one, 'data')));
  return { folder, pid: Number.parseInt(readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8'), 10) };
};
const losses = {
  'whose process is killed': () => void process.kill(postmaster().pid, 'SIGKILL'),
  'that is ended at once': () => void process.kill(postmaster().pid, 'SIGQUIT'),
  'whose session is killed': (session: number) => void process.kill(session, 'SIGKILL'),
  'whose files are removed': () => rmSync(postmaster().folder, { recursive: true }),
};

test.each(Object.entries(losses))(
  'the work of a server %s is done in the embedded shadow',
  async (_, lose) => {
    const said: string[] = [];
    const shadows = pool('native', said);
    const work = async (connection: Connection) => {
      await connection.execute('create table before (id int primary key)');
      const [row] = await connection.rows<{ version: string; pid: number }>(
        'select version(), pg_backend_pid() as pid',
      );
      if (!row?.version.includes('wasm')) lose(row?.pid ?? 0);
      for (let times = 0; times < 50; times++) {
        await connection.execute(`create table after_${times} (id int primary key)`);
        if (!row?.version.includes('wasm')) await setTimeout(20);
      }
      return connection.rows(`select count(*)::int as tables, version() like '%wasm%' as wasm
      from pg_tables where schemaname = 'public' group by 2`);
    };
    for (let times = 0; times < 2; times++)
      expect(await shadows.use([], (shadow) => shadow.state(work))).toEqual([{ tables: 51, wasm: true }]);
    await shadows.close();
    expect(said[1]).toMatch(/^Shadow: the embedded PostgreSQL, because the native one failed: /);
    expect(said).toHaveLength(2);
  },
);

test('work for which there is no room is done in the embedded shadow', async () => {
  const said: string[] = [];
  const shadows = pool('native', said);
  const full = `do $$ begin
    if version() not like '%wasm%' then raise exception 'full' using errcode = 'disk_full'; end if; end $$`;
  await shadows.use([], (shadow) => shadow.state((connection) => connection.execute(full)));
  await shadows.close();
  expect(said[1]).toBe(
    'Shadow: the embedded PostgreSQL, because the native one failed: the shadow database: full',
  );
});

test('a damaged template is made again', async () => {
  const users = await findUserCache(cache);
  const [template] = readdirSync(users).filter((name) => name.startsWith('native-'));
  rmSync(join(users, template as string, 'global', 'pg_control'));
  const shadow = await openNative();
  expect(await shadow.state((connection) => connection.rows('select 1 as one'))).toEqual([{ one: 1 }]);
  await shadow.close();
});

test('a cache that others may write to is not used', async () => {
  const before = process.env.XDG_CACHE_HOME;
  const open = mkdtempSync(join(tmpdir(), 'pgmage-open-'));
  mkdirSync(join(open, 'pgmage'));
  chmodSync(join(open, 'pgmage'), 0o777);
  process.env.XDG_CACHE_HOME = open;
  try {
    expect(await findUserCache('/fallback')).toBe('/fallback');
  } finally {
    process.env.XDG_CACHE_HOME = before;
    rmSync(open, { recursive: true });
  }
});

test('without programs of its major version there is none, and it says why', async () => {
  process.env.PGMAGE_POSTGRES = tmpdir();
  try {
    const thrown = await failure(pool('native', []).use([], async () => undefined));
    expect([thrown.code, thrown.message]).toEqual([
      'no_native_shadow',
      `Cannot start a native shadow database: there are no programs of PostgreSQL 18 in PGMAGE_POSTGRES=${tmpdir()}`,
    ]);
    const said: string[] = [];
    const shadows = pool('auto', said);
    await shadows.use([], async () => undefined);
    await shadows.close();
    expect(said[0]).toContain('the embedded PostgreSQL, because there are no programs of PostgreSQL 18');
  } finally {
    delete process.env.PGMAGE_POSTGRES;
  }
  if (asRoot !== null) expect(asRoot).toEqual({ reason: 'PostgreSQL does not run as root' });
});
