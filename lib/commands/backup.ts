// Makes a backup of a database: a dump file and its manifest, or nothing.

import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { findDrillServer } from '../backup/drill.ts';
import { resolveFolder } from '../backup/folder.ts';
import { lockStem, removePartials, stemOf } from '../backup/partial-files.ts';
import type { MadeBackup } from '../backup/report.ts';
import { reportBackup } from '../backup/report.ts';
import { drillBackup, verifyBackup } from '../backup/verify.ts';
import { describeSource, writeBackup } from '../backup/write.ts';
import type { BackupWork } from '../backup/writers.ts';
import { makeFolders } from '../config/file.ts';
import type { Client } from '../flow/child.ts';
import { chooseClient, findClients } from '../flow/client.ts';
import { type Compression, hasZstd, withoutZstd } from '../flow/compression.ts';
import { dumpName, type Format } from '../flow/formats.ts';
import { type Backup, manifestPath, readBackup } from '../flow/manifest.ts';
import { namingHolders } from '../ledger/lock-holders.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { refusePooler } from '../pg/pooler.ts';
import { whileWriting } from '../problem/file.ts';
import { Problem, toProblem } from '../problem/problem.ts';
import { resolveJobs } from '../project/jobs.ts';
import { type Retry, withRetries } from '../project/retry.ts';
import { openServer } from '../project/source.ts';
import { shownPath } from '../project/sql-files.ts';
import type { Workspace } from '../project/workspace.ts';
import type { Target, World } from '../project/world.ts';
import type { DirectoryLock } from '../shadow/lock.ts';
import type { VerifyBackupsInput } from './backups.ts';

/** The options of `db:backup`. */
export interface BackupInput extends Pick<VerifyBackupsInput, 'drill' | 'on' | 'noOwner'> {
  /** The environment; default: the configured one. */
  readonly env?: string;
  /** The folder, which is made where it is missing; default: `backups` in the project. */
  readonly dir?: string;
  /**
   * `pg_dump`: PostgreSQL's own program; `native`: no program but this one. Default: pg_dump where one fits
   * the server.
   */
  readonly engine?: 'pg_dump' | 'native';
  /** Default: `custom` by pg_dump, `native` without. Both engines write `plain`. */
  readonly format?: Format;
  /**
   * For the format `directory`: the number of tables read at a time; default: the number of processors, at
   * most 4.
   */
  readonly jobs?: number;
  /** For the format `plain` by pg_dump: drop existing objects before creating them. */
  readonly clean?: boolean;
  /** For the format `plain`: INSERT statements instead of COPY. */
  readonly inserts?: boolean;
  /** For the format `plain`; default: gzip. `zstd` needs Node.js 22.15 or later. */
  readonly compress?: Compression;
  /** Mark it so that db:backups prune never deletes it. */
  readonly keep?: boolean;
  /** Go on although the disk may be too small. */
  readonly force?: boolean;
}

/**
 * Backs an environment's database up, and reads the result from the disk again. What may pass is tried again.
 * @throws Problem `no_server`, `no_client`, `client_failed`, `backup_running`, `no_space`, `unwritable_file`,
 * `backup_damaged`, `protected_drill`; of the connection
 */
export async function backup(workspace: Workspace, input: BackupInput): Promise<MadeBackup> {
  const { name, url, ...rest } = await workspace.world.environment(input.env);
  if (url === null) throw new Problem('no_server', { environment: name });
  const target = { ...rest, name, url };
  checkInput(input);
  if (input.drill) await findDrillServer(workspace, name, input);
  let retries: readonly Retry[] = [];
  const made = await withRetries(
    workspace.world,
    (tries, reached) => {
      retries = tries;
      const work = () => oneTry(workspace, input, target, reached);
      return namingHolders({ open: () => openServer(target), mode: 'AccessShare' }, work);
    },
    meanwhile,
  );
  const proven = input.drill ? await drilled(workspace, made, input) : made;
  return { ...reportBackup(workspace.project, proven), retries };
}

// It is a good one also where it cannot be tried.
async function drilled(workspace: Workspace, made: Backup, input: BackupInput): Promise<Backup> {
  try {
    return await drillBackup(workspace, made, input);
  } catch (thrown) {
    const { code, data, where, cause = thrown } = toProblem(thrown);
    if (code === 'backup_damaged') throw thrown;
    const state = `The backup ${made.name} is made and complete. Only its drill failed.`;
    throw new Problem(code, data, { where, cause, state });
  }
}

// Problems that other sessions cause during a backup.
const meanwhile = ['lock_timeout', 'changed_meanwhile', 'missing_relation'] as const;

function checkInput({ engine, format, jobs, clean, inserts, compress }: BackupInput): void {
  const refuse = (option: string, reason: string) => new Problem('bad_option', { option, reason });
  const formats = { native: ['native', 'plain'], pg_dump: ['custom', 'directory', 'plain'] } as const;
  const known: readonly Format[] = engine === undefined ? [] : formats[engine];
  if (engine !== undefined && format !== undefined && !known.includes(format))
    throw refuse('--format', `the engine ${engine} does not write the format ${format}`);
  if (jobs !== undefined && format !== 'directory') throw refuse('--jobs', 'it needs --format directory');
  resolveJobs(jobs);
  const plain = { '--clean': clean, '--inserts': inserts, '--compress': compress };
  const [useless] = Object.entries(plain).find(([, value]) => value) ?? [];
  if (useless !== undefined && format !== 'plain') throw refuse(useless, 'it needs --format plain');
  if (clean && engine === 'native') throw refuse('--clean', 'it needs the engine pg_dump');
  if (compress === 'zstd' && !hasZstd) throw refuse('--compress', withoutZstd);
}

async function oneTry(
  workspace: Workspace,
  input: BackupInput,
  target: Target & { readonly url: string },
  reached: () => void,
): Promise<Backup> {
  const { project, world } = workspace;
  const folder = resolveFolder(project, input.dir);
  const connection = await openServer(target);
  try {
    reached();
    await refusePooler(connection);
    const source = await describeSource(connection, target, target.url);
    await refuseSecond(connection, source.database);
    const client = await engineFor(world, input, connection.major);
    const format = input.format ?? (client === null ? 'native' : 'custom');
    const made = await whileWriting(folder.shown, () => makeFolders(folder.path, 0o700));
    // A named folder that did not exist may be a typing error, or a disk that is not mounted.
    if (made !== undefined && input.dir !== undefined) world.progress(`Created the folder ${folder.shown}`);
    return await inFolder(folder, [source.database, target.name], async (stem, held) => {
      const { compress = 'gzip' } = input;
      const nameAt = (time: string) => join(folder.path, dumpName(`${stem}_${time}`, format, compress));
      const file = await findFreeName(world.now(), nameAt);
      return whole(workspace, file, held, async (stopping) => {
        const { force = false, clean = false, inserts = false } = input;
        const jobs = resolveJobs(input.jobs);
        const unowned = format === 'plain' && (input.noOwner ?? false);
        const lockTimeout = project.lockTimeout || 10_000;
        const own = { connection, source, client, file, stopping };
        const script = { clean, unowned, inserts, compression: compress };
        const one = { ...own, ...script, jobs, lockTimeout, force };
        await writeBackup(workspace, one);
        return checked(workspace, one, input.keep);
      });
    });
  } finally {
    await closeUnlocked(connection).catch(() => undefined);
  }
}

// A session ends on its server a moment after it was closed, and the next backup may begin before.
async function closeUnlocked(connection: ServerConnection): Promise<void> {
  const unlock = `select pg_catalog.pg_advisory_unlock(${backupLockKey})`;
  await queryPinned(connection, unlock).catch(() => undefined);
  await connection.close();
}

// The lock belongs to the database, for all folders and environments, and ends with the session.
async function refuseSecond(connection: ServerConnection, database: string): Promise<void> {
  const sql = `select pg_catalog.pg_try_advisory_lock(${backupLockKey}) as held`;
  const [row] = await queryPinned<{ held: boolean }>(connection, sql);
  if (!row?.held) throw new Problem('backup_running', { database, lock: null });
}

// Another one than that of migrations: a backup does not keep these from running.
const backupLockKey = '7241865325823966';

// Works while no other run backs up the same database into the folder, without what killed runs have
// left there.
async function inFolder<T>(
  folder: ReturnType<typeof resolveFolder>,
  [database, environment]: readonly [string, string],
  work: (stem: string, held: DirectoryLock) => Promise<T>,
): Promise<T> {
  const stem = stemOf(database, environment);
  const held = await lockStem(folder.path, stem, () => {
    const lock = `${folder.shown}/.${stem}.lock`;
    return new Problem('backup_running', { database, lock });
  });
  try {
    // The lock is ours, so none of them is at work.
    await whileWriting(folder.shown, () => removePartials(folder.path, stem));
    return await work(stem, held);
  } finally {
    await held.release();
  }
}

// Null: without any client.
async function engineFor(
  world: World,
  { engine, format, clean }: BackupInput,
  major: number,
): Promise<Client | null> {
  if (engine === 'native' || format === 'native') return null;
  const clients = await findClients();
  const needsClient = engine === 'pg_dump' || clean || format === 'custom' || format === 'directory';
  if (needsClient || (clients[0]?.major ?? 0) >= major) return chooseClient(clients, major);
  world.progress(`Found no pg_dump for PostgreSQL ${major}: backing up without it`);
  return null;
}

// Names have whole seconds, and two backups may begin within one. The folder is locked meanwhile.
async function findFreeName(now: Date, nameAt: (time: string) => string): Promise<string> {
  for (let second = 0; ; second++) {
    const time = new Date(now.getTime() + 1000 * second).toISOString();
    const file = nameAt(time.replace(/\.\d+/, '').replaceAll(':', '-'));
    const there = await Promise.all([file, manifestPath(file)].map((one) => stat(one).catch(() => null)));
    if (there.every((one) => one === null)) return file;
  }
}

// Removes the files of one backup unless the work succeeds; also on an interrupt.
async function whole<T>(
  workspace: Workspace,
  file: string,
  held: DirectoryLock,
  work: (stopping: AbortController) => Promise<T>,
): Promise<T> {
  const stopping = new AbortController();
  const own = [`${file}.partial`, manifestPath(file), `${file}.keep`, file];
  const undo = async () => {
    for (const one of own) await rm(one, { recursive: true, force: true });
  };
  const running = work(stopping);
  const succeeded = running.then(
    () => true,
    () => false,
  );
  const forget = workspace.world.onInterrupt?.(async () => {
    stopping.abort();
    // Work that still runs would write the removed files again.
    if (!(await succeeded)) await undo();
    await held.release();
  });
  try {
    return await running;
  } catch (thrown) {
    await undo();
    throw thrown;
  } finally {
    forget?.();
  }
}

async function checked(
  workspace: Workspace,
  { file, client, stopping }: BackupWork,
  keep = false,
): Promise<Backup> {
  if (keep) await whileWriting(file, () => open(`${file}.keep`, 'w').then((handle) => handle.close()));
  workspace.world.progress(`Reading ${shownPath(workspace.project.root, file)} again`);
  return verifyBackup(
    await readBackup(file),
    client === null ? [] : [client],
    workspace.world.now(),
    stopping.signal,
  );
}
