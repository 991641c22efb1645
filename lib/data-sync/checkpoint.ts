// The record of a run in batches: its progress, and the earlier run that it goes on with.

import type { RecordedRun } from '../ledger/data-runs.ts';
import { formatCount } from '../problem/amount.ts';

/** Rows of one table that were changed. */
export interface RowTotals {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** The detail of the outcome `begun`. */
export interface BatchedBegin {
  /** Rows to delete, by table: they were judged for the whole run. */
  readonly planned: Readonly<Record<string, number>>;
  /** The run that it goes on with; null: none. */
  readonly resumes: string | null;
}

/** The detail of the outcome `batch`. */
export interface Checkpoint {
  /** Its number, from 1. */
  readonly batch: number;
  /** The length of the undo file; null: there is none. */
  readonly undo: number | null;
  /** The rows of this batch, by table. */
  readonly tables: Readonly<Record<string, RowTotals>>;
}

/** The batches of a run that was interrupted, and of those that it went on with. */
export interface InterruptedRun extends RowTotals {
  readonly id: string;
  readonly batches: number;
  readonly tables: ReadonlyMap<string, RowTotals>;
  /** Rows to delete, by table, as the first of these runs planned them. */
  readonly planned: Readonly<Record<string, number>>;
}

/** The mode of a run in batches, in the record. */
export const batchMode = (rows: number): string => `batch ${rows}`;

const isBatched = ({ mode }: Pick<RecordedRun, 'mode'>) => /^batch \d+$/.test(mode);

/** Adds rows to totals. */
export const addTotals = (a: RowTotals, b: RowTotals): RowTotals => ({
  inserted: a.inserted + b.inserted,
  updated: a.updated + b.updated,
  deleted: a.deleted + b.deleted,
});

/** No rows. */
export const noRows: RowTotals = { inserted: 0, updated: 0, deleted: 0 };

/**
 * The newest run from a source, where it was interrupted after batches that no undo has taken back; null:
 * there is none.
 * @param entries the record, in order
 */
export function findInterrupted(entries: readonly RecordedRun[], source: string): InterruptedRun | null {
  const last = entries.findLast((one) => one.source === source && one.mode !== 'undo');
  if (last === undefined || !isBatched(last) || last.outcome === 'done') return null;
  const found = sumBatches(entries, last.id);
  return found.batches > 0 ? found : null;
}

/** The runs of which one goes on with the next one, from the newest. */
function chainOf(entries: readonly RecordedRun[], id: string): string[] {
  const chain: string[] = [];
  for (let next: string | null = id; next !== null && !chain.includes(next); ) {
    chain.push(next);
    next = beginOf(entries, next)?.resumes ?? null;
  }
  return chain;
}

function sumBatches(entries: readonly RecordedRun[], id: string): InterruptedRun {
  const undone = new Set(
    entries.filter(({ mode, outcome }) => mode === 'undo' && outcome === 'done').map(({ detail }) => detail),
  );
  const chain = chainOf(entries, id).filter((one) => !undone.has(one));
  const points = entries.filter((one) => chain.includes(one.id)).flatMap((one) => checkpointOf(one) ?? []);
  const tables = new Map<string, RowTotals>();
  for (const point of points)
    for (const [name, rows] of Object.entries(point.tables))
      tables.set(name, addTotals(tables.get(name) ?? noRows, rows));
  const all = [...tables.values()].reduce(addTotals, noRows);
  const planned = beginOf(entries, chain.at(-1) ?? id)?.planned ?? {};
  return { id, batches: points.length, tables, planned, ...all };
}

function beginOf(entries: readonly RecordedRun[], id: string): BatchedBegin | null {
  const entry = entries.find((one) => one.id === id && one.outcome === 'begun' && isBatched(one));
  const found = entry && parse(entry.detail);
  if (!found) return null;
  const { planned, resumes } = found;
  return {
    planned: numbersOf(planned),
    resumes: typeof resumes === 'string' ? resumes : null,
  };
}

/** The checkpoint of an outcome; null: it has none. */
export function checkpointOf({
  outcome,
  detail,
}: Pick<RecordedRun, 'outcome' | 'detail'>): Checkpoint | null {
  const found = outcome === 'batch' ? parse(detail) : null;
  if (found === null || typeof found.batch !== 'number') return null;
  const tables = Object.entries(isRecord(found.tables) ? found.tables : {}).map(([name, rows]) => {
    const { inserted = 0, updated = 0, deleted = 0 } = numbersOf(rows);
    return [name, { inserted, updated, deleted }] as const;
  });
  return {
    batch: found.batch,
    undo: typeof found.undo === 'number' ? found.undo : null,
    tables: Object.fromEntries(tables),
  };
}

/** The run that goes on with another one and has changed rows; undefined: none. */
export function findSuccessor(entries: readonly RecordedRun[], id: string): string | undefined {
  const begun = entries.filter(({ outcome }) => outcome === 'begun');
  return begun.find(
    (one) =>
      beginOf(entries, one.id)?.resumes === id &&
      entries.some((other) => other.id === one.id && other.inserted + other.updated + other.deleted > 0),
  )?.id;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const numbersOf = (value: unknown): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(isRecord(value) ? value : {}).filter(
      (one): one is [string, number] => typeof one[1] === 'number',
    ),
  );

// The database has the text: it can be anything.
function parse(text: string | null): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

/**
 * What an interrupt leaves behind; empty: nothing. A batch whose COMMIT is unanswered is not counted.
 * @param run its UUID
 */
export function describeKept(
  run: string,
  { target, batches, inserted, updated, deleted }: RowTotals & { target: string; batches: number },
): string {
  if (batches === 0) return '';
  const rows = formatCount(inserted + updated + deleted, 'row');
  return (
    `At least ${formatCount(batches, 'batch', 'batches')} with ${rows} stay in ${target}.` +
    ' Run data:sync with --batch and --resume to go on,' +
    ` or data:undo ${run.slice(0, 8)} to take the batches back.`
  );
}
