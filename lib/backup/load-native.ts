// Replaces the content of a database by a dump of pgmage's own format.
import { readCatalog } from '../catalog/read.ts';
import { clearRows, planClearing } from '../copy/clear-target.ts';
import { quoteForTarget, runAsOwners, runSteps } from '../copy/engines.ts';
import {
  explainPlaces,
  findExtensions,
  listOtherVersions,
  type WantedExtension,
} from '../copy/extensions.ts';
import { type CopySelection, selectCopyable } from '../copy/selection.ts';
import { addStaying, type StayingPart } from '../copy/staying.ts';
import { compareSchemas } from '../copy/verify.ts';
import { countBytes } from '../flow/archive.ts';
import { readOwners } from '../flow/as-owner.ts';
import { type LargeObjectStep, largeObjectSteps, runLargeObjectStep } from '../flow/large-objects.ts';
import { type NativeEntry, readNative } from '../flow/native.ts';
import { type OwnerWrittenTables, readOwnerWrittenTables, writeRows } from '../flow/row-writing.ts';
import { setSequences } from '../flow/sequences.ts';
import { buildCopyIn } from '../flow/tables.ts';
import { copiedKinds, kinds } from '../kinds/index.ts';
import { extensionVersionId, isExtension } from '../kinds/named-objects.ts';
import { type Catalog, withRelations } from '../model/catalog.ts';
import { type Fact, ownName } from '../model/fact.ts';
import type { Step } from '../model/step.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { readingSettings } from '../pg/snapshot.ts';
import { withPath } from '../pg/user-path.ts';
import { planAroundRows } from '../plan/around-data.ts';
import { formatCount } from '../problem/amount.ts';
import { Problem } from '../problem/problem.ts';

// A catalog that an earlier release may have written, as it is read today.
function upgraded(catalog: Catalog): Catalog {
  const facts = new Map<string, Fact>();
  for (const fact of catalog.facts.values()) {
    const upgrade = kinds.get(fact.kind)?.reconcile?.upgraded;
    const payload = upgrade === undefined ? fact.payload : upgrade(fact.payload, fact);
    if (payload !== null) facts.set(fact.id, { ...fact, payload });
  }
  return withRelations(catalog, facts, () => catalog);
}

/** The input of a load. */
export interface NativeLoading {
  readonly path: string;
  /** The target's name, for messages. */
  readonly environment: string;
  readonly noOwner: boolean;
  /** The search path of the source's functions. */
  readonly searchPath: string;
  readonly signal: AbortSignal;
  /** Called for each table before its rows with 0, and then as its bytes pass. */
  told(table: string, bytes: number): void;
  /** Is called when tables and functions are there, before rows, indexes and constraints are made. */
  defined(): Promise<void>;
  /** Is called when all rows are there. */
  loaded(): void;
}

/** The result of a load. */
export interface NativeLoaded {
  /** The differences of the schema from the dump. */
  readonly wrong: readonly string[];
  /** Differences that are not errors. */
  readonly notes: readonly string[];
  /** The names of tables and sequences of the target that stay as they were. */
  readonly staying: ReadonlySet<string>;
}

/**
 * Replaces all in the connection's transaction, which it neither begins nor ends.
 * @throws Problem `backup_damaged`, `unfit_target`, `plan_cycle`; of the connection
 */
export async function loadNative(connection: ServerConnection, load: NativeLoading): Promise<NativeLoaded> {
  let made: MadeSchema | undefined;
  const go = () => load.signal.throwIfAborted();
  await readNative(
    load.path,
    async (catalog) => {
      made = await makeSchema(connection, load, upgraded(catalog), go);
    },
    async (entry) => {
      go();
      await loadEntry(connection, load, made as MadeSchema, entry);
    },
  );
  const { wanted, wish, stays } = made as unknown as MadeSchema;
  await connection.execute(readingSettings);
  const compared = (catalog: Catalog) => selectCopyable(catalog, wish).catalog;
  const reached = compared(await readCatalog(connection, kinds));
  const { wrong, extra, reworded } = compareSchemas(reached, compared(wanted));
  const notes = [
    ...stays.notes,
    ...wish.otherVersions.map((name) => `this server has another version of the extension ${name}`),
    ...(reworded === 0 ? [] : [`this server writes ${formatCount(reworded, 'definition')} differently`]),
  ];
  return { wrong: [...wrong, ...extra], notes, staying: stays.relations };
}

/** The schema of a dump, as far as it is made before the rows. */
interface MadeSchema {
  readonly wanted: Catalog;
  readonly wish: CopySelection;
  readonly stays: StayingPart;
  /** The steps that are left for after the rows. */
  readonly after: readonly Step[];
  readonly guarded: OwnerWrittenTables;
}

async function makeSchema(
  connection: ServerConnection,
  { environment, noOwner, defined }: NativeLoading,
  dumped: Catalog,
  go: () => void,
): Promise<MadeSchema> {
  const found = await findExtensions(connection, extensionsIn(dumped));
  const reasons = explainPlaces(environment, found);
  if (reasons.length > 0) throw new Problem('unfit_target', { environment, reasons });
  const wish = { owners: !noOwner, otherVersions: listOtherVersions(found), masks: {} };
  const { catalog } = selectCopyable(dumped, wish);
  const { wanted, stays } = await addStaying(connection, catalog, environment);
  const { steps, left } = planClearing(await readCatalog(connection, copiedKinds), wanted, stays.ids);
  const halves = planAroundRows(left, wanted, kinds);
  const after = quoteForTarget(halves.after, wanted, connection);
  await runSteps(connection, steps, go);
  await clearRows(connection, stays.relations);
  await runSteps(connection, quoteForTarget(halves.before, wanted, connection), go);
  await defined();
  const guarded = await readOwnerWrittenTables(connection);
  return { wanted, wish, stays, guarded, after: runAsOwners(after, wanted, await readOwners(connection)) };
}

// The extensions of a dump. One of which the dump names no version gets the server's.
function extensionsIn({ facts }: Catalog): WantedExtension[] {
  return [...facts.values()].filter(isExtension).map((fact) => ({
    name: ownName(fact.path),
    version: (facts.get(extensionVersionId(fact))?.payload.version ?? null) as string | null,
    schema: String(fact.payload.schema),
  }));
}

async function loadEntry(
  connection: ServerConnection,
  { noOwner, searchPath, signal, told, loaded }: NativeLoading,
  { guarded, after }: MadeSchema,
  entry: NativeEntry,
): Promise<void> {
  if (entry.is === 'table') {
    const { name, columns, extension } = entry.table;
    told(name, 0);
    // Writing no rows would need the right to write.
    const some = extension === null ? entry.rows : await peek(entry.rows);
    if (some === null) return;
    const rows = countBytes(some, (bytes) => told(name, bytes));
    const into = (to: string) => buildCopyIn({ ...entry.table, name: to, part: to !== name });
    await writeRows(connection, guarded, { name, columns, into, rows, path: searchPath });
  } else if (entry.is === 'part')
    await runLargeObjectStep(connection, largeObjectSteps[entry.index] as LargeObjectStep, entry.rows);
  else {
    const { standings, said } = entry.closing;
    await setSequences(connection, standings);
    for (const sql of noOwner ? said.comments : said.all) await connection.execute(sql);
    loaded();
    const go = () => signal.throwIfAborted();
    await withPath(connection, searchPath, () => runSteps(connection, after, go));
  }
}

// The same rows; null: there are none.
async function peek(rows: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array> | null> {
  const rest = rows[Symbol.asyncIterator]();
  const first = await rest.next();
  if (first.done) return null;
  return (async function* () {
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => rest };
  })();
}
