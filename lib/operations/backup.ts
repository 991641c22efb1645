// Makes a backup of a database: one dump file and its manifest, or neither of them.
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writing } from '../file-problem.ts';
import { type Client, findClients, fittingClient } from '../flow/client.ts';
import { type Backup, manifestPath, readBackup } from '../flow/manifest.ts';
import { Problem } from '../problem.ts';
import { type Lock, lock } from '../shadow/lock.ts';
import { folderOf } from './backup-folder.ts';
import { sourceOf, type Work, writeBackup } from './backup-writing.ts';
import { type BackupReport, backupReport, drilled, type VerifyInput, verified } from './backups.ts';
import type { Context } from './context.ts';
import { shownPath } from './files.ts';
import { server } from './source.ts';

/** What is asked. */
export interface BackupInput extends Pick<VerifyInput, 'drill' | 'on' | 'noOwner'> {
  /** The environment; default: the configured one. */
  readonly env?: string;
  /** The folder; default: `backups` in the project, which is made where it is missing. */
  readonly dir?: string;
  /** `pg_dump`: PostgreSQL's own program; `native`: no program but this one. Default: pg_dump where one fits the server. */
  readonly engine?: 'pg_dump' | 'native';
  /** Mark it so that db:backups prune never deletes it. */
  readonly keep?: boolean;
  /** Go on although the disk may be too small. */
  readonly force?: boolean;
}

/**
 * Backs an environment's database up, and reads the result from the disk again.
 * @throws Problem `no_server`, `no_client`, `client_failed`, `backup_running`, `no_space`, `unwritable_file`,
 * `backup_damaged`; of the connection
 */
export async function backup(context: Context, input: BackupInput): Promise<BackupReport> {
  const target = await context.environment(input.env);
  if (target.url === null) throw new Problem('no_server', { environment: target.name });
  const folder = folderOf(context, input.dir);
  const connection = await server({ ...target, url: target.url });
  try {
    const source = await sourceOf(connection, target, target.url);
    const client = await engineFor(context, input.engine, connection.major);
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
        if (partial.test(name.slice(stem.length))) await rm(join(folder.path, name), { force: true });
      const time = context.now().toISOString().replace(/\.\d+/, '').replaceAll(':', '-');
      const file = join(folder.path, `${stem}_${time}.${client === null ? 'native' : 'dump'}`);
      const made = await whole(context, file, held, async (stopping) => {
        const one = { connection, source, client, file, force: input.force ?? false, stopping };
        await writeBackup(context, one);
        return checked(context, one, input.keep);
      });
      // It is a good one also where it cannot be tried.
      return backupReport(context, input.drill ? await drilled(context, made, input) : made);
    } finally {
      await held.release();
    }
  } finally {
    await connection.close().catch(() => undefined);
  }
}

const partial = /^_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.(dump|native|json)\.partial$/;

// Null: without any client.
async function engineFor(
  context: Context,
  engine: BackupInput['engine'],
  major: number,
): Promise<Client | null> {
  if (engine === 'native') return null;
  const clients = await findClients();
  if (engine === 'pg_dump' || (clients[0]?.major ?? 0) >= major) return fittingClient(clients, major);
  context.progress(`No pg_dump for PostgreSQL ${major} is here: backing up without`);
  return null;
}

// Takes away what a work has made of one backup, unless it comes to its end; also where the process is interrupted.
async function whole<T>(
  context: Context,
  file: string,
  held: Lock,
  work: (stopping: AbortController) => Promise<T>,
): Promise<T> {
  if ((await stat(file).catch(() => null)) !== null)
    throw new Problem('unwritable_file', {
      file: shownPath(context.root, file),
      reason: 'it is there already',
    });
  const stopping = new AbortController();
  const own = [`${file}.partial`, `${manifestPath(file)}.partial`, manifestPath(file), `${file}.keep`, file];
  const undo = async () => {
    for (const one of own) await rm(one, { force: true });
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

async function checked(context: Context, { file, client, stopping }: Work, keep = false): Promise<Backup> {
  if (keep) await writing(file, () => open(`${file}.keep`, 'w').then((handle) => handle.close()));
  context.progress(`Reading ${shownPath(context.root, file)} again`);
  return verified(await readBackup(file), client === null ? [] : [client], context.now(), stopping.signal);
}
