// Writes the dump of a backup in each format, under a temporary name.
import { mkdir, open } from 'node:fs/promises';
import { readCatalog } from '../catalog/read.ts';
import type { Client } from '../flow/child.ts';
import { toDatabaseProblem } from '../flow/client.ts';
import type { Compression } from '../flow/compression.ts';
import {
  type DumpInput,
  dumpFolder,
  dumpTo,
  type Output,
  type ScriptDump,
  type WrittenDump,
} from '../flow/dump.ts';
import { detectFormat, type Format } from '../flow/formats.ts';
import type { Manifest } from '../flow/manifest.ts';
import { writeNative } from '../flow/native.ts';
import { buildTableLocks, type HeldTable } from '../flow/tables.ts';
import { copiedKinds } from '../kinds/index.ts';
import type { Catalog } from '../model/catalog.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { resolveClientAccess } from '../pg/route.ts';
import { readingSettings, snapshot, tablesAlone } from '../pg/snapshot.ts';
import { transaction } from '../pg/transaction.ts';
import { whileWriting } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import type { Project } from '../project/project.ts';
import { whileReachable } from '../project/reachable.ts';
import { openServer } from '../project/source.ts';
import { shownPath } from '../project/sql-files.ts';
import { selectDumped } from './dumped-schema.ts';
import { describeSchema } from './fingerprints.ts';
import { writePlain } from './write-plain.ts';

/** The database to back up. */
export interface BackupSource {
  readonly environment: string;
  readonly url: string;
  readonly database: string;
  readonly server: Manifest['server'];
  readonly stallTimeout?: number | undefined;
}

/** One backup that is made. */
export interface BackupWork {
  readonly connection: ServerConnection;
  readonly source: BackupSource;
  /** Null: without any program but this one. */
  readonly client: Client | null;
  readonly file: string;
  /** The number of tables at a time, if the format is a folder. */
  readonly jobs: number;
  /** True if a script drops existing objects before creating them. */
  readonly clean: boolean;
  /** True if owners and privileges are left out of a script. */
  readonly unowned: boolean;
  /** True if a script has INSERT statements instead of COPY. */
  readonly inserts: boolean;
  /** That of a script. */
  readonly compression: Compression;
  /** Milliseconds to wait for a session that changes a table. */
  readonly lockTimeout: number;
  /** Go on although the disk may be too small. */
  readonly force: boolean;
  readonly stopping: AbortController;
}

/** The state that is written. */
export interface BackupState {
  /** The id of the snapshot. */
  readonly id: string;
  /** The locked tables. */
  readonly tables: readonly HeldTable[];
  /** Its schema: read in the snapshot, or just before, where pg_dump reads it once more. */
  readonly catalog: Catalog;
  /** Called with the written bytes, if this process writes them. */
  told(table: { readonly name: string }, bytes: number): void;
}

/**
 * Writes a dump, all of which is on the disk then.
 * @param defined is called when nothing but rows is read any more
 * @throws Problem `changed_meanwhile`, `client_failed`, `unwritable_file`; of the connection
 */
export async function writeDump(
  project: Project,
  work: BackupWork,
  state: BackupState,
  defined: () => Promise<void>,
): Promise<WrittenDump> {
  const { file, client } = work;
  const shown = shownPath(project.root, file);
  const draft = `${file}.partial`;
  const format = detectFormat(file) as Format;
  if (format === 'directory') {
    await whileWriting(shown, () => mkdir(draft, { mode: 0o700 }));
    return byClient(work, (dumping) => dumpFolder(draft, shown, dumping, work.jobs), state, defined);
  }
  const handle = await whileWriting(shown, () => open(draft, 'wx', 0o600));
  const to: Output = { handle, name: shown };
  try {
    const written = await (client === null
      ? native(work, state, defined, (held) => writeHeld(project, held, to, { work, state }))
      : byClient(
          work,
          (dumping) => dumpTo(to, dumping, format === 'plain' ? scriptOf(work) : undefined),
          state,
          defined,
        ));
    await whileWriting(shown, () => handle.sync());
    return written;
  } finally {
    await handle.close();
  }
}

function scriptOf({ clean, unowned, inserts, compression }: BackupWork): ScriptDump {
  const words = [
    ...(clean ? ['--clean', '--if-exists'] : []),
    ...(unowned ? ['--no-owner', '--no-privileges'] : []),
    ...(inserts ? ['--column-inserts'] : []),
  ];
  return { words, compression };
}

// In the session that sees the snapshot, by the format of the file.
function writeHeld(
  { version }: Project,
  held: ServerConnection,
  to: Output,
  { work, state: { catalog, told } }: { readonly work: BackupWork; readonly state: BackupState },
): Promise<WrittenDump> {
  const { source, unowned, inserts, compression, stopping } = work;
  const { signal } = stopping;
  if (detectFormat(work.file) === 'native') return writeNative(held, to, { catalog, signal, told });
  const { server } = source;
  const form = { owners: !unowned, inserts, compression };
  return writePlain(held, to, { catalog, server, version, ...form, signal, told });
}

async function byClient(
  { source, client, lockTimeout, stopping }: BackupWork,
  dump: (dumping: DumpInput) => Promise<WrittenDump>,
  { id, catalog }: BackupState,
  defined: () => Promise<void>,
): Promise<WrittenDump> {
  const { environment, url, database } = source;
  const dumping: DumpInput = {
    client: client as Client,
    access: resolveClientAccess(url, { environment }, database),
    snapshot: id,
    encoding: source.server.encoding,
    lockTimeout,
    signal: stopping.signal,
    // Some definitions are printed as they are now, not as in the snapshot.
    defined: async () => {
      const now = await beside(source, (held) =>
        snapshot(held, (reader) => readCatalog(reader, copiedKinds)),
      );
      if (describeSchema(selectDumped(now).catalog).fingerprint !== describeSchema(catalog).fingerprint)
        throw new Problem('changed_meanwhile', { environment });
      await defined();
    },
  };
  const talking = { name: environment, url, stallTimeout: source.stallTimeout };
  return whileReachable(talking, stopping.signal, (signal) => dump({ ...dumping, signal })).catch(
    (thrown: unknown) => {
      throw toDatabaseProblem(thrown, environment);
    },
  );
}

// In a session of its own, which sees the same.
function native(
  { source, lockTimeout }: BackupWork,
  state: BackupState,
  defined: () => Promise<void>,
  write: (held: ServerConnection) => Promise<WrittenDump>,
): Promise<WrittenDump> {
  // Locked at once: a session that waits for a lock of our other session would block later ones.
  const begin = `begin isolation level repeatable read read only; set local lock_timeout = ${lockTimeout};
    ${buildTableLocks(state.tables)}; set transaction snapshot '${state.id}';
    ${readingSettings}; ${tablesAlone}`;
  return beside(source, (held) =>
    transaction(
      held,
      async () => {
        await defined();
        return write(held);
      },
      begin,
    ),
  );
}

async function beside<T>(
  { environment, url, stallTimeout }: BackupSource,
  work: (held: ServerConnection) => Promise<T>,
): Promise<T> {
  const connection = await openServer({
    name: environment,
    url,
    ...(stallTimeout !== undefined && { stallTimeout }),
  });
  try {
    return await work(connection);
  } finally {
    await connection.close().catch(() => undefined);
  }
}
