// Writes one backup: a dump and the digests of one snapshot, and then the manifest that says so.
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readCatalog } from '../catalog/read.ts';
import { writing } from '../file-problem.ts';
import type { Client } from '../flow/client.ts';
import { type Digest, digestOf, undigested } from '../flow/digest.ts';
import { dumpTo, type Output, type Written } from '../flow/dump.ts';
import { flushFolder, type Manifest, writeManifest } from '../flow/manifest.ts';
import { writeNative } from '../flow/native.ts';
import { holding, tablesOf } from '../flow/tables.ts';
import { kinds } from '../kinds/index.ts';
import type { Catalog } from '../model/catalog.ts';
import type { ServerConnection } from '../pg/connect.ts';
import { readingSettings } from '../pg/snapshot.ts';
import { transaction } from '../pg/transaction.ts';
import { libpqVariables } from '../pg/url.ts';
import { toProblem } from '../problem.ts';
import { checkSpace } from './backup-folder.ts';
import { schemaOf } from './backup-schema.ts';
import type { Context, Target } from './context.ts';
import { copyable } from './copyable.ts';
import { shownPath } from './files.ts';
import { server } from './source.ts';

/** What a connection is connected to. @throws Problem of the connection */
export async function sourceOf(connection: ServerConnection, { name }: Target, url: string): Promise<Source> {
  const [row] = await connection.rows<{ database: string; server: Manifest['server'] }>(
    `select datname::text as database, json_build_object('version', current_setting('server_version'),
      'major', ${connection.major}, 'encoding', pg_encoding_to_char(encoding), 'collate', datcollate, 'ctype', datctype,
      'path', current_setting('search_path')) as server
      from pg_database where datname = current_database()`,
  );
  return { ...(row as Pick<Source, 'database' | 'server'>), environment: name, url };
}

/** What is backed up. */
export interface Source {
  readonly environment: string;
  readonly url: string;
  readonly database: string;
  readonly server: Manifest['server'];
}

/** One backup that is made. */
export interface Work {
  readonly connection: ServerConnection;
  readonly source: Source;
  /** Null: without any program but this one. */
  readonly client: Client | null;
  readonly file: string;
  /** Go on although the disk may be too small. */
  readonly force: boolean;
  readonly stopping: AbortController;
}

/**
 * Writes a backup under its name, and its manifest. Digests and dump are of one snapshot, taken at the same time in two
 * sessions.
 * @throws Problem `client_failed`, `no_space`, `unwritable_file`, `lock_timeout`; of the connection
 */
export async function writeBackup(context: Context, work: Work): Promise<void> {
  const { connection, source, client, file, stopping } = work;
  const started = context.now();
  // The snapshot is taken by what comes behind the locks.
  const locks = holding(await tablesOf(connection));
  const begin = `begin isolation level repeatable read read only; set local lock_timeout = '10s'; ${locks}; ${readingSettings}`;
  const reading = async () => {
    const [row] = await connection.rows<{ id: string }>('select pg_export_snapshot() as id');
    const id = row?.id ?? '';
    const list = await undigested(connection);
    await checkSpace(context, dirname(file), list, work.force);
    const way = client === null ? 'without pg_dump' : `with pg_dump ${client.version}`;
    context.progress(`Backing up ${source.database} of ${source.environment} ${way}`);
    const whole = await readCatalog(connection, kinds);
    const { catalog, left } =
      client === null
        ? copyable(whole, { owners: true, otherVersions: [], masks: {} })
        : { catalog: whole, left: [] };
    const [written, contents] = await together(stopping, [
      () => output(context, work, id, catalog),
      () => digestOf(connection, list, () => stopping.signal.throwIfAborted()),
    ]);
    const now = await digestOf(
      connection,
      list.filter(({ kind }) => kind === 'sequence'),
    );
    return {
      snapshot: id,
      ...written,
      schema: schemaOf(catalog),
      contents,
      moved: movedSince(contents, now),
      left,
    };
  };
  const facts = await transaction(connection, reading, begin);
  const manifest: Manifest = {
    format: 1,
    file: file.replace(/^.*[\\/]/, ''),
    engine: client === null ? 'native' : 'pg_dump',
    environment: source.environment,
    database: source.database,
    server: source.server,
    tools: { pgmage: context.version, pg_dump: client?.version ?? null },
    started: started.toISOString(),
    durationMs: context.now().getTime() - started.getTime(),
    ...facts,
    verified: [],
  };
  stopping.signal.throwIfAborted();
  await writing(file, async () => {
    await rename(`${file}.partial`, file);
    await flushFolder(dirname(file));
  });
  // It comes last: a dump without one is never taken for a backup.
  await writeManifest(file, manifest);
}

async function output(context: Context, work: Work, id: string, catalog: Catalog): Promise<Written> {
  const { source, client, file, stopping } = work;
  const shown = shownPath(context.root, file);
  const handle = await writing(shown, () => open(`${file}.partial`, 'wx', 0o600));
  const to: Output = { handle, name: shown };
  try {
    const written = await (client === null
      ? native(to, source, id, catalog, stopping.signal)
      : dumpTo(
          to,
          client,
          { variables: { ...libpqVariables(source.url), PGDATABASE: source.database }, snapshot: id },
          stopping.signal,
        ));
    await writing(shown, () => handle.sync());
    return written;
  } finally {
    await handle.close();
  }
}

// In a session of its own, which sees the same.
async function native(
  to: Output,
  { environment, url }: Source,
  id: string,
  catalog: Catalog,
  signal: AbortSignal,
): Promise<Written> {
  const connection = await server({ name: environment, url });
  try {
    const begin = `begin isolation level repeatable read read only; set transaction snapshot '${id}'; ${readingSettings};
      set local row_security = off`;
    return await transaction(connection, () => writeNative(connection, catalog, to, signal), begin);
  } finally {
    await connection.close().catch(() => undefined);
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
