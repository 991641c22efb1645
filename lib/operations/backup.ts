// Makes a backup of a database: one dump file and its manifest, or neither of them.
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readCatalog } from '../catalog/read.ts';
import { writing } from '../file-problem.ts';
import { type Client, findClients, fittingClient } from '../flow/client.ts';
import { type Digest, digestOf, undigested } from '../flow/digest.ts';
import { dumpTo, type Written } from '../flow/dump.ts';
import {
  type Backup,
  flushFolder,
  type Manifest,
  manifestPath,
  readBackup,
  writeManifest,
} from '../flow/manifest.ts';
import { kinds } from '../kinds/index.ts';
import type { Connection } from '../pg/connection.ts';
import { snapshot } from '../pg/snapshot.ts';
import { libpqVariables } from '../pg/url.ts';
import { Problem, toProblem } from '../problem.ts';
import { type Lock, lock } from '../shadow/lock.ts';
import { checkSpace, folderOf } from './backup-folder.ts';
import { schemaOf } from './backup-schema.ts';
import { type BackupReport, backupReport, drilled, type VerifyInput, verified } from './backups.ts';
import type { Context, Target } from './context.ts';
import { shownPath } from './files.ts';
import { server } from './source.ts';

/** What is asked. */
export interface BackupInput extends Pick<VerifyInput, 'drill' | 'on' | 'noOwner'> {
  /** The environment; default: the configured one. */
  readonly env?: string;
  /** The folder; default: `backups` in the project, which is made where it is missing. */
  readonly dir?: string;
  /** Mark it so that db:backups prune never deletes it. */
  readonly keep?: boolean;
  /** Go on although the disk may be too small. */
  readonly force?: boolean;
}

interface Source {
  readonly environment: string;
  readonly url: string;
  readonly database: string;
  readonly server: Manifest['server'];
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
    const client = fittingClient(await findClients(), connection.major);
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
      const file = join(folder.path, `${stem}_${time}.dump`);
      const made = await whole(context, file, held, async (stopping) => {
        const one = { connection, source, client, file, force: input.force ?? false, stopping };
        await write(context, one);
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

const partial = /^_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.(dump|json)\.partial$/;

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
  return verified(await readBackup(file), [client], context.now(), stopping.signal);
}

async function sourceOf(connection: Connection, { name }: Target, url: string): Promise<Source> {
  const [row] = await connection.rows<{ database: string; server: Manifest['server'] }>(
    `select datname::text as database, json_build_object('version', current_setting('server_version'),
      'major', ${connection.major}, 'encoding', pg_encoding_to_char(encoding), 'collate', datcollate, 'ctype', datctype) as server
      from pg_database where datname = current_database()`,
  );
  return { ...(row as Pick<Source, 'database' | 'server'>), environment: name, url };
}

interface Work {
  readonly connection: Connection;
  readonly source: Source;
  readonly client: Client;
  readonly file: string;
  readonly force: boolean;
  readonly stopping: AbortController;
}

// Digests and dump are of one snapshot, taken at the same time in two sessions.
async function write(context: Context, work: Work): Promise<void> {
  const { connection, source, client, file } = work;
  const started = context.now();
  const made = await snapshot(connection, async (held) => {
    const [row] = await held.rows<{ id: string }>('select pg_export_snapshot() as id');
    const id = row?.id ?? '';
    const list = await undigested(held);
    await checkSpace(context, dirname(file), list, work.force);
    context.progress(`Backing up ${source.database} of ${source.environment} with pg_dump ${client.version}`);
    const [written, known] = await together(work.stopping, [
      () => dump(context, work, id),
      async () => ({
        schema: schemaOf(await readCatalog(held, kinds)),
        contents: await digestOf(held, list, () => work.stopping.signal.throwIfAborted()),
      }),
    ]);
    const now = await digestOf(
      held,
      list.filter(({ kind }) => kind === 'sequence'),
    );
    return { id, ...written, ...known, moved: movedSince(known.contents, now) };
  });
  const { id, ...facts } = made;
  const manifest: Manifest = {
    format: 1,
    file: file.replace(/^.*[\\/]/, ''),
    environment: source.environment,
    database: source.database,
    server: source.server,
    tools: { pgmage: context.version, pg_dump: client.version },
    snapshot: id,
    started: started.toISOString(),
    durationMs: context.now().getTime() - started.getTime(),
    ...facts,
    verified: [],
  };
  work.stopping.signal.throwIfAborted();
  await writing(file, async () => {
    await rename(`${file}.partial`, file);
    await flushFolder(dirname(file));
  });
  // It comes last: a dump without one is never taken for a backup.
  await writeManifest(file, manifest);
}

async function dump(
  context: Context,
  { source, client, file, stopping }: Work,
  id: string,
): Promise<Written> {
  const shown = shownPath(context.root, file);
  const handle = await writing(shown, () => open(`${file}.partial`, 'wx', 0o600));
  try {
    const variables = { ...libpqVariables(source.url), PGDATABASE: source.database };
    const written = await dumpTo(
      { handle, name: shown },
      client,
      { variables, snapshot: id },
      stopping.signal,
    );
    await writing(shown, () => handle.sync());
    return written;
  } finally {
    await handle.close();
  }
}

// The first that fails stops the other, and is what is told.
async function together<A, B>(
  stopping: AbortController,
  works: [() => Promise<A>, () => Promise<B>],
): Promise<[A, B]> {
  let first: unknown;
  const watched = works.map((work) =>
    work().catch((thrown: unknown) => {
      if (!stopping.signal.aborted) first = thrown;
      stopping.abort();
      throw thrown;
    }),
  );
  const ended = await Promise.allSettled(watched);
  const failed = ended.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw toProblem(first ?? failed.reason);
  return ended.map((one) => (one as PromiseFulfilledResult<unknown>).value) as [A, B];
}

function movedSince(before: readonly Digest[], after: readonly Digest[]): Digest[] {
  const known = new Map(before.map((one) => [one.name, one.hash]));
  return after.filter(({ name, hash }) => known.get(name) !== hash);
}
