// Finds the rows that differ in one pair of tables: hashes of buckets first, then the rows of the buckets
// that differ.
import type { ServerConnection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';
import {
  type BucketPart,
  type Buckets,
  buildRowsQuery,
  buildSpanQuery,
  buildSummaryQuery,
  chooseBuckets,
  type KeySpan,
  refineBuckets,
} from './buckets.ts';
import { decodeField, encodeLine, splitLines } from './copy-lines.ts';
import { formatDifference, mergeBuckets } from './merge-buckets.ts';
import type { BothSides, DifferenceCounts, TablePair } from './shape.ts';
import type { SinceBound } from './since-shape.ts';
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

/** The first pass over a source, kept for another comparison in the same snapshot. */
export interface SourceSummary {
  readonly buckets: Buckets;
  /** A line for each bucket: its number, rows and hash. */
  readonly lines: string;
}

/** The differences of a pair of tables. */
export interface TableFindings {
  readonly pair: TablePair;
  readonly rows: BothSides<number>;
  readonly counts: DifferenceCounts;
  readonly buckets: Buckets;
  /** The buckets that differ. */
  readonly differing: readonly number[];
  /** The rows that were compared; left out: all. */
  readonly since?: SinceBound;
}

/**
 * Called with the number of rows of both sides that were compared, or hashed, of a pair of tables.
 * @param all the number of their rows, once it is known
 */
export type RowsRead = (pair: TablePair, rows: number, all?: number) => void;

/**
 * The first pass over one table.
 * @param earlier of the source in the same snapshot, which is not read again then
 * @throws Problem of the connections
 */
export async function summarize(
  sessions: SessionPair,
  pair: TablePair,
  earlier: SourceSummary | null = null,
): Promise<Summary> {
  const known = earlier !== null && (await hasSpan(sessions.to, pair, earlier.buckets)) ? earlier : null;
  const buckets = known?.buckets ?? (await bucketsOf(sessions, pair));
  const [from, to] = await Promise.all([
    known === null
      ? hashesOf(sessions.from, buildSummaryQuery(pair, 'from', buckets))
      : parseHashes(known.lines),
    hashesOf(sessions.to, buildSummaryQuery(pair, 'to', buckets)),
  ]);
  return { buckets, rows: { from: rowsIn(from), to: rowsIn(to) }, hashes: { from, to } };
}

/** The part of a first pass that another one needs. */
export function keepSource({ buckets, hashes }: Summary): SourceSummary {
  const lines = [...hashes.from].map(([bucket, { rows, hash }]) => `${bucket} ${rows} ${hash}`);
  return { buckets, lines: lines.join('\n') };
}

function parseHashes(lines: string): ReadonlyMap<number, BucketHash> {
  const hashes = new Map<number, BucketHash>();
  for (const line of lines === '' ? [] : lines.split('\n')) {
    const [bucket, rows, hash] = line.split(' ') as [string, string, string];
    hashes.set(Number(bucket), { rows: Number(rows), hash });
  }
  return hashes;
}

// True if the keys of the target lie in the ranges: a key far outside would have no bucket.
async function hasSpan(target: ServerConnection, pair: TablePair, buckets: Buckets): Promise<boolean> {
  if (buckets.is !== 'range' || pair.range === null) return true;
  const [row] = await target.rows<SpanRow>(buildSpanQuery(pair, 'to', pair.range));
  const { low, high } = row ?? { low: null, high: null };
  if (low === null || high === null) return true;
  return BigInt(low) >= buckets.low && BigInt(high) < buckets.low + buckets.step * BigInt(buckets.count);
}

const rowsOfBuckets = ({ hashes: { from, to } }: Summary, buckets: readonly number[]) =>
  buckets.reduce((sum, one) => sum + (from.get(one)?.rows ?? 0) + (to.get(one)?.rows ?? 0), 0);

const rowsIn = (hashes: ReadonlyMap<number, BucketHash>) =>
  [...hashes.values()].reduce((sum, { rows }) => sum + rows, 0);

/** The buckets whose rows or hashes differ, in order. */
export function findDifferingBuckets({ from, to }: Summary['hashes']): number[] {
  const all = new Set([...from.keys(), ...to.keys()]);
  return [...all]
    .filter((one) => from.get(one)?.hash !== to.get(one)?.hash || from.get(one)?.rows !== to.get(one)?.rows)
    .sort((a, b) => a - b);
}

/**
 * The second pass over one table: writes each difference to the spool (`parseDifference` reads it).
 * @throws Problem `ambiguous_key`; of the connections
 */
export async function findRows(
  sessions: SessionPair,
  pair: TablePair,
  summary: Summary,
  { spool, onRows = () => undefined }: { readonly spool: Spool; readonly onRows?: RowsRead },
): Promise<TableFindings> {
  const { rows } = summary;
  const all = rows.from + rows.to;
  let unread = rowsOfBuckets(summary, findDifferingBuckets(summary.hashes));
  onRows(pair, all - unread, all);
  const { buckets, differing } = await findPart(sessions, pair, summary);
  const counts = { missing: 0, changed: 0, extra: 0 };
  if (differing.length > 0) {
    const read = (side: 'from' | 'to') =>
      sessions[side].copyOut(buildRowsQuery(pair, side, buckets, differing));
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
      unread -= merged.read;
      onRows(pair, merged.read);
    }
  }
  onRows(pair, unread);
  return { pair, rows, counts, buckets, differing };
}

// The buckets to read. Where changes are spread over a table, they hold mostly equal rows, so their parts are
// compared first.
async function findPart(
  sessions: SessionPair,
  pair: TablePair,
  { buckets, hashes }: Summary,
): Promise<BucketPart> {
  const differing = findDifferingBuckets(hashes);
  const rows = differing.reduce((sum, one) => sum + (hashes.from.get(one)?.rows ?? 0), 0);
  const share = differing.length / Math.max(1, hashes.from.size, hashes.to.size);
  const fine = pair.key.length === 0 ? null : refineBuckets(buckets, share, rows);
  if (fine === null) return { buckets, differing };
  const read = (side: 'from' | 'to') =>
    sessions[side].copyOut(`copy (${buildSummaryQuery(pair, side, fine, { buckets, differing })}) to stdout`);
  return { buckets: fine, differing: await findUnequal(read('from'), read('to')) };
}

// Buckets of two streams, in any order, that are not the same. Most servers answer in the order of the
// buckets, and few lines wait for their counterpart.
async function findUnequal(
  from: AsyncIterable<Uint8Array>,
  to: AsyncIterable<Uint8Array>,
): Promise<number[]> {
  const unequal: number[] = [];
  const waiting = { from: new Map<number, string>(), to: new Map<number, string>() };
  const read = async (pieces: AsyncIterable<Uint8Array>, own: keyof typeof waiting) => {
    const others = waiting[own === 'from' ? 'to' : 'from'];
    for await (const lines of splitLines(pieces))
      for (const line of lines) {
        const end = line.indexOf('\t');
        const [bucket, found] = [Number(line.slice(0, end)), line.slice(end)];
        const other = others.get(bucket);
        others.delete(bucket);
        if (other === undefined) waiting[own].set(bucket, found);
        else if (other !== found) unequal.push(bucket);
      }
  };
  await Promise.all([read(from, 'from'), read(to, 'to')]);
  return [...unequal, ...waiting.from.keys(), ...waiting.to.keys()].sort((a, b) => a - b);
}

async function bucketsOf(sessions: SessionPair, pair: TablePair): Promise<Buckets> {
  const rows = Math.max(pair.from.table.rows, pair.to.table.rows);
  const span = pair.range === null ? null : await spanOf(sessions, pair, pair.range);
  return chooseBuckets(pair, rows, span);
}

type SpanRow = { readonly low: string | null; readonly high: string | null };

// Both sides are parted alike. An empty side has no keys.
async function spanOf(
  sessions: SessionPair,
  pair: TablePair,
  range: BothSides<string>,
): Promise<KeySpan | null> {
  const found = await Promise.all(
    (['from', 'to'] as const).map((side) => sessions[side].rows<SpanRow>(buildSpanQuery(pair, side, range))),
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
