// The columns of two tables that are paired, and the notes on those that are not carried as they are.
import { quote } from '../model/quote.ts';
import { type FoundIds, type IdsOfColumns, pairIds } from './ids-columns.ts';
import { type PairingMeans, pairColumn } from './paired-columns.ts';
import type { BothSides, ColumnPair, ColumnShape, FitCheck, PairingNote, TableShape } from './shape.ts';

/** The input for the columns of one pair. */
export type PairMeans = PairingMeans & IdsOfColumns;

/** The columns of a pair of tables. */
export interface PairedColumns {
  readonly columns: readonly ColumnPair[];
  readonly fitChecks: readonly FitCheck[];
  readonly plain: ReadonlyMap<string, string>;
  readonly isRefused: boolean;
  /** By column, the joins that give old ids. */
  readonly joins: ReadonlyMap<string, string>;
}

/** Pairs the columns of two tables. @param notes the place for notes on columns */
export function pairColumns(
  { from, to }: BothSides<TableShape>,
  means: PairMeans,
  notes: PairingNote[],
): PairedColumns {
  const all = to.columns.map((column, at) => ({ column, found: findColumn(from, column, at, means) }));
  const own = all.flatMap(({ column, found: { note } }) =>
    note === null ? [] : [{ ...note, what: `${to.name}.${quote(column.name)}` }],
  );
  const uses = all.flatMap(({ found }) => found.uses ?? []);
  notes.push(...own, ...leftOut({ from, to }, uses, means));
  return {
    columns: all.flatMap(({ found: { pair } }) => pair ?? []),
    fitChecks: all.flatMap(({ found }) => found.fitChecks),
    plain: new Map(
      all.flatMap(({ column, found: { isPlain, uses } }) =>
        isPlain && uses !== null ? [[column.name, uses] as const] : [],
      ),
    ),
    joins: new Map(
      all.flatMap(({ column, found: { join } }) => (join === null ? [] : [[column.name, join] as const])),
    ),
    isRefused: own.some(({ forbids }) => forbids === 'comparing'),
  };
}

function findColumn(from: TableShape, column: ColumnShape, at: number, means: PairMeans): FoundIds {
  const reference = means.references.get(column.name);
  if (reference !== undefined)
    return means.wish.maskOf(from, reference.source.name)
      ? maskedId
      : pairIds(column, reference, at, means.casts);
  // A new id beside a column with the old one.
  const isNew = means.ids?.kept.is === 'column' && column.name === means.ids.id.to.name;
  return isNew ? newId : { ...pairColumn(from, column, means), join: null };
}

// The source's columns that the target does not have.
function leftOut(
  { from, to }: BothSides<TableShape>,
  uses: readonly string[],
  means: PairMeans,
): PairingNote[] {
  const known = new Set([
    ...to.columns.map(({ name }) => name),
    ...uses,
    // Words of expressions: one that is not a column of the source does no harm.
    ...Object.values(means.own.columns ?? {}).flatMap(
      (sql) => (typeof sql === 'string' ? sql : '').match(/[\p{L}_][\p{L}\p{N}_$]*/gu) ?? [],
    ),
  ]);
  return from.columns
    .filter(({ name }) => !known.has(name))
    .map(
      ({ name }): PairingNote => ({
        verdict: 'skipped',
        what: `${from.name}.${quote(name)}`,
        reason: 'the target has no such column',
        isLeftOut: true,
      }),
    );
}

const maskedId: FoundIds = {
  join: null,
  pair: null,
  fitChecks: [],
  uses: null,
  isPlain: false,
  note: { verdict: 'refused', reason: 'its old id has a mask, so no id fits it', forbids: 'comparing' },
};

const newId: FoundIds = {
  join: null,
  pair: null,
  fitChecks: [],
  uses: null,
  isPlain: false,
  note: { verdict: 'skipped', reason: 'the target has new ids in it' },
};
