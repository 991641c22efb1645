// Unique values that rows exchange. A statement checks most unique indexes row by row, so a row cannot take
// the value of another one that gives it up later in the same statement.
import { quote } from '../model/quote.ts';
import type { ForeignKeyShape, TablePair, UniqueShape } from './shape.ts';
import { type StagedTable, stageNames, writtenColumn } from './stages.ts';

/** How rows of a table exchange unique values. */
export type Exchange =
  /** The rows whose values others take are deleted and inserted again: no foreign key may act on it. */
  | 'move'
  /** They lose their values for a moment. */
  | 'null'
  /** The constraint is dropped, and made again. */
  | 'drop';

/** A unique index or constraint, whose values are looked for, and how rows exchange them. */
export interface ConflictRule {
  readonly unique: UniqueShape;
  readonly exchange: Exchange;
}

/**
 * The rules of the unique indexes of a pair whose values an update can take from another row; none for the
 * key itself, and none for what the server checks at the end of the statement.
 */
export function conflictRules(pair: TablePair, foreignKeys: readonly ForeignKeyShape[]): ConflictRule[] {
  const known = new Set(pair.columns.map(({ name }) => name));
  const key = new Set(pair.key.map(({ name }) => name));
  return pair.to.table.uniques
    .filter(
      ({ deferrable, columns }) =>
        !deferrable &&
        columns?.every((name) => known.has(name) || key.has(name)) &&
        !columns.every((name) => key.has(name)),
    )
    .map((unique) => ({ unique, exchange: exchangeOf(pair, unique, foreignKeys) }));
}

/**
 * How the rows of a table exchange the values of one of its unique indexes: the first way that does no harm.
 */
export function exchangeOf(
  pair: TablePair,
  unique: UniqueShape,
  foreignKeys: readonly ForeignKeyShape[],
): Exchange {
  if (mayMove(pair, foreignKeys)) return 'move';
  return emptied(pair, unique, foreignKeys).length > 0 ? 'null' : 'drop';
}

/** True if no foreign key acts when a row is deleted and inserted again. */
export function mayMove({ to }: TablePair, foreignKeys: readonly ForeignKeyShape[]): boolean {
  return foreignKeys.every(
    ({ refersTo, onDelete }) => refersTo !== to.table.name || onDelete === 'no action',
  );
}

/** The columns of a unique index that can be null for a moment, so that it does not see the row. */
export function emptied(
  pair: TablePair,
  { columns, nullsNotDistinct, is }: UniqueShape,
  foreignKeys: readonly ForeignKeyShape[],
): readonly string[] {
  if (columns === null || nullsNotDistinct || is === 'primary key') return [];
  const key = new Set(pair.key.map(({ name }) => name));
  const referred = new Set(
    foreignKeys.filter(({ refersTo }) => refersTo === pair.to.table.name).flatMap((one) => one.referred),
  );
  return columns.filter((name) => {
    const { notNull, generated } = writtenColumn(pair, name);
    return !notNull && generated === null && !key.has(name) && !referred.has(name);
  });
}

/**
 * SQL that marks rows in the list of changing ones as `moves`, because another row takes a value that they
 * have.
 */
export function markTaken(table: StagedTable, { columns }: UniqueShape): string {
  const { fresh, changing } = stageNames(table);
  const { pair } = table;
  const same = (columns ?? []).map((name) => {
    const at = pair.columns.findIndex((one) => one.name === name);
    return `t.${quote(name)} = s.c${at}`;
  });
  return `update ${changing} h set moves = true from ${pair.to.from}, ${fresh} s, ${changing} a
    where t.ctid = h.c and t.tableoid = h.r and a.s = s.ctid and a.s <> h.s and ${same.join(' and ')}`;
}

/** SQL that marks all rows of a table. */
export const markAll = (table: StagedTable): string =>
  `update ${stageNames(table).changing} set moves = true`;

/** SQL that marks rows whose column GENERATED ALWAYS changes: an UPDATE does not write it. */
export function markIdentity(table: StagedTable): readonly string[] {
  const { pair } = table;
  const { fresh, changing } = stageNames(table);
  return pair.columns.flatMap(({ name }, at) =>
    writtenColumn(pair, name).identity !== 'always' || pair.key.some((one) => one.name === name)
      ? []
      : [
          `update ${changing} h set moves = true from ${pair.to.from}, ${fresh} s
            where t.ctid = h.c and t.tableoid = h.r and h.s = s.ctid and t.${quote(name)} <> s.c${at}`,
        ],
  );
}

/**
 * SQL that empties columns of the marked rows, which are found at their new places then, and unmarks them.
 */
export function emptyMarked(table: StagedTable, columns: readonly string[]): string {
  const { changing } = stageNames(table);
  const { to } = table.pair;
  const sets = columns.map((name) => `${quote(name)} = null`);
  return `with m as (update ${to.table.isPartitioned ? '' : 'only '}${to.table.name} t
      set ${sets.join(', ')} from ${changing} h
      where h.moves and t.ctid = h.c and t.tableoid = h.r returning h.s, t.tableoid as r, t.ctid as c)
    update ${changing} a set r = m.r, c = m.c, moves = false from m where a.s = m.s`;
}

/**
 * A query for changing rows whose key gets other bytes, although the target takes both for one (manual:
 * "Composite Type Comparison").
 */
export function otherKeyBytes(table: StagedTable): string {
  const { pair } = table;
  const { fresh, changing } = stageNames(table);
  const own = pair.key.filter(({ written }) => written === undefined);
  const now = own.map(({ value, type }) => `(${value.to})::${type}`);
  const wanted = own.map(({ name }) => `s.c${pair.columns.findIndex((one) => one.name === name)}`);
  return `select from ${changing} a, ${fresh} s, ${pair.to.from}
    where a.s = s.ctid and t.ctid = a.c and t.tableoid = a.r
      and pg_catalog.record_image_ne(row(${now.join(', ')}), row(${wanted.join(', ')}))`;
}
