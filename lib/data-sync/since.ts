// Tables of which a sync compares only the rows that their source has changed since the last run: their
// conditions, the state that a run keeps of them, and when that state cannot be trusted.

import { createHash } from 'node:crypto';
import type { RecordedRun } from '../ledger/data-runs.ts';
import { configFile } from '../problem/config-file.ts';
import { findNearest } from '../problem/nearest.ts';
import { Problem } from '../problem/problem.ts';
import type { TableWish } from './paired-columns.ts';
import type { ColumnShape, TablePair } from './shape.ts';
import type { PairSince } from './since-shape.ts';

// Runs from one complete comparison to the next.
const usualFull = 24;

/**
 * The since of a pair, by its configuration.
 * @throws Problem `bad_config` where rows that have changed cannot be told from others
 */
export function pairSince(pair: Omit<TablePair, 'since'>, { since, full }: TableWish): PairSince | null {
  const { columns, path } = pair.from.table;
  const place = `data.tables['${path.join('.')}']`;
  const wrong = (reason: string) => new Problem('bad_config', { file: configFile(), reason });
  if (since === undefined) {
    if (full !== undefined) throw wrong(`${place}.full needs since`);
    return null;
  }
  const fault = faultOf(pair);
  if (fault !== null) throw wrong(`${place}.since: ${fault}`);
  if (full !== undefined && full < 1) throw wrong(`${place}.full must be at least 1`);
  const shared = { full: full ?? usualFull };
  if (since === 'xmin') return { ...shared, by: 'xmin', is: 'xmin' };
  const column = columns.find(({ name }) => name === since.column);
  if (column === undefined) {
    const names = columns.map(({ name }) => name);
    const [near] = findNearest(since.column, names);
    const hint = near === undefined ? '' : `. Did you mean ${near}?`;
    throw wrong(`${place}.since names ${since.column}, which is not a column of ${path.join('.')}${hint}`);
  }
  if (!/^timestamp.* with time zone$/.test(column.plain))
    throw wrong(`${place}.since: ${column.name} is of type ${column.plain}, not timestamp with time zone`);
  return { ...shared, by: column.name, is: column.notNull ? 'column' : 'nullable' };
}

function faultOf({ from, to, key, uncheckedKey, configured, ids, columns }: Omit<TablePair, 'since'>) {
  const shapes = new Map(to.table.columns.map((one) => [one.name, one]));
  const isPlain = ({ name }: { readonly name: string }) => {
    const { isExact = false, notNull = false } = shapes.get(name) ?? {};
    return isExact && notNull;
  };
  if (ids !== null || columns.some(({ written }) => written !== undefined))
    return 'it cannot be used with ids, or with references to tables that have ids';
  if (key.length === 0 || uncheckedKey.from || uncheckedKey.to)
    return 'it needs a primary key or unique columns that are NOT NULL, on both sides';
  if (!key.every(isPlain)) return 'values of its key can be equal without the same bytes';
  if (configured.length > 0 || from.where !== '' || to.where !== '')
    return 'it cannot be used with where, with SQL in columns, or with masks';
  const other = from.table.columns.find((one) => one.generated === null && !isStable(one));
  return other === undefined
    ? null
    : `the type of ${other.name} can change its values without a change of their rows`;
}

// A composite type can get other attributes. The labels of an enum are part of the state.
const isStable = ({ isSystem, labels, known }: ColumnShape) =>
  isSystem || labels !== null || / of extension /.test(known);

/** The facts that tell whether a table is the one that a state is about. */
export interface SinceFacts {
  /** The servers, since their start, and the databases. */
  readonly servers: unknown;
  /** The tables and their partitions: OIDs, files, expressions, columns with their numbers and defaults. */
  readonly tables: unknown;
}

/** The state of a table after a run. */
export interface SinceState {
  readonly servers: string;
  readonly tables: string;
  /** How it was compared. */
  readonly pair: string;
  /** Rows from here on are compared by the next run: a time, or the number of a transaction. */
  readonly from: string;
  /** Runs since the last complete comparison. */
  readonly runs: number;
}

const digest = (value: unknown) =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 24);

/** The state of a table, but for its rows. */
export function identify(
  pair: TablePair,
  { servers, tables }: SinceFacts,
): Omit<SinceState, 'from' | 'runs'> {
  const { from, to, columns, key, since } = pair;
  const labels = from.table.columns.map((one) => one.labels);
  const by = [since?.by, since?.is];
  return {
    servers: digest(servers),
    tables: digest(tables),
    pair: digest([from.from, to.from, columns, key.map(({ name }) => name), labels, by]),
  };
}

/** Rows from a state on, or the reason why all are compared. */
export type SinceChoice =
  | { readonly is: 'since'; readonly from: string; readonly runs: number }
  | { readonly is: 'complete'; readonly reason: string };

const complete = (reason: string): SinceChoice => ({ is: 'complete', reason });

/**
 * Chooses how a table is compared. In doubt it is compared completely.
 * @param entries the record of the target, in order
 * @param source as the record names it
 */
export function chooseSince(
  pair: TablePair,
  own: Omit<SinceState, 'from' | 'runs'>,
  entries: readonly RecordedRun[],
  source: string,
): SinceChoice {
  const { name } = pair.to.table;
  const at = entries.findLastIndex((one) => one.outcome === 'done' && name in statesOf(one));
  const state = at < 0 ? null : (statesOf(entries[at] as RecordedRun)[name] ?? null);
  if (state === null) return complete('no run before has kept its state');
  const later = entries.slice(at).filter(({ outcome }) => outcome === 'done' || outcome === 'batch');
  if (later.some(({ mode }) => mode === 'undo')) return complete('data:undo has taken a run back since');
  if (later.some((one) => one.source !== source))
    return complete('rows of another source were written since');
  // Another configuration may have written values of its own.
  if (later.some((one) => !(name in statesOf(one)) && one.inserted + one.updated + one.deleted > 0))
    return complete('a run without times has written rows since');
  if (state.servers !== own.servers) return complete('a server has started again, or is another one');
  if (state.tables !== own.tables) return complete('a table was made, emptied or altered since');
  if (state.pair !== own.pair) return complete('its configuration is another one');
  if (state.runs + 1 >= (pair.since?.full ?? 1)) return complete('enough runs have compared only a part');
  return { is: 'since', from: state.from, runs: state.runs + 1 };
}

/** The states of a run, by table of the target; null: the run keeps none of that table. */
export function statesOf({
  mode,
  detail,
}: Pick<RecordedRun, 'mode' | 'detail'>): Record<string, SinceState | null> {
  if (mode === 'undo' || detail === null) return {};
  try {
    const { since } = JSON.parse(detail) as { readonly since?: unknown };
    if (typeof since !== 'object' || since === null) return {};
    return Object.fromEntries(Object.entries(since).map(([name, one]) => [name, stateOf(one)]));
  } catch {
    return {};
  }
}

// The database has the text: it can be anything.
function stateOf(value: unknown): SinceState | null {
  if (typeof value !== 'object' || value === null) return null;
  const { servers, tables, pair, from, runs } = value as Record<string, unknown>;
  const isText = [servers, tables, pair, from].every((one) => typeof one === 'string');
  const isKnown = /^(\d+|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00)$/.test(String(from));
  return isText && isKnown && Number.isInteger(runs) ? (value as SinceState) : null;
}

/** The detail of a run that keeps states. @param states by table of the target */
export const formatStates = (states: Readonly<Record<string, SinceState | null>>): string | undefined =>
  Object.keys(states).length === 0 ? undefined : JSON.stringify({ since: states });
