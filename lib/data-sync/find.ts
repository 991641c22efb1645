// Finds the rows that differ in one pair of tables: hashes of buckets first, then the rows of the buckets
// that differ.
import type { ServerConnection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';
import {
  type Buckets,
  buildRowsQuery,
  buildSpanQuery,
  buildSummaryQuery,
  chooseBuckets,
  type KeySpan,
} from './buckets.ts';
import { decodeField, encodeLine } from './copy-lines.ts';
import { formatDifference, mergeBuckets } from './merge-buckets.ts';
import type { BothSides, DifferenceCounts, TablePair } from './shape.ts';
import type { Spool } from './spool.ts';

/** A session on each side, in transactions that see one state. */
export type SessionPair = BothSides<ServerConnection>;

/** The result of the first pass over a table. */
export interface Summary {
  readonly buckets: Buckets;
  readonly rows: BothSides<number>;
  /** Rows and hash of each bucket. */
  readonly hashes: BothSides<ReadonlyMap<number, BucketHash>>;
}

/** The number of rows in a bucket, and the hash of all of them. */
export interface BucketHash {
  readonly rows: number;
  readonly hash: string;
}

/** The differences of a pair of tables. */
export interface TableFindings {
  readonly pair: TablePair;
  readonly rows: BothSides<number>;
  readonly counts: DifferenceCounts;
  readonly buckets: Buckets;
  /** The buckets that differ. */
  readonly differing: readonly number[];
}

/** Called with the number of rows that were read of a table. */
export type RowsRead = (pair: TablePair, rows: number) => void;

/**
 * The first pass over one table.
 * @throws Problem of the connections
 */
export async function summarize(sessions: SessionPair, pair: TablePair): Promise<Summary> {
  const buckets = await bucketsOf(sessions, pair);
  const [from, to] = await Promise.all([
    hashesOf(sessions.from, buildSummaryQuery(pair, 'from', buckets)),
    hashesOf(sessions.to, buildSummaryQuery(pair, 'to', buckets)),
  ]);
  return { buckets, rows: { from: rowsIn(from), to: rowsIn(to) }, hashes: { from, to } };
}

const rowsIn = (hashes: ReadonlyMap<number, BucketHash>) =>
  [...hashes.values()].reduce((sum, { rows }) => sum + rows, 0);

/** The buckets whose rows or hashes differ, in order. */
export function findDifferingBuckets({ from, to }: Summary['hashes']): number[] {
  const all = new Set([...from.keys(), ...to.keys()]);
  return [...all]
    .filter((one) => from.get(one)?.hash !== to.get(one)?.hash || from.get(one)?.rows !== to.get(one)?.rows)
    .sort((a, b) => a - b);
}

// Above that part of all buckets, the table is read whole.
const manyDiffer = 1 / 5;

/**
 * The second pass over one table: writes each difference to the spool (`parseDifference` reads it).
 * @throws Problem `ambiguous_key`; of the connections
 */
export async function findRows(
  sessions: SessionPair,
  pair: TablePair,
  { buckets, rows, hashes }: Summary,
  { spool, onRows = () => undefined }: { readonly spool: Spool; readonly onRows?: RowsRead },
): Promise<TableFindings> {
  const differing = findDifferingBuckets(hashes);
  const counts = { missing: 0, changed: 0, extra: 0 };
  if (differing.length > 0) {
    const all = Math.max(hashes.from.size, hashes.to.size);
    const wanted = differing.length > all * manyDiffer ? null : differing;
    const read = (side: 'from' | 'to') => sessions[side].copyOut(buildRowsQuery(pair, side, buckets, wanted));
    for await (const merged of mergeBuckets(read('from'), read('to'), pair.key.length > 0)) {
      if (merged.twice !== null)
        throw new Problem('ambiguous_key', {
          table: pair.to.table.name,
          key: pair.keyText,
          value: merged.twice.split('\t').map(decodeField).join(', '),
        });
      for (const one of merged.differences) {
        counts[one.kind] += one.copies;
        await spool.write(encodeLine(formatDifference(one)));
      }
      onRows(pair, merged.read);
    }
  }
  return { pair, rows, counts, buckets, differing };
}

async function bucketsOf(sessions: SessionPair, pair: TablePair): Promise<Buckets> {
  const rows = Math.max(pair.from.table.rows, pair.to.table.rows);
  const span = pair.range === null ? null : await spanOf(sessions, pair, pair.range);
  return chooseBuckets(pair, rows, span);
}

// Both sides are parted alike. An empty side has no keys.
async function spanOf(
  sessions: SessionPair,
  pair: TablePair,
  range: BothSides<string>,
): Promise<KeySpan | null> {
  type Row = { low: string | null; high: string | null };
  const found = await Promise.all(
    (['from', 'to'] as const).map((side) => sessions[side].rows<Row>(buildSpanQuery(pair, side, range))),
  );
  const keys = found.flat().flatMap(({ low, high }) => [low, high].filter((one) => one !== null).map(BigInt));
  if (keys.length === 0) return null;
  return {
    low: keys.reduce((a, b) => (a < b ? a : b)),
    high: keys.reduce((a, b) => (a > b ? a : b)),
  };
}

async function hashesOf(
  connection: ServerConnection,
  query: string,
): Promise<ReadonlyMap<number, BucketHash>> {
  const rows = await connection.rows<{ bucket: number; rows: string; hash: string }>(query);
  return new Map(rows.map(({ bucket, rows: count, hash }) => [bucket, { rows: Number(count), hash }]));
}
