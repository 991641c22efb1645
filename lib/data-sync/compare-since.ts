// Compares the rows of a table that its source has written since a run before: looks for each in the target,
// by its key.
import { literal, quote } from '../model/quote.ts';
import { buildRowHash } from './buckets.ts';
import { decodeField, encodeLine, splitLines } from './copy-lines.ts';
import type { RowsRead, SessionPair, TableFindings } from './find.ts';
import { formatDifference } from './merge-buckets.ts';
import type { RowDifference, TablePair } from './shape.ts';
import type { SinceBound } from './since-shape.ts';
import type { Spool } from './spool.ts';

/** The means of a comparison. */
export interface SinceMeans {
  readonly bound: SinceBound;
  readonly spool: Spool;
  readonly onRows?: RowsRead;
}

interface PlacedRow {
  readonly hash: string;
  readonly place: string;
}

// The number of rows that are looked for with one query.
const portion = 5_000;

/**
 * Compares them. Its rows are those that were compared.
 * @throws Problem of the connections, `unwritable_file`
 */
export async function compareSince(
  sessions: SessionPair,
  pair: TablePair,
  { bound, spool, onRows }: SinceMeans,
): Promise<TableFindings> {
  const counts = { missing: 0, changed: 0, extra: 0 };
  const rows = { from: 0, to: 0 };
  let waiting = new Map<string, PlacedRow>();
  const flush = async () => {
    const there = await findByKey(sessions, pair, [...waiting.keys()]);
    for (const [key, row] of waiting) {
      const difference = differenceOf(key, row, there.get(key));
      if (difference === null) continue;
      counts[difference.kind] += 1;
      await spool.write(encodeLine(formatDifference(difference)));
    }
    rows.from += waiting.size;
    rows.to += there.size;
    onRows?.(pair, waiting.size + there.size);
    waiting = new Map();
  };
  const source = `copy (select ${rowOf(pair, 'from')} from ${pair.from.from}
    where ${bound.condition}) to stdout`;
  for await (const lines of splitLines(sessions.from.copyOut(source)))
    for (const line of lines) {
      const { key, ...row } = placed(line);
      waiting.set(key, row);
      if (waiting.size === portion) await flush();
    }
  if (waiting.size > 0) await flush();
  onRows?.(pair, 0, rows.from + rows.to);
  return { pair, rows, counts, buckets: { is: 'whole' }, differing: [] };
}

function differenceOf(key: string, here: PlacedRow, there: PlacedRow | undefined): RowDifference | null {
  const shared = { key, from: here.place, copies: 1 };
  if (there === undefined) return { kind: 'missing', ...shared, to: null, old: null };
  return here.hash === there.hash ? null : { kind: 'changed', ...shared, to: there.place, old: there.hash };
}

// The key, the hash, the place.
const rowOf = (pair: TablePair, side: 'from' | 'to') =>
  [
    ...pair.key.map(({ value }) => value[side]),
    buildRowHash(pair, side),
    `pg_catalog.concat(t.tableoid, ' ', t.ctid)`,
  ].join(', ');

function placed(line: string): PlacedRow & { readonly key: string } {
  const last = line.lastIndexOf('\t');
  const middle = line.lastIndexOf('\t', last - 1);
  return { key: line.slice(0, middle), hash: line.slice(middle + 1, last), place: line.slice(last + 1) };
}

// The key has no nulls, and its values are equal only if their bytes are.
async function findByKey(
  { to }: SessionPair,
  pair: TablePair,
  keys: readonly string[],
): Promise<ReadonlyMap<string, PlacedRow>> {
  const fields = keys.map((key) => key.split('\t'));
  const lists = pair.key.map(({ type }, at) => {
    const values = fields.map((one) => elementOf(decodeField(one[at] ?? '') ?? ''));
    return `${literal(`{${values.join(',')}}`)}::${type}[]`;
  });
  const names = pair.key.map((_, at) => `pgmage_k${at}`);
  const same = pair.key.map(({ name }, at) => `t.${quote(name)} = ${names[at]}`);
  const query = `copy (select ${rowOf(pair, 'to')}
    from unnest(${lists.join(', ')}) wanted(${names.join(', ')}), ${pair.to.from}
    where ${same.join(' and ')}) to stdout`;
  const found = new Map<string, PlacedRow>();
  for await (const lines of splitLines(to.copyOut(query)))
    for (const line of lines) {
      const { key, ...row } = placed(line);
      found.set(key, row);
    }
  return found;
}

const elementOf = (value: string) => `"${value.replace(/["\\]/g, '\\$&')}"`;
