// Replaces the content of a database by a backup, in one transaction that is verified before it is committed.

import { readCatalog } from '../catalog/read.ts';
import { beginReplacing, clearRows, planClearing } from '../copy/clear-target.ts';
import { runSteps } from '../copy/engines.ts';
import { loadArchive, loadScript } from '../flow/archive.ts';
import type { Client } from '../flow/child.ts';
import { chooseClient, findClients } from '../flow/client.ts';
import { digestRelations } from '../flow/digest.ts';
import { compareDigests } from '../flow/digest-diff.ts';
import { detectFormat } from '../flow/formats.ts';
import type { Manifest } from '../flow/manifest.ts';
import { makeProgress, type ProgressSink } from '../flow/progress.ts';
import { copiedKinds, kinds } from '../kinds/index.ts';
import { isTable } from '../kinds/named-objects.ts';
import { emptyCatalog } from '../model/empty-catalog.ts';
import type { CommitMark } from '../pg/commit-outcome.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { readingSettings } from '../pg/snapshot.ts';
import { Problem } from '../problem/problem.ts';
import { describeSchema, hasUniqueFingerprints } from './fingerprints.ts';
import { loadNative } from './load-native.ts';
import { inOwnTransaction } from './own-transaction.ts';
import { listTrustedRoles, refuseLoadedCode } from './planned-calls.ts';

/** The backup, and the options of the load. */
export interface BackupLoad {
  readonly environment: string;
  /** The program that unpacks an archive of pg_dump; null if none is needed. */
  readonly client: Client | null;
  readonly path: string;
  readonly manifest: Manifest;
  readonly noOwner: boolean;
  /** Milliseconds to wait for a lock on dropped objects; 0: no limit. */
  readonly lockTimeout: number;
  readonly signal: AbortSignal;
  readonly teller: ProgressSink;
  /** See `World.beforeCommit`. */
  beforeCommit?(connection: ServerConnection): Promise<void>;
  /** Receives the number of the transaction before it is committed. */
  readonly mark?: CommitMark;
}

/** The result of the verification. */
export interface RestoreProof {
  /**
   * `same`: with owners and privileges; `unowned`: without; `other version`: fingerprints of two versions do
   * not compare; `other release`: nor do those of an earlier pgmage that holds entries of the server's own.
   */
  readonly schema: 'same' | 'unowned' | 'other version' | 'other release';
  readonly tables: number;
  readonly rows: number;
  /** Differences that are not errors. */
  readonly notes: readonly string[];
}

/**
 * Drops the content, loads the backup, compares counts, hashes and schema with its manifest, and only then
 * commits. A failure, or the end of this process, leaves the database unchanged, because nothing is lost
 * before the commit.
 * @throws Problem `unfit_target`, `not_as_backed_up`, `client_failed`; of the connection
 */
export async function loadBackup(connection: ServerConnection, load: BackupLoad): Promise<RestoreProof> {
  const { environment, path, mark } = load;
  const isNative = detectFormat(path) === 'native';
  const own = { environment, mark, begin: isNative ? beginReplacing : 'begin' };
  return inOwnTransaction(connection, own, async (check) => {
    const roles = await listTrustedRoles(connection);
    const defined = () => refuseLoadedCode(connection, environment, roles);
    const loadSchema = isNative ? nativeSchema : dumpedSchema;
    const schema = await loadSchema(connection, { ...load, defined });
    load.teller.progress('Comparing it with the manifest');
    const proof = await proven(connection, load, schema);
    await check();
    await load.beforeCommit?.(connection);
    return proof;
  });
}

/**
 * The program that unpacks the dump of a manifest: the newest client; null if none is needed. @throws Problem
 * `no_client`
 */
export async function findUnpacker(manifest: Manifest): Promise<Client | null> {
  const format = detectFormat(manifest.file);
  if (format === 'native' || format === 'plain') return null;
  return chooseClient(await findClients(), writerOf(manifest));
}

// The major version of the pg_dump that wrote it; without one, the server printed the definitions.
const writerOf = ({ tools, server }: Manifest) =>
  tools.pg_dump === null ? server.major : Number.parseInt(tools.pg_dump, 10);

/** Looks at the schema when it is there, before its rows and indexes. */
type SchemaLoad = BackupLoad & { defined(): Promise<void> };

/** The loaded schema, compared with the manifest. */
interface Reached {
  readonly schema: RestoreProof['schema'];
  readonly wrong: readonly string[];
  readonly notes: readonly string[];
  /** The names of relations of the target that are no part of the backup. */
  readonly staying?: ReadonlySet<string>;
}

async function nativeSchema(connection: ServerConnection, load: SchemaLoad): Promise<Reached> {
  const { environment, path, noOwner, signal, lockTimeout, teller, manifest, defined } = load;
  const searchPath = manifest.server.path;
  await connection.execute(`set local lock_timeout = ${lockTimeout}`);
  const told = tellerOf(load);
  const loaded = () => teller.progress('Loading indexes and constraints');
  const loading = { path, environment, noOwner, searchPath, signal, told, defined, loaded };
  return { schema: noOwner ? 'unowned' : 'same', ...(await loadNative(connection, loading)) };
}

// A line for each table, where no bar shows it.
function tellerOf({ teller, manifest }: BackupLoad): (table: string, bytes: number) => void {
  const tables = Object.entries(manifest.sizes ?? {}).map(([name, bytes]) => ({ name, bytes }));
  const { told } = makeProgress(teller, tables, 'Loading');
  return (name, bytes) => {
    if (bytes === 0 && teller.pace === undefined) teller.progress(`Loading ${name}`);
    told({ name }, bytes);
  };
}

async function dumpedSchema(connection: ServerConnection, load: SchemaLoad): Promise<Reached> {
  const { client, path, manifest, signal, defined } = load;
  const noOwner = load.noOwner || manifest.unowned === true;
  await clearTarget(connection, load);
  // pgmage's own script drops it itself.
  if (!manifest.schema.public && manifest.engine === 'pg_dump')
    await connection.execute('drop schema public');
  const writer = writerOf(manifest);
  const loading = { path, writer, noOwner, signal, told: tellerOf(load), defined };
  if (client === null) await loadScript(connection, loading);
  else await loadArchive(connection, { ...loading, client });
  if (manifest.server.major !== connection.major) return { schema: 'other version', wrong: [], notes: [] };
  await connection.execute(readingSettings);
  const way = noOwner ? 'unowned' : 'fingerprint';
  const found = describeSchema(await readCatalog(connection, copiedKinds));
  const isSame = found[way] === manifest.schema[way];
  if (!isSame && hasUniqueFingerprints(manifest)) return { schema: 'other release', wrong: [], notes: [] };
  const wrong = isSame ? [] : ['its schema differs'];
  return { schema: noOwner ? 'unowned' : 'same', wrong, notes: [] };
}

/**
 * Drops all that a database holds, in the transaction that is open.
 * @throws Problem `unfit_target` where that cannot be done in a transaction; of the connection
 */
export async function clearTarget(
  connection: ServerConnection,
  { environment, lockTimeout }: Pick<BackupLoad, 'environment' | 'lockTimeout'>,
): Promise<void> {
  await connection.execute(`${readingSettings}; set local lock_timeout = ${lockTimeout}`);
  const nothing = emptyCatalog(connection.major, kinds);
  const { steps } = planClearing(await readCatalog(connection, copiedKinds), nothing);
  const alone = steps.filter(({ transactional }) => !transactional);
  if (alone.length > 0) {
    const reasons = alone.map(({ sql, shown = sql }) => `${shown} cannot run in a transaction`);
    throw new Problem('unfit_target', { environment, reasons });
  }
  await runSteps(connection, steps);
  await clearRows(connection);
}

async function proven(
  connection: ServerConnection,
  { environment, manifest }: BackupLoad,
  reached: Reached,
): Promise<RestoreProof> {
  const digests = (await digestRelations(connection)).filter(({ name }) => !reached.staying?.has(name));
  const { differences, notes } = compareDigests(manifest.contents, digests, manifest.moved);
  const wrong = [...differences, ...reached.wrong];
  if (wrong.length > 0) throw new Problem('not_as_backed_up', { environment, differences: wrong });
  const tables = digests.filter(isTable);
  return {
    schema: reached.schema,
    tables: tables.length,
    rows: tables.reduce((sum, { rows }) => sum + rows, 0),
    notes: [...reached.notes, ...notes],
  };
}
