// The costs of a plan's steps, with the sizes of their tables.
import { kinds } from '../kinds/index.ts';
import { type Catalog, getParent } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import { stripPublic } from '../model/fact-name.ts';
import { literal, qualify } from '../model/quote.ts';
import type { SettledPair } from '../model/reconcile.ts';
import { nameInSession } from '../model/schema-pair.ts';
import { type Hazard, type Step, splitCombined } from '../model/step.ts';
import type { Connection } from '../pg/connection.ts';
import { pinned } from '../pg/pinned.ts';
import type { Rename } from '../plan/renames.ts';
import { Problem } from '../problem/problem.ts';

/** One thing that a statement costs. */
export interface Caution {
  readonly hazard: Hazard;
  /** The statement as it may be shown. */
  readonly sql: string;
  /** The table of the step; null: none, a new one, or unknown. */
  readonly table: TableSize | null;
}

/** The size of a table, with its indexes and partitions. */
export interface TableSize {
  readonly name: string;
  /** As the server estimates; null: it never counted. */
  readonly rows: number | null;
  readonly bytes: number;
}

/** The path that a table has in the database, by the one that it will have; null: it is not there. */
export type FormerName = (path: readonly string[]) => readonly string[] | null;

/** The names before the renames of a plan. */
export const nameBeforeRenames =
  (renames: readonly Rename[]): FormerName =>
  (path) => {
    const former = renames.find(({ to }) => qualify(to) === qualify(path));
    return former?.from ?? (renames.some(({ from }) => qualify(from) === qualify(path)) ? null : path);
  };

/** The costs of steps, without looking at any table. */
export function listCautions(
  steps: readonly Step[],
  weights: ReadonlyMap<string, TableSize> = new Map(),
): Caution[] {
  return splitCombined(steps).flatMap(({ hazards, fact, sql, shown = sql }) =>
    hazards.map((hazard) => ({ hazard, sql: shown, table: weights.get(fact) ?? null })),
  );
}

/**
 * The costs of steps, with the size of each table in the database.
 * @param sides the start and the end of the steps
 * @param nameBefore the names before renames that the database does not have yet
 * @throws Problem of the connection
 */
export async function weighSteps(
  connection: Connection,
  steps: readonly Step[],
  { before, after }: SettledPair,
  nameBefore: FormerName,
): Promise<Caution[]> {
  const tables = new Map<string, string>();
  for (const { fact: id, hazards } of splitCombined(steps)) {
    if (hazards.length === 0 || tables.has(id)) continue;
    // A new part of a table that is there; a new table may have the name of one that is renamed.
    const table = tableOf(before, id) ?? before.facts.get(tableOf(after, id)?.id ?? '');
    const path = table === undefined ? null : nameBefore(table.path);
    if (path !== null) tables.set(id, qualify(path));
  }
  if (tables.size === 0) return listCautions(steps);
  const known = await readTableSizes(connection, new Set(tables.values()));
  return listCautions(
    steps,
    new Map(
      [...tables].flatMap(([id, name]) => (known.has(name) ? [[id, known.get(name) as TableSize]] : [])),
    ),
  );
}

/**
 * The sizes of tables and materialized views, by their qualified and quoted names; without those that the
 * database does not have. It waits for no lock: a table that is locked has the size of its last ANALYZE.
 * @throws Problem of the connection
 */
export async function readTableSizes(
  connection: Connection,
  names: ReadonlySet<string>,
): Promise<ReadonlyMap<string, TableSize>> {
  if (names.size === 0) return new Map();
  const written = new Map([...names].map((name) => [nameInSession(connection, name), name]));
  const found = await readSizes(connection, [...written.keys()]);
  return new Map(
    found.map(({ name: actual, ...size }) => {
      const name = written.get(actual) ?? actual;
      return [name, { ...size, name: stripPublic(name) }];
    }),
  );
}

// The functions of sizes take locks, for which others may wait long; another session may take one between.
async function readSizes(connection: Connection, names: readonly string[]): Promise<TableSize[]> {
  const limit = `select pg_catalog.set_config('lock_timeout', '1s', true)`;
  const read = async (isLocked: string) => {
    const [, , rows] = await connection.batch([pinned, limit, sizes(names, isLocked)]);
    return rows as TableSize[];
  };
  return read(lockedNow).catch((thrown: unknown) => {
    if (!(thrown instanceof Problem) || thrown.code !== 'lock_timeout') throw thrown;
    return read('true');
  });
}

// The table that a fact is, or is a part of.
function tableOf(catalog: Catalog, id: string): Fact | undefined {
  let fact = catalog.facts.get(id);
  for (let above = fact; above !== undefined; above = getParent(catalog, above)) fact = above;
  if (fact === undefined) return undefined;
  const slots = kinds.get(fact.kind)?.order?.slots?.(fact) ?? [];
  return slots.includes(`relation ${qualify(fact.path)}`) ? fact : undefined;
}

// The parts of a table. Another session keeps readers off one of these, or is about to.
const parts = `select unnest(array[c.oid, c.reltoastrelid])
  union all select indexrelid from pg_index where indrelid in (c.oid, c.reltoastrelid)`;
const lockedNow = `exists (select from pg_locks l where l.mode = 'AccessExclusiveLock'
  and l.locktype = 'relation' and l.pid is distinct from pg_backend_pid()
  and l.database = (select oid from pg_database where datname = current_database())
  and l.relation in (${parts}))`;

// The estimate of a partitioned table is the sum of its partitions, which are counted themselves. A table's
// estimate is -1 until it is counted for the first time, and 0 since it was counted empty: only a table
// without a page is certainly empty. Found by the catalog: to_regclass wants USAGE of the schema.
const sizes = (names: readonly string[], isLocked: string) => `
  select t.name, case when bool_or(c.reltuples <= 0 and case when ${isLocked} then c.relkind <> 'p'
        else pg_relation_size(c.oid) > 0 end) then null
      else coalesce(sum(greatest(c.reltuples, 0)) filter (where c.relkind <> 'p'), 0)::float8 end as rows,
    sum(case when ${isLocked} then (select sum(p.relpages::int8) * current_setting('block_size')::int8
        from pg_class p where p.oid in (${parts}))
      else pg_total_relation_size(c.oid) end)::float8 as bytes
  from (select format('%I.%I', n.nspname, o.relname) as name, o.oid, o.relkind
      from pg_class o join pg_namespace n on n.oid = o.relnamespace where o.relkind not in ('i', 'I', 't')) t
    join pg_class c on c.oid = t.oid or t.relkind = 'p' and c.oid in (select relid
    from pg_partition_tree(t.oid))
  where t.name in (${names.map((name) => literal(name)).join(', ')})
  group by t.name`;
