// Compares the changed target with the source before the commit, and tells rows that other sessions changed
// from those that the change itself left wrong.
import type { ServerConnection } from '../pg/connection.ts';
import { type ComparedTable, compareTables } from './compare-tables.ts';
import { readDifferences } from './fetch-rows.ts';
import { findRows, type RowsRead, type SessionPair, type Summary } from './find.ts';
import type { BothSides, RowDifference, TablePair } from './shape.ts';
import type { SideEffect } from './side-effects.ts';
import type { Spool } from './spool.ts';

/** The rows that are compared again. */
export interface Validation {
  /** The source, in its snapshot, and the target, in the transaction that changed it. */
  readonly sessions: SessionPair;
  /** `full`: all tables; `changed`: the parts of tables that differed. */
  readonly mode: 'full' | 'changed';
  /** The tables as they were compared before. */
  readonly compared: readonly ComparedTable[];
  readonly sideEffects: readonly SideEffect[];
  /** True if extra rows of the target stay. */
  readonly keepDeleted: boolean;
  /** The transactions of batches that are committed; null: the open one has changed the rows. */
  readonly batches: readonly string[] | null;
  spool(): Promise<Spool>;
  readonly onRows?: RowsRead;
}

/** The result for one table. */
export interface ValidatedTable {
  readonly pair: TablePair;
  /** Rows of the whole table; null: only its changed parts were compared. */
  readonly rows: BothSides<number> | null;
  /** Rows that other sessions have changed since the comparison. */
  readonly meanwhile: number;
  /** Rows that this change left wrong. */
  readonly wrong: number;
}

/** Compares again. @throws Problem of the connections */
export async function validate(input: Validation): Promise<ValidatedTable[]> {
  const { sessions, mode, compared, spool, onRows } = input;
  const since = new Map(compared.flatMap((one) => (one.since ? [[one.pair, one.since] as const] : [])));
  const sources = new Map(compared.map(({ pair, source }) => [pair, source]));
  const means = { crew: [sessions], spool, since, sources, ...(onRows && { onRows }) };
  const pairs = compared.map(({ pair }) => pair).filter((pair) => mode === 'full' || since.has(pair));
  const again = [
    ...(await compareTables(pairs, means)),
    ...(mode === 'full' ? [] : await changedParts(input)),
  ];
  const tables: ValidatedTable[] = [];
  for (const table of again) tables.push(await explain(input, table, mode));
  return tables;
}

async function changedParts({ sessions, compared, spool }: Validation): Promise<ComparedTable[]> {
  const found: ComparedTable[] = [];
  for (const { pair, buckets, differing, rows } of compared) {
    if (differing.length === 0) continue;
    const place = await spool();
    // As if just these differed.
    const hashes = (hash: string) => new Map(differing.map((bucket) => [bucket, { rows: 1, hash }]));
    const summary: Summary = {
      buckets,
      rows,
      hashes: { from: hashes('a'), to: hashes('b') },
    };
    found.push({
      ...(await findRows(sessions, pair, summary, { spool: place })),
      spool: place,
      source: null,
    });
  }
  return found;
}

async function explain(
  { sessions, sideEffects, keepDeleted, compared, batches }: Validation,
  table: ComparedTable,
  mode: 'full' | 'changed',
): Promise<ValidatedTable> {
  const { pair } = table;
  const effect = sideEffects.find((one) => one.table === pair.to.table.name);
  const before = compared.find((one) => one.pair === pair);
  let [meanwhile, wrong] = [0, 0];
  for await (const some of portions(table, keepDeleted)) {
    const own = await countOwn(sessions.to, pair, some, batches);
    // A row that is missing was deleted by this change or by another session. If it was missing before,
    // this change did not write it, as a trigger that returns null does.
    const missing = some.filter(({ to }) => to === null);
    // A batch is checked before its commit, and other sessions see its rows then.
    const lost =
      batches !== null
        ? 0
        : effect !== undefined && effect.deleted > 0
          ? missing.length
          : await countUnwritten(before, missing);
    wrong += own + lost;
    meanwhile += some.reduce((sum, { copies }) => sum + copies, 0) - own - lost;
  }
  const rows = mode === 'full' && table.since === undefined ? table.rows : null;
  return { pair, rows, meanwhile: Math.max(0, meanwhile), wrong };
}

// The source is read in one snapshot, so the place of a row identifies it in both comparisons.
async function countUnwritten(
  before: ComparedTable | undefined,
  missing: readonly RowDifference[],
): Promise<number> {
  if (before === undefined || missing.length === 0) return 0;
  const places = new Set(missing.map(({ from }) => from));
  let count = 0;
  for await (const { kind, from } of readDifferences(before))
    if (kind === 'missing' && places.has(from)) count += 1;
  return count;
}

const atOnce = 5_000;

async function* portions(table: ComparedTable, keepDeleted: boolean): AsyncGenerator<RowDifference[]> {
  let some: RowDifference[] = [];
  for await (const one of readDifferences(table)) {
    if (keepDeleted && one.kind === 'extra') continue;
    if (some.push(one) === atOnce) {
      yield some;
      some = [];
    }
  }
  if (some.length > 0) yield some;
}

// How many of the rows this transaction, or a batch, has written. A row has the last 32 bits of its number.
async function countOwn(
  target: ServerConnection,
  pair: TablePair,
  differences: readonly RowDifference[],
  batches: readonly string[] | null,
): Promise<number> {
  const numbers = batches?.map((one) => BigInt.asUintN(32, BigInt(one)));
  const own = numbers === undefined ? 'array[pg_current_xact_id()::xid]' : `'{${numbers.join(',')}}'::xid[]`;
  const places = differences.flatMap(({ to }) => (to === null ? [] : [to.split(' ') as [string, string]]));
  if (places.length === 0) return 0;
  const list = (part: 0 | 1) => `{${places.map((place) => `"${place[part]}"`).join(',')}}`;
  const [row] = await target.rows<{ own: number }>(
    `select count(*)::int as own
     from unnest('${list(0)}'::oid[], '${list(1)}'::tid[]) k(r, c), ${pair.to.from}
     where t.ctid = k.c and t.tableoid = k.r and t.xmin = any (${own})`,
  );
  return row?.own ?? 0;
}
