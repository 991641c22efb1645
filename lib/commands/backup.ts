// Makes a backup of a database: one dump file and its manifest, or neither of them.

import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { folderOf } from '../backup/folder.ts';
import type { MadeBackup } from '../backup/report.ts';
import { backupReport } from '../backup/report.ts';
import { drilled, verified } from '../backup/verify.ts';
import { sourceOf, writeBackup } from '../backup/write.ts';
import type { BackupWork } from '../backup/writers.ts';
import type { Client } from '../flow/child.ts';
import { findClients, fittingClient } from '../flow/client.ts';
import { dumpName, type Format } from '../flow/formats.ts';
import { type Backup, manifestPath, readBackup } from '../flow/manifest.ts';
import { refusePooler } from '../pg/pooler.ts';
import { writing } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import type { Context, Target } from '../project/context.ts';
import { jobsOf } from '../project/jobs.ts';
import { type Retry, retrying } from '../project/retry.ts';
import { server } from '../project/source.ts';
import { shownPath } from '../project/sql-files.ts';
import { type DirectoryLock, lock } from '../shadow/lock.ts';
import type { VerifyBackupsInput } from './backups.ts';

/** What is asked. */
export interface BackupInput extends Pick<VerifyBackupsInput, 'drill' | 'on' | 'noOwner'> {
  /** The environment; default: the configured one. */
  readonly env?: string;
  /** The folder; default: `backups` in the project, which is made where it is missing. */
  readonly dir?: string;
  /** `pg_dump`: PostgreSQL's own program; `native`: no program but this one. Default: pg_dump where one fits the server. */
  readonly engine?: 'pg_dump' | 'native';
  /** Default: `custom` by pg_dump, `native` without. */
  readonly format?: Format;
  /** Of a `directory`: how many tables are read at a time; default: as many as there are processors, at most 4. */
  readonly jobs?: number;
  /** Of a `plain` script: let it drop what is there before it makes it. */
  readonly clean?: boolean;
  /** Mark it so that db:backups prune never deletes it. */
  readonly keep?: boolean;
  /** Go on although the disk may be too small. */
  readonly force?: boolean;
}

/**
 * Backs an environment's database up, and reads the result from the disk again. What may pass is tried again.
 * @throws Problem `no_server`, `no_client`, `client_failed`, `backup_running`, `no_space`, `unwritable_file`,
 * `backup_damaged`; of the connection
 */
export async function backup(context: Context, input: BackupInput): Promise<MadeBackup> {
  const { name, url, ...rest } = await context.environment(input.env);
  if (url === null) throw new Problem('no_server', { environment: name });
  const target = { ...rest, name, url };
  checkInput(input);
  let retries: readonly Retry[] = [];
  const made = await retrying(
    context,
    (tries, reached) => {
      retries = tries;
      return oneTry(context, input, target, reached);
    },
    meanwhile,
  );
  // It is a good one also where it cannot be tried.
  return { ...backupReport(context, input.drill ? await drilled(context, made, input) : made), retries };
}

// What others do to tables meanwhile.
const meanwhile = ['lock_timeout', 'changed_meanwhile', 'missing_relation'] as const;

function checkInput({ engine, format, jobs, clean }: BackupInput): void {
  const refuse = (option: string, reason: string) => new Problem('bad_option', { option, reason });
  if (engine !== undefined && format !== undefined && (engine === 'native') !== (format === 'native'))
    throw refuse('--format', `the engine ${engine} does not write the format ${format}`);
  if (jobs !== undefined && format !== 'directory') throw refuse('--jobs', 'it needs --format directory');
  jobsOf(jobs);
  if (clean && format !== 'plain') throw refuse('--clean', 'it needs --format plain');
}

async function oneTry(
  context: Context,
  input: BackupInput,
  target: Target & { readonly url: string },
  reached: () => void,
): Promise<Backup> {
  const folder = folderOf(context, input.dir);
  const connection = await server(target);
  try {
    reached();
    await refusePooler(connection);
    const source = await sourceOf(connection, target, target.url);
    const client = await engineFor(context, input, connection.major);
    const format = input.format ?? (client === null ? 'native' : 'custom');
    // One that somebody named and that is not there may be a disk that is not mounted.
    if (input.dir === undefined)
      await writing(folder.shown, () => mkdir(folder.path, { recursive: true, mode: 0o700 }));
    const names = await writing(folder.shown, () => readdir(folder.path));
    const stem = [source.database, target.name]
      .map((name) => name.replace(/[^\p{L}\p{N}._-]+/gu, '-'))
      .join('_');
    const held = await lock(join(folder.path, `.${stem}`), () => {
      const file = `${folder.shown}/.${stem}.lock`;
      return new Problem('backup_running', { database: source.database, lock: file });
    });
    try {
      // What runs that were killed have left: the lock is ours, so none of them is at work.
      for (const name of names.filter((one) => one.startsWith(`${stem}_`)))
        if (partial.test(name.slice(stem.length)))
          await rm(join(folder.path, name), { recursive: true, force: true });
      const time = context.now().toISOString().replace(/\.\d+/, '').replaceAll(':', '-');
      const file = join(folder.path, dumpName(`${stem}_${time}`, format));
      return await whole(context, file, held, async (stopping) => {
        const { force = false, clean = false } = input;
        const jobs = jobsOf(input.jobs);
        const unowned = format === 'plain' && (input.noOwner ?? false);
        const lockTimeout = context.lockTimeout || 10_000;
        const own = { connection, source, client, file, stopping };
        const one = { ...own, jobs, clean, unowned, lockTimeout, force };
        await writeBackup(context, one);
        return checked(context, one, input.keep);
      });
    } finally {
      await held.release();
    }
  } finally {
    await connection.close().catch(() => undefined);
  }
}

const partial = /^_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.(dump|dir|sql\.gz|native|json)\.partial$/;

// Null: without any client.
async function engineFor(
  context: Context,
  { engine, format }: BackupInput,
  major: number,
): Promise<Client | null> {
  if (engine === 'native' || format === 'native') return null;
  const clients = await findClients();
  if (engine === 'pg_dump' || format !== undefined || (clients[0]?.major ?? 0) >= major)
    return fittingClient(clients, major);
  context.progress(`Found no pg_dump for PostgreSQL ${major}: backing up without it`);
  return null;
}

// Takes away what a work has made of one backup, unless it comes to its end; also where the process is interrupted.
async function whole<T>(
  context: Context,
  file: string,
  held: DirectoryLock,
  work: (stopping: AbortController) => Promise<T>,
): Promise<T> {
  const there = await Promise.all([file, manifestPath(file)].map((one) => stat(one).catch(() => null)));
  if (there.some((one) => one !== null))
    throw new Problem('unwritable_file', {
      file: shownPath(context.root, file),
      reason: 'it already exists',
    });
  const stopping = new AbortController();
  const own = [`${file}.partial`, `${manifestPath(file)}.partial`, manifestPath(file), `${file}.keep`, file];
  const undo = async () => {
    for (const one of own) await rm(one, { recursive: true, force: true });
  };
  const running = work(stopping);
  const succeeded = running.then(
    () => true,
    () => false,
  );
  const forget = context.onInterrupt?.(async () => {
    stopping.abort();
    // What is still at work would write again what is taken away.
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
  context: Context,
  { file, client, stopping }: BackupWork,
  keep = false,
): Promise<Backup> {
  if (keep) await writing(file, () => open(`${file}.keep`, 'w').then((handle) => handle.close()));
  context.progress(`Reading ${shownPath(context.root, file)} again`);
  return verified(await readBackup(file), client === null ? [] : [client], context.now(), stopping.signal);
}
