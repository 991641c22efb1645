// The native shadow: a private server that ends with its process, and gives what the embedded one gives.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ShadowPool } from '../../lib/project/shadow-pool.ts';
import { findNativePrograms, openNativeShadow, removeLeftovers } from '../../lib/shadow/native.ts';
import type { NativePrograms, NoPrograms } from '../../lib/shadow/native-programs.ts';
import type { Shadow } from '../../lib/shadow/shadow.ts';
import { findUserCache } from '../../lib/shadow/user-cache.ts';
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
  const some = pairsIn(cases).filter((_, at) => at % 40 === 0);
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
  const leave = (owner: string) => {
    const folder = mkdtempSync(join(tmpdir(), 'pgmage-shadow-'));
    writeFileSync(join(folder, 'owner'), owner);
    return folder;
  };
  const { hostname } = await import('node:os');
  const ended = leave(`${2 ** 22 + 1} ${hostname()}\n`);
  const living = leave(`${process.pid} ${hostname()}\n`);
  const elsewhere = leave(`${2 ** 22 + 1} another-machine\n`);
  await removeLeftovers();
  expect([ended, living, elsewhere].map(existsSync)).toEqual([false, true, true]);
  for (const folder of [living, elsewhere]) rmSync(folder, { recursive: true });
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
