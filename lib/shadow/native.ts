// The native shadow: a private server of our own, beside this process and no longer than it. Its reasons and
// its limits are in docs/decisions/native-shadow.md.
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { env, kill, pid } from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { findUserCache, isPrivate } from '../config/user-cache.ts';
import { shadowRole } from '../model/catalog.ts';
import { connect } from '../pg/connect.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { buildUnpin } from '../pg/pinned.ts';
import { Problem } from '../problem/problem.ts';
import { startOwnServer } from '../programs/server.ts';
import { beyondNative, guardNative } from './beyond-native.ts';
import { openStates, type StartedDatabase } from './instance.ts';
import { findPrograms, type NativePrograms } from './native-programs.ts';
import { findNativeTemplate } from './native-template.ts';
import { isServerFolder, listServerPlaces, makeServerFolder } from './server-place.ts';
import type { Shadow, ShadowOptions } from './shadow.ts';
import { embeddedMajor } from './version.ts';

/** The options of a native shadow. */
export type NativeOptions = Pick<ShadowOptions, 'cacheDir' | 'progress'>;

/**
 * Finds the programs for native shadows: of the embedded PostgreSQL's major version, so that both give the
 * same results.
 */
export async function findNativePrograms(root: string, { cacheDir }: NativeOptions) {
  return findPrograms(root, embeddedMajor, await findUserCache(cacheDir));
}

/**
 * Starts a private server.
 * @throws Problem `shadow_failed`
 */
export async function openNativeShadow(programs: NativePrograms, options: NativeOptions): Promise<Shadow> {
  void removeLeftovers();
  let isFirst = true;
  const states = await openStates(async () => {
    try {
      return await start(programs, options, false).catch(() => start(programs, options, true));
    } catch (thrown) {
      // Work has begun in one that could start, and can be done again elsewhere.
      if (!isFirst) throw beyondNative((thrown as Error).message);
      if (thrown instanceof Problem && thrown.code === 'shadow_failed') throw thrown;
      throw new Problem('shadow_failed', { reason: (thrown as Error).message });
    } finally {
      isFirst = false;
    }
  });
  return { ...states, extensions: null, superuser: null };
}

async function start(
  programs: NativePrograms,
  { cacheDir, progress }: NativeOptions,
  again: boolean,
): Promise<StartedDatabase> {
  const cache = await findUserCache(cacheDir);
  const template = await findNativeTemplate(programs, cache, { progress, again });
  const folder = await makeServerFolder();
  await writeFile(join(folder, 'owner'), `${pid} ${hostname()}\n`);
  const end = startOwnServer({
    folder,
    template,
    command: [join(programs.folder, 'postgres'), '-D', join(folder, 'data'), '-k', folder],
    variables: { PATH: env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' },
  });
  try {
    await waitUntilReady(folder);
    const connection = await openSession(folder);
    return { connection: guardNative(connection), close: () => close(connection, end) };
  } catch (thrown) {
    end();
    throw thrown;
  }
}

async function close(connection: ServerConnection, end: () => void): Promise<void> {
  await connection.close().catch(() => undefined);
  end();
}

async function openSession(folder: string): Promise<ServerConnection> {
  const url = `postgres://${shadowRole}@${encodeURIComponent(folder)}:5432/postgres?sslmode=disable`;
  const session = await connect({ url, name: 'the shadow database', applicationName: 'pgmage shadow' });
  // A shadow runs what users wrote, under the path that its role is set to.
  await session.execute(buildUnpin('session'));
  return session;
}

const failed = (reason: string) => new Problem('shadow_failed', { reason });

const limit = 10_000;

// The postmaster says so in its lock file (source: miscinit.c, LOCK_FILE_LINE_PM_STATUS).
async function waitUntilReady(folder: string): Promise<void> {
  const read = (name: string) => readFile(join(folder, name), 'utf8').catch(() => '');
  for (let waited = 0; waited < limit; waited += 5) {
    if (/^ready/m.test(await read(join('data', 'postmaster.pid')))) return;
    const log = await read('log');
    if (/FATAL|PANIC|No such file|not found|cannot open shared/.test(log)) throw failed(log.slice(-500));
    await setTimeout(5);
  }
  throw failed(`the private server did not start in ${limit / 1000} s: ${(await read('log')).slice(-500)}`);
}

/**
 * Removes what servers left whose process is gone and whose watching shell was killed, too. A server without
 * its lock file ends by itself within a minute (source: postmaster.c, RecheckDataDirLockFile).
 */
export async function removeLeftovers(): Promise<void> {
  for (const place of listServerPlaces()) {
    const names = await readdir(place).catch(() => []);
    for (const name of names.filter(isServerFolder)) await removeLeftover(join(place, name));
  }
}

async function removeLeftover(folder: string): Promise<void> {
  const owner = await readFile(join(folder, 'owner'), 'utf8').catch(() => '');
  const [id, host] = owner.trim().split(' ');
  if (host !== hostname() || !(await isPrivate(folder).catch(() => false)) || isAlive(Number(id))) return;
  await rm(folder, { recursive: true, force: true }).catch(() => undefined);
}

function isAlive(id: number): boolean {
  try {
    kill(id, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}
