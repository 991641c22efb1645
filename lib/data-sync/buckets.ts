// The two passes over a table as SQL: a hash for each bucket of its rows, then the rows of the buckets that
// differ.
import { rowHash } from '../pg/row-hash.ts';
import type { BothSides, TablePair } from './shape.ts';

/** The division of a table's rows. */
export type Buckets =
  | { readonly is: 'whole' }
  /** By the key, an integer: bucket 0 begins at `low`, each has `step` keys. */
  | { readonly is: 'range'; readonly low: bigint; readonly step: bigint; readonly count: number }
  /** By the hash of the key, or of the row where there is no key. */
  | { readonly is: 'hash'; readonly count: number };

/** The side of a query. */
export type Side = keyof BothSides<unknown>;

/** The least and the greatest key of both sides. */
export interface KeySpan {
  readonly low: bigint;
  readonly high: bigint;
}

// The limits of the number of buckets, and the rows of a bucket: the second pass reads the rows of buckets
// that differ, so small ones keep it short where changed rows are spread over a table.
const [fewest, most] = [64, 65_536];
const bucketRows = 100;
// A table this small is read whole at once.
const small = 2_000;
// If keys are further apart, most ranges are nearly empty.
const sparse = 64n;

/**
 * Chooses buckets for a table. @param rows of the bigger side, about right; @param span null: of no use here
 */
export function chooseBuckets(pair: Pick<TablePair, 'range'>, rows: number, span: KeySpan | null): Buckets {
  if (rows < small) return { is: 'whole' };
  const count = Math.min(most, Math.max(fewest, 2 ** Math.ceil(Math.log2(rows / bucketRows))));
  if (pair.range === null || span === null) return { is: 'hash', count };
  const { low, high } = span;
  const keys = high - low + 1n;
  if (keys > sparse * BigInt(rows)) return { is: 'hash', count };
  return { is: 'range', low, step: (keys + BigInt(count) - 1n) / BigInt(count), count };
}

/** Buckets that differ. */
export interface BucketPart {
  readonly buckets: Buckets;
  readonly differing: readonly number[];
}

// The parts of a bucket, and the rows from which on they pay.
const [parts, manyRows] = [16, 100_000];
// The share above which the parts of buckets differ, too.
const nearlyAll = 0.9;

/**
 * Smaller buckets for a third pass between the two, or null where it would not pay.
 * @param differing the share of the buckets that differ; @param rows in them
 */
export function refineBuckets(buckets: Buckets, differing: number, rows: number): Buckets | null {
  if (buckets.is === 'whole' || rows < manyRows || differing > nearlyAll) return null;
  const count = buckets.count * parts;
  if (buckets.is === 'hash') return { is: 'hash', count };
  const step = (buckets.step + BigInt(parts) - 1n) / BigInt(parts);
  return { ...buckets, step, count };
}

/** A query for the least and the greatest key of one side, as `low` and `high`. */
export function buildSpanQuery(pair: TablePair, side: Side, range: BothSides<string>): string {
  return `select min(${range[side]})::text as low, max(${range[side]})::text as high
    from ${pair[side].from}${buildWhere(pair, side)}`;
}

/**
 * The first pass: `bucket`, `rows`, `hash` of each bucket. The grouped query ends in OFFSET '0': the planner
 * then expects few groups, and plans parallel workers that each group their rows. It would not do so for
 * OFFSET 0, which is a cast.
 * @param part the rows to read, of a table with a key; default: all
 */
export function buildSummaryQuery(pair: TablePair, side: Side, buckets: Buckets, part?: BucketPart): string {
  const filter = part === undefined ? '' : filterOf(pair, side, part.buckets, part.differing);
  const rows = `select
    ${isByRow(pair, buckets) ? '' : `${bucketOf(pair, side, buckets)} as b, `}${buildRowHash(pair, side)} as h
      from ${pair[side].from}${buildWhere(pair, side, filter)} offset '0'`;
  const hash = pair.key.length > 0 ? 'bit_xor(h)' : 'sum(h)';
  const from = isByRow(pair, buckets)
    ? `(select ${byHash('h', buckets)} as b, h from (${rows}) r)`
    : `(${rows})`;
  return `select b as bucket, count(*)::text as rows, ${hash}::text as hash from ${from} s group by b`;
}

/**
 * The second pass: COPY of the bucket, the key, the row's hash, the table and place of each row, ordered by
 * bucket; of rows without a key, the bucket, the hash, the number of equal rows, and the place of one of
 * them.
 * @param differing the buckets to read
 */
export function buildRowsQuery(
  pair: TablePair,
  side: Side,
  buckets: Buckets,
  differing: readonly number[],
): string {
  const hash = buildRowHash(pair, side);
  if (pair.key.length === 0) {
    return `copy (select b, h, count(*), min(pg_catalog.concat(r, ' ', c) collate "C") from (
      select ${byHash('h', buckets)} as b, h, r, c from (select ${hash} as h, t.tableoid as r, t.ctid as c
        from ${pair[side].from}${buildWhere(pair, side)}) rows) s where b = ${anyOf(differing)}
      group by b, h order by b) to stdout`;
  }
  const filter = filterOf(pair, side, buckets, differing);
  const keys = pair.key.map(({ value }) => value[side]);
  // The order of an integer key is the order of its ranges, and its index has it.
  const order = buckets.is === 'range' ? pair.range?.[side] : '1';
  return `copy (select ${[bucketOf(pair, side, buckets), ...keys, hash].join(', ')},
      pg_catalog.concat(t.tableoid, ' ', t.ctid)
      from ${pair[side].from}${buildWhere(pair, side, filter)} order by ${order}) to stdout`;
}

/** SQL for the hash of a row of one side. */
export function buildRowHash({ columns }: Pick<TablePair, 'columns'>, side: Side): string {
  return rowHash(columns.map(({ hash }) => hash[side]));
}

/** The WHERE of one side, with another condition. */
export function buildWhere(pair: TablePair, side: Side, more = ''): string {
  const all = [pair[side].where, more].filter((one) => one !== '');
  return all.length === 0 ? '' : ` where ${all.join(' and ')}`;
}

// Without a key, rows are parted by their own hash, which is worked out once.
const isByRow = ({ key }: TablePair, { is }: Buckets) => key.length === 0 && is !== 'whole';

function bucketOf(pair: TablePair, side: Side, buckets: Buckets): string {
  if (buckets.is === 'whole') return '0';
  if (buckets.is === 'hash')
    return byHash(
      `hash_record_extended(row(${pair.key.map(({ hash }) => hash[side]).join(', ')}), 0)`,
      buckets,
    );
  return `((${pair.range?.[side]} - ${integer(buckets.low)}) / ${integer(buckets.step)})::int`;
}

const byHash = (hash: string, buckets: Buckets) =>
  buckets.is === 'hash' ? `(${hash} & ${buckets.count - 1})::int` : '0';
// PostgreSQL cannot read the smallest bigint as a sign and a literal: the literal alone is too large.
const integer = (value: bigint) => `'${value}'::int8`;
const anyOf = (numbers: readonly number[]) => `any ('{${numbers.join(',')}}'::int4[])`;

// The number of ranges that the planner gets as index conditions.
const manyRanges = 300;

function filterOf(pair: TablePair, side: Side, buckets: Buckets, differing: readonly number[]): string {
  if (buckets.is === 'whole') return '';
  const ranges = buckets.is === 'range' ? neighbours(differing) : [];
  if (buckets.is === 'hash' || ranges.length > manyRanges)
    return `${bucketOf(pair, side, buckets)} = ${anyOf(differing)}`;
  const at = (bucket: number) => buckets.low + BigInt(bucket) * buckets.step;
  const conditions = ranges.map(
    ([first, last]) =>
      `${pair.range?.[side]} between ${integer(at(first))} and ${integer(at(last + 1) - 1n)}`,
  );
  return `(${conditions.join(' or ')})`;
}

function neighbours(buckets: readonly number[]): [first: number, last: number][] {
  const ranges: [number, number][] = [];
  for (const bucket of [...buckets].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === bucket - 1) last[1] = bucket;
    else ranges.push([bucket, bucket]);
  }
  return ranges;
}
