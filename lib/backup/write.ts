// Writes one backup: a dump and the digests of one snapshot, and then the manifest that says so.

import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readCatalog } from '../catalog/read.ts';
import { copyable } from '../copy/selection.ts';
import { type Digest, digestOf, undigested } from '../flow/digest.ts';
import { flushFolder, type Manifest, writeManifest } from '../flow/manifest.ts';
import { progressOf } from '../flow/progress.ts';
import { absentOf, type HeldTable, heldOf, holding, holdViews, saidOfAbsent } from '../flow/tables.ts';
import { kinds } from '../kinds/index.ts';
import { isSequence, isTable } from '../kinds/named-objects.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { pinnedRows } from '../pg/pinned.ts';
import { readingSettings, snapshot, tablesAlone } from '../pg/snapshot.ts';
import { transaction } from '../pg/transaction.ts';
import { writing } from '../problem/file.ts';
import { Problem, toProblem } from '../problem/problem.ts';
import type { Context, Target } from '../project/context.ts';
import { schemaOf } from './fingerprints.ts';
import { checkSpace } from './folder.ts';
import { type BackupSource, type BackupWork, output } from './writers.ts';

/** What a connection is connected to. @throws Problem of the connection */
export async function sourceOf(
  connection: ServerConnection,
  { name, stallTimeout }: Target,
  url: string,
): Promise<BackupSource> {
  const { major, searchPath: path } = connection;
  const [row] = await pinnedRows<{ database: string; server: Omit<Manifest['server'], 'major' | 'path'> }>(
    connection,
    `select datname::text as database, json_build_object('version', current_setting('server_version'),
      'encoding', pg_encoding_to_char(encoding), 'collate', datcollate, 'ctype', datctype) as server
      from pg_database where datname = current_database()`,
  );
  const { database, server } = row as NonNullable<typeof row>;
  return { database, server: { ...server, major, path }, environment: name, url, stallTimeout };
}

/**
 * Writes a backup under its name, and its manifest. Digests and dump are of one snapshot, taken at the same time in two
 * sessions; tables are locked before it, so that nobody changes them until both are done.
 * @throws Problem `changed_meanwhile`, `client_failed`, `no_space`, `unwritable_file`, `lock_timeout`; of the connection
 */
export async function writeBackup(context: Context, work: BackupWork): Promise<void> {
  const { connection, source, client, file, stopping, lockTimeout } = work;
  const started = context.now();
  const before = await snapshot(connection, (held) => readCatalog(held, kinds));
  const tables = await transaction(connection, () => heldOf(connection));
  // The snapshot is taken by what comes behind the locks.
  const begin = `begin isolation level repeatable read read only; set local lock_timeout = ${lockTimeout};
    ${holding(tables)}; ${readingSettings}; ${tablesAlone}`;
  const reading = async () => {
    const [row] = await connection.rows<{ id: string }>('select pg_catalog.pg_export_snapshot() as id');
    const id = row?.id ?? '';
    await checkHeld(connection, source, tables);
    const list = await undigested(connection);
    await checkSpace(context, dirname(file), list, work.force);
    const way = client === null ? 'without pg_dump' : `with pg_dump ${client.version}`;
    context.progress(`Backing up ${source.database} of ${source.environment} ${way}`);
    // What is read here stays locked: whoever waits for that would make pg_dump wait, which reads the definitions itself.
    const { catalog, left } =
      client === null
        ? copyable(await readCatalog(connection, kinds), { owners: true, otherVersions: [], masks: {} })
        : { catalog: before, left: [] };
    const { told } = progressOf(context, list, 'Backing up');
    let go = () => {};
    const defined = new Promise<void>((resolve) => {
      go = resolve;
    });
    const [written, contents] = await together(stopping, [
      () =>
        output(context, work, { id, tables, catalog, told }, async () => {
          await holdViews([connection]);
          go();
        }).finally(go),
      async () => {
        await defined;
        return digestOf(connection, list, (_, { name, bytes }) => {
          stopping.signal.throwIfAborted();
          if (client !== null) told({ name }, bytes);
        });
      },
    ]);
    const now = await digestOf(connection, list.filter(isSequence));
    return {
      snapshot: id,
      ...written,
      schema: schemaOf(catalog),
      contents,
      sizes: Object.fromEntries(list.filter(isTable).map(({ name, bytes }) => [name, bytes])),
      moved: movedSince(contents, now),
      left: [...left, ...saidOfAbsent(await absentOf(connection))],
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
    ...(work.unowned && { unowned: true }),
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

// A table that was made between its listing and the snapshot is in it, and nobody keeps it as it is.
async function checkHeld(
  connection: ServerConnection,
  { environment }: BackupSource,
  tables: readonly HeldTable[],
): Promise<void> {
  const held = new Set(tables.map(({ name }) => name));
  const seen = await heldOf(connection);
  if (seen.some(({ name }) => !held.has(name))) throw new Problem('changed_meanwhile', { environment });
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
