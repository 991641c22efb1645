// Replaces the rows of a database by those of another one with the same schema, which stays.
import { readCatalog } from '../catalog/read.ts';
import { readOwners } from '../flow/as-owner.ts';
import { type Digest, digestRelations, listRelations } from '../flow/digest.ts';
import { copyLargeObjects, removeLargeObjects } from '../flow/large-objects.ts';
import { makeProgress } from '../flow/progress.ts';
import { type SequenceValue, setSequences } from '../flow/sequences.ts';
import { copyTables, type TableRows } from '../flow/tables.ts';
import { kinds } from '../kinds/index.ts';
import { isColumn, isTable, sequenceId, tableId } from '../kinds/named-objects.ts';
import { type Catalog, getRoot, withDependents, withoutFacts } from '../model/catalog.ts';
import { makeDifference } from '../model/diff.ts';
import type { Fact } from '../model/fact.ts';
import type { Step } from '../model/step.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { withPath } from '../pg/user-path.ts';
import { comesLate, planCompletion } from '../plan/around-data.ts';
import { plan } from '../plan/plan.ts';
import { Problem } from '../problem/problem.ts';
import { withoutLedger } from '../project/ignore.ts';
import type { World } from '../project/world.ts';
import { deleteRows } from './clear-target.ts';
import { readCopySet, readSourceSequences } from './copy-set.ts';
import { type CopySet, runAsOwners, runSteps } from './engines.ts';
import { type CopyReport, type CopyResult, verifyCopy } from './in-place.ts';
import type { CopyEnds } from './preflight.ts';
import { type CopySelection, selectCopyable } from './selection.ts';
import { compareSchemas, selectDigests } from './verify.ts';

// The number of differences that a refusal lists.
const told = 5;

/**
 * Replaces the rows of tables, where sequences stand, and large objects; the ledger of each says what became
 * of it, and stays. Both sessions are in a transaction, as for a whole clone.
 * @throws Problem `clone_refused` where the schemas differ; `not_as_source`; of both connections
 */
export async function replaceRows(world: World, ends: CopyEnds, wish: CopySelection): Promise<CopyReport> {
  const [source, target] = [ends.from.connection, ends.to.connection];
  const { cargo, wanted } = await readRowSet(source, wish);
  const there = await readCatalog(target, kinds);
  const differences = differing(there, wanted, wish);
  if (differences.length > 0) {
    const [from, to] = [ends.from.named.name, ends.to.named.name];
    const rest = differences.length - told;
    const list = [...differences.slice(0, told), ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
    const faults = [`their schemas differ: ${list} (see db:diff --from ${from} --to ${to})`];
    throw new Problem('clone_refused', { source: from, target: to, faults });
  }
  const { tables, objects, path } = cargo;
  const progress = makeProgress(world, tables);
  const { down, up } = planAside(there, tables);
  await runSteps(target, down);
  const own = tables.filter(({ extension }) => extension === null);
  if (own.length > 0) await target.execute(`truncate ${own.map(({ name }) => `only ${name}`).join(', ')}`);
  for (const table of tables) if (table.extension !== null) await deleteRows(target, table);
  await copyTables(source, target, tables, { told: progress.told, path });
  if (objects) {
    await removeLargeObjects(target);
    await copyLargeObjects(source, target, wish.owners);
  }
  const positions = await positionsOf(source, target, cargo, wish);
  await setSequences(target, positions);
  world.progress(`Checking constraints in ${ends.to.named.name}`);
  const again = runAsOwners(up, there, await readOwners(target));
  await withPath(target, path, () => runSteps(target, again));
  world.progress(`Comparing ${ends.to.named.name} with ${ends.from.named.name}`);
  const before = await digestsOf(source, cargo, true);
  const after = await digestsOf(target, cargo, false);
  const found: CopyResult = { before, after, positions, bytes: progress.bytes() };
  // Other content of the target was compared before, and is unchanged.
  const now = await readCatalog(target, kinds);
  return verifyCopy(ends, wish, cargo, { ...found, schema: compareSchemas(now, there) });
}

/** The tables whose rows are replaced, from the source. @throws Problem `bad_option`; of the connection */
export async function readRowSet(
  source: ServerConnection,
  wish: CopySelection,
): Promise<{ cargo: CopySet; wanted: Catalog }> {
  const cargo = await readCopySet(source, wish);
  const wanted = withoutLedger(cargo.wanted);
  const isOwn = ({ name, extension }: TableRows) => extension !== null || wanted.facts.has(tableId(name));
  return { wanted, cargo: { ...cargo, wanted, tables: cargo.tables.filter(isOwn), empty: [] } };
}

// With selected tables, other objects of the target do not matter.
function differing(
  there: Catalog,
  wanted: Catalog,
  { owners, otherVersions, tables }: CopySelection,
): string[] {
  const reached = withoutLedger(selectCopyable(there, { owners, otherVersions, masks: {} }).catalog);
  const { wrong, extra } = compareSchemas(reached, wanted);
  return tables === undefined ? [...wrong, ...extra] : wrong;
}

function watches(fact: Fact): boolean {
  const asked = kinds.get(fact.kind)?.data?.watchesRows;
  return typeof asked === 'function' ? asked(fact) : (asked ?? false);
}

/** Plans the drop of objects that check rows or act on them, while rows are replaced, and their return. */
export function planAside(
  there: Catalog,
  tables: readonly TableRows[],
): { down: readonly Step[]; up: readonly Step[] } {
  const filled = new Set(tables.map(({ name }) => tableId(name)));
  const touches = (id: string | null) => {
    const fact = there.facts.get(id ?? '');
    const holder = fact !== undefined && isColumn(fact) ? there.facts.get(fact.parent ?? '') : fact;
    // Rows of a partitioned table are in others.
    return holder !== undefined && (filled.has(holder.id) || (holder.payload.partitionKey ?? null) !== null);
  };
  const isAside = (fact: Fact) =>
    kinds.get(fact.kind)?.data?.ofRows ||
    (watches(fact) &&
      comesLate(fact, there, kinds) &&
      // Rows of any table can contain a domain, so it counts for all of them.
      (kinds.get(getRoot(there, fact).kind)?.data?.holdsData === undefined ||
        touches(fact.parent) ||
        [...(there.needs.get(fact.id)?.keys() ?? [])].some(touches)));
  const ids = [...there.facts.values()].filter(isAside).map(({ id }) => id);
  const rest = withoutFacts(there, withDependents(there, ids, true));
  const { major, role } = there;
  return {
    down: plan({ difference: makeDifference(there, rest, kinds), kinds }),
    up: plan({ difference: planCompletion(rest, there, kinds), kinds, major, role }),
  };
}

/** The positions of the sequences of the replaced tables. @throws Problem of a connection */
export async function positionsOf(
  source: ServerConnection,
  target: ServerConnection,
  { wanted, tables }: CopySet,
  wish: CopySelection,
): Promise<SequenceValue[]> {
  const all = await readSourceSequences(source, target);
  const own = all.filter(({ name }) => !/^pgmage\./.test(name));
  if (wish.tables === undefined) return own;
  const owned = await source.rows<{ name: string }>(
    `select format('%I.%I', n.nspname, s.relname) as name from pg_class s join pg_namespace n
      on n.oid = s.relnamespace
      join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = s.oid
      and d.refclassid = 'pg_class'::regclass
      where s.relkind = 'S' and d.deptype in ('a', 'i') and d.refobjid = any ($1::text[]::regclass[])`,
    [tables.map(({ name }) => name)],
  );
  const names = new Set(owned.map(({ name }) => name));
  return own.filter(({ name }) => names.has(name) || wanted.facts.has(sequenceId(name)));
}

async function digestsOf(
  connection: ServerConnection,
  { wanted, tables, objects }: CopySet,
  masks: boolean,
): Promise<Digest[]> {
  const list = selectDigests(await listRelations(connection), wanted, tables, { objects, masks });
  const names = new Set(tables.map(({ name }) => name));
  return digestRelations(
    connection,
    list
      .filter((one) => !isTable(one) || names.has(one.name))
      .filter(({ kind }) => objects || kind !== 'large objects'),
  );
}
