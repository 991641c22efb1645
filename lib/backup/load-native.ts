// Replaces the content of a database by a dump of pgmage's own format.
import { readCatalog } from '../catalog/read.ts';
import { clearRows, planClearing } from '../copy/clear-target.ts';
import { quoteForTarget, runAsOwners, runSteps } from '../copy/engines.ts';
import { selectCopyable } from '../copy/selection.ts';
import { compareSchemas } from '../copy/verify.ts';
import { countBytes } from '../flow/archive.ts';
import { readOwners } from '../flow/as-owner.ts';
import { type LargeObjectStep, largeObjectSteps, runLargeObjectStep } from '../flow/large-objects.ts';
import { type NativeEntry, readNative } from '../flow/native.ts';
import { type OwnerWrittenTables, readOwnerWrittenTables, writeRows } from '../flow/row-writing.ts';
import { setSequences } from '../flow/sequences.ts';
import { buildCopyIn } from '../flow/tables.ts';
import { copiedKinds, kinds } from '../kinds/index.ts';
import { type Catalog, withRelations } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import type { Step } from '../model/step.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { readingSettings } from '../pg/snapshot.ts';
import { withPath } from '../pg/user-path.ts';
import { planAroundRows } from '../plan/around-data.ts';

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
  readonly noOwner: boolean;
  /** The search path of the source's functions. */
  readonly searchPath: string;
  readonly signal: AbortSignal;
  /** Called for each table before its rows with 0, and then as its bytes pass. */
  told(table: string, bytes: number): void;
  /** Is called when all rows are there. */
  loaded(): void;
}

/**
 * Replaces all in the connection's transaction, which it neither begins nor ends.
 * @returns the differences of the schema from the dump, and the number of definitions that this server writes
 * differently
 * @throws Problem `backup_damaged`, `plan_cycle`; of the connection
 */
export async function loadNative(
  connection: ServerConnection,
  load: NativeLoading,
): Promise<{ wrong: string[]; reworded: number }> {
  const wish = { owners: !load.noOwner, otherVersions: [], masks: {} };
  let made: MadeSchema | undefined;
  const go = () => load.signal.throwIfAborted();
  await readNative(
    load.path,
    async (catalog) => {
      made = await makeSchema(connection, selectCopyable(upgraded(catalog), wish).catalog, go);
    },
    async (entry) => {
      go();
      await loadEntry(connection, load, made as MadeSchema, entry);
    },
  );
  const { wanted } = made as unknown as MadeSchema;
  await connection.execute(readingSettings);
  const reached = selectCopyable(await readCatalog(connection, kinds), wish).catalog;
  const { wrong, extra, reworded } = compareSchemas(reached, wanted);
  return { wrong: [...wrong, ...extra], reworded };
}

/** The schema of a dump, as far as it is made before the rows. */
interface MadeSchema {
  readonly wanted: Catalog;
  /** The steps that are left for after the rows. */
  readonly after: readonly Step[];
  readonly guarded: OwnerWrittenTables;
}

async function makeSchema(
  connection: ServerConnection,
  wanted: Catalog,
  go: () => void,
): Promise<MadeSchema> {
  const { steps, left } = planClearing(await readCatalog(connection, copiedKinds), wanted);
  const halves = planAroundRows(left, wanted, kinds);
  const after = quoteForTarget(halves.after, wanted, connection);
  await runSteps(connection, steps, go);
  await clearRows(connection);
  await runSteps(connection, quoteForTarget(halves.before, wanted, connection), go);
  const guarded = await readOwnerWrittenTables(connection);
  return { wanted, guarded, after: runAsOwners(after, wanted, await readOwners(connection)) };
}

async function loadEntry(
  connection: ServerConnection,
  { noOwner, searchPath, signal, told, loaded }: NativeLoading,
  { guarded, after }: MadeSchema,
  entry: NativeEntry,
): Promise<void> {
  if (entry.is === 'table') {
    const { name, columns } = entry.table;
    told(name, 0);
    const rows = countBytes(entry.rows, (bytes) => told(name, bytes));
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
