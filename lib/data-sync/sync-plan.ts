// The plan of a sync: how many rows of each table change, and what forbids it.
import { Problem } from '../problem/problem.ts';
import type { NamedTarget } from '../project/target-address.ts';
import { type InterruptedRun, noRows } from './checkpoint.ts';
import type { ComparedTable } from './compare-tables.ts';
import type { NamedEnds } from './comparison.ts';
import type { BothSides, PairingNote } from './shape.ts';
import type { SinceUse } from './since-shape.ts';

/** The options that limit a sync. */
export interface SyncLimits {
  /** Delete no rows of the target. */
  readonly keepDeleted?: boolean;
  /** How many rows of a table may be deleted: a number, or a part, as `10%`. Default: 10%. */
  readonly maxDeletes?: string;
  /** Go on although more rows would be deleted, or other rows would change by foreign keys. */
  readonly force?: boolean;
}

/** The rows of one table that will change. */
export interface PlannedTable {
  /** Qualified and quoted, of the target. */
  readonly name: string;
  readonly rows: BothSides<number>;
  readonly inserts: number;
  readonly updates: number;
  readonly deletes: number;
  /** Extra rows that stay. */
  readonly kept: number;
  /** Rows of the target without an old id, which take no part; 0 where ids are the same. */
  readonly unmapped: number;
  /** Their ids, up to a thousand, if they are asked for. */
  readonly unmappedIds?: readonly string[];
  /** How a table with `since` was compared: `rows` are those that were. Left out: all rows were. */
  readonly since?: SinceUse;
}

/** The changes that a sync is going to make. */
export interface RowSyncPlan {
  readonly source: NamedTarget;
  readonly target: NamedTarget;
  readonly asOf: BothSides<Date>;
  readonly tables: readonly PlannedTable[];
  readonly notes: readonly PairingNote[];
}

/** Plans one table. */
export function planTable(
  { pair, rows, counts }: Pick<ComparedTable, 'pair' | 'rows' | 'counts'>,
  { keepDeleted = false }: SyncLimits,
  more: Pick<PlannedTable, 'unmapped' | 'unmappedIds' | 'since'> = { unmapped: 0 },
): PlannedTable {
  const { missing, changed, extra } = counts;
  return {
    name: pair.to.table.name,
    rows,
    inserts: missing,
    updates: changed,
    deletes: keepDeleted ? 0 : extra,
    kept: keepDeleted ? extra : 0,
    ...more,
  };
}

// So that a small table can lose a few rows.
const few = 20;

/**
 * Refuses a plan that would delete too many rows of a table: above the limit, or all because the source has
 * none. A run in batches is judged once: rows that it has deleted before it was interrupted count, and those
 * that its first plan had are allowed.
 * @param earlier the interrupted run
 * @throws Problem `too_many_deletions`, `bad_option`
 */
export function refuseManyDeletions(
  { target, tables }: RowSyncPlan,
  { maxDeletes, force }: SyncLimits,
  earlier: Pick<InterruptedRun, 'tables' | 'planned'> | null = null,
): void {
  const limit = readLimit(maxDeletes);
  if (force) return;
  const faults = tables
    .map(({ name, deletes, rows }) => {
      const { inserted, deleted } = earlier?.tables.get(name) ?? noRows;
      return {
        name,
        deletes,
        all: deletes + deleted,
        source: rows.from,
        target: rows.to + deleted - inserted,
      };
    })
    .filter(({ name, deletes, all, source, target }) => {
      if (deletes === 0 || all <= (earlier?.planned[name] ?? 0)) return false;
      if (limit.is === 'rows') return all > limit.most;
      return (source === 0 || all > few) && all > (target * limit.most) / 100;
    })
    .map(({ name, all, target: rows }) => `${all} of ${rows} in ${name}`);
  if (faults.length > 0) throw new Problem('too_many_deletions', { target: target.name, tables: faults });
}

type Limit = { readonly is: 'rows' | 'percent'; readonly most: number };

function readLimit(given = '10%'): Limit {
  const [, digits = '', percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(String(given).trim()) ?? [];
  if (digits === '')
    throw new Problem('bad_option', {
      option: '--max-deletes',
      reason: `${given} is neither a number of rows nor a part such as 10%`,
    });
  return { is: percent === '%' ? 'percent' : 'rows', most: Number(digits) };
}

/**
 * Refuses what cannot be written: refused tables and columns, rights that are missing.
 * @throws Problem `sync_refused`
 */
export function refuseUnwritable(
  { from, to }: NamedEnds,
  notes: readonly PairingNote[],
  tables: readonly ComparedTable[],
  planned: readonly PlannedTable[],
): void {
  const plans = new Map(planned.map((one) => [one.name, one]));
  const tableOf = ({ what }: PairingNote) =>
    planned.find(({ name }) => what === name || what.startsWith(`${name}.`));
  const faults = [
    ...notes.flatMap((note) => {
      const plan = tableOf(note);
      const isMet =
        note.forbids === 'comparing' ||
        (note.forbids === 'inserting' && (plan?.inserts ?? 0) > 0) ||
        (note.forbids === 'writing' && plan !== undefined && plan.inserts + plan.updates + plan.deletes > 0);
      return isMet ? [`${note.what}: ${note.reason}`] : [];
    }),
    ...tables.flatMap(({ pair: { to, ids } }) => {
      const { name, may } = to.table;
      const plan = plans.get(name);
      if (plan === undefined) return [];
      const missing = [
        ...(plan.inserts > 0 && !may.insert ? ['INSERT'] : []),
        ...(plan.updates > 0 && !may.update ? ['UPDATE'] : []),
        ...(plan.deletes > 0 && !may.delete ? ['DELETE'] : []),
      ];
      const mapping = plan.inserts > 0 && ids?.mapping && !ids.mapping.may.insert ? ids.mapping : null;
      const isDeleting =
        plan.deletes > 0 && ids?.allotted?.is === 'table' && ids.allotted.mapping.deleted !== null;
      const gone = isDeleting && ids?.mapping && !ids.mapping.may.delete ? ids.mapping : null;
      return [
        ...(missing.length > 0 ? [`${name}: the role of the target may not ${missing.join(', ')}`] : []),
        ...(mapping === null ? [] : [`${mapping.name}: the role of the target may not INSERT new ids`]),
        ...(gone === null ? [] : [`${gone.name}: the role of the target may not DELETE old ids`]),
      ];
    }),
  ];
  if (faults.length > 0) throw new Problem('sync_refused', { source: from.name, target: to.name, faults });
}
