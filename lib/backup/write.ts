// Writes one backup: a dump and the digests of one snapshot, and then the manifest that says so.

import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readCatalog } from '../catalog/read.ts';
import { selectCopyable } from '../copy/selection.ts';
import { type Digest, digestRelations, listRelations } from '../flow/digest.ts';
import { flushFolder, type Manifest, writeManifest } from '../flow/manifest.ts';
import { makeProgress } from '../flow/progress.ts';
import {
  buildTableLocks,
  describeAbsent,
  type HeldTable,
  listAbsentTables,
  listHeldTables,
  lockViews,
} from '../flow/tables.ts';
import { copiedKinds, kinds } from '../kinds/index.ts';
import { isSequence, isTable } from '../kinds/named-objects.ts';
import type { Catalog } from '../model/catalog.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { readingSettings, snapshot, tablesAlone } from '../pg/snapshot.ts';
import { transaction } from '../pg/transaction.ts';
import { whileWriting } from '../problem/file.ts';
import { Problem, toProblem } from '../problem/problem.ts';
import type { Project } from '../project/project.ts';
import type { Workspace } from '../project/workspace.ts';
import type { Target } from '../project/world.ts';
import { selectDumped } from './dumped-schema.ts';
import { describeSchema } from './fingerprints.ts';
import { checkSpace } from './folder.ts';
import { readNeeds } from './needs.ts';
import { checkReadable } from './rights.ts';
import { type BackupSource, type BackupState, type BackupWork, writeDump } from './writers.ts';

/** The database of a connection. @throws Problem of the connection */
export async function describeSource(
  connection: ServerConnection,
  { name, stallTimeout }: Target,
  url: string,
): Promise<BackupSource> {
  const { major, searchPath: path } = connection;
  const [row] = await queryPinned<{ database: string; server: Omit<Manifest['server'], 'major' | 'path'> }>(
    connection,
    `select datname::text as database, json_build_object('version', current_setting('server_version'),
      'encoding', pg_encoding_to_char(encoding), 'collate', datcollate, 'ctype', datctype) as server
      from pg_database where datname = current_database()`,
  );
  const { database, server } = row as NonNullable<typeof row>;
  return { database, server: { ...server, major, path }, environment: name, url, stallTimeout };
}

/**
 * Writes a backup under its name, and its manifest. Digests and dump read one snapshot at the same time, in
 * two sessions. Tables are locked before it, so that no session changes them until both are done.
 * @throws Problem `changed_meanwhile`, `client_failed`, `no_space`, `unwritable_file`, `lock_timeout`; of the
 * connection
 */
export async function writeBackup(workspace: Workspace, work: BackupWork): Promise<void> {
  const { connection, client, file, stopping, lockTimeout } = work;
  const started = workspace.world.now();
  await checkReadable(connection, work.source.environment, client !== null);
  const before = await snapshot(connection, (held) => readCatalog(held, copiedKinds));
  const limit = `set local lock_timeout = ${lockTimeout}`;
  // The size of a table is read under a lock, too.
  const listing = `begin; ${readingSettings}; ${limit}`;
  const tables = await transaction(connection, () => listHeldTables(connection), listing);
  // The first query after the locks takes the snapshot.
  const begin = `begin isolation level repeatable read read only; ${limit};
    ${buildTableLocks(tables)}; ${readingSettings}; ${tablesAlone}`;
  const read = () => writeSnapshot(workspace, work, { before, tables });
  const facts = await transaction(connection, read, begin);
  const { source, unowned } = work;
  const manifest: Manifest = {
    format: 1,
    file: file.replace(/^.*[\\/]/, ''),
    engine: client === null ? 'native' : 'pg_dump',
    environment: source.environment,
    database: source.database,
    server: source.server,
    tools: { pgmage: workspace.project.version, pg_dump: client?.version ?? null },
    started: started.toISOString(),
    durationMs: workspace.world.now().getTime() - started.getTime(),
    ...(unowned && { unowned: true }),
    ...facts,
    verified: [],
  };
  stopping.signal.throwIfAborted();
  await whileWriting(file, async () => {
    await rename(`${file}.partial`, file);
    await flushFolder(dirname(file));
  });
  // It comes last: a dump without one is never taken for a backup.
  await writeManifest(file, manifest);
}

/** The facts that were read before the snapshot. */
interface BeforeSnapshot {
  readonly before: Catalog;
  readonly tables: readonly HeldTable[];
}

// Writes the dump while the transaction's snapshot is digested.
async function writeSnapshot(workspace: Workspace, work: BackupWork, { before, tables }: BeforeSnapshot) {
  const { project, world } = workspace;
  const { connection, source, client, file } = work;
  const [row] = await connection.rows<{ id: string }>('select pg_catalog.pg_export_snapshot() as id');
  const id = row?.id ?? '';
  await checkHeld(connection, source, tables);
  const list = await listRelations(connection);
  await checkSpace(project, dirname(file), list, work.force);
  const way = client === null ? 'without pg_dump' : `with pg_dump ${client.version}`;
  world.progress(`Backing up ${source.database} of ${source.environment} ${way}`);
  // The read objects stay locked: a session that waits for one of them would block pg_dump, which reads the
  // definitions itself.
  const { catalog, left } =
    client === null
      ? selectCopyable(await readCatalog(connection, kinds), {
          owners: !work.unowned,
          otherVersions: [],
          masks: {},
        })
      : selectDumped(before);
  const { told } = makeProgress(world, list, 'Backing up');
  const [written, contents] = await writeAndDigest(project, work, { id, tables, catalog, told }, list);
  const now = await digestRelations(connection, list.filter(isSequence));
  return {
    snapshot: id,
    ...written,
    needs: await readNeeds(connection),
    schema: describeSchema(catalog),
    contents,
    sizes: Object.fromEntries(list.filter(isTable).map(({ name, bytes }) => [name, bytes])),
    moved: movedSince(contents, now),
    left: [...left, ...describeAbsent(await listAbsentTables(connection))],
  };
}

// Rows are digested once the dump has read the definitions, beside the rest of it.
function writeAndDigest(
  project: Project,
  work: BackupWork,
  state: BackupState,
  list: Parameters<typeof digestRelations>[1],
) {
  const { connection, client, stopping } = work;
  let go = () => {};
  const defined = new Promise<void>((resolve) => {
    go = resolve;
  });
  return together(stopping, [
    () =>
      writeDump(project, work, state, async () => {
        await lockViews([connection]);
        go();
      }).finally(go),
    async () => {
      await defined;
      return digestRelations(connection, list, (_, { kind, name, bytes }) => {
        stopping.signal.throwIfAborted();
        // Large objects have no name.
        if (client !== null) state.told({ name: name || kind }, bytes);
      });
    },
  ]);
}

// A table that was created between the listing and the snapshot is in it, but is not locked.
async function checkHeld(
  connection: ServerConnection,
  { environment }: BackupSource,
  tables: readonly HeldTable[],
): Promise<void> {
  const held = new Set(tables.map(({ name }) => name));
  const seen = await listHeldTables(connection);
  if (seen.some(({ name }) => !held.has(name))) throw new Problem('changed_meanwhile', { environment });
}

// The first failure stops the other work, and is the one that is thrown.
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
