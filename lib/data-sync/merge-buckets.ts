// The second pass: two streams of rows, ordered by bucket, become the rows that differ. One bucket at a time
// is in memory.
import { splitLines } from './copy-lines.ts';
import type { RowDifference } from './shape.ts';

/** A row of the second pass, or equal rows without a key. */
interface FoundRow {
  readonly hash: string;
  readonly place: string;
  readonly copies: number;
}

/** One bucket of one side: by the key, or by the hash where there is none. */
interface BucketRows {
  readonly bucket: number;
  readonly rows: Map<string, FoundRow>;
  /** A key that two rows have. */
  readonly twice: string | null;
}

/** The result of merging a bucket. */
export interface MergedBucket {
  readonly differences: readonly RowDifference[];
  /** A key that two rows of one side have. */
  readonly twice: string | null;
  /** Rows that were read of both sides. */
  readonly read: number;
}

/** Merges the answers to `rowsQuery` of both sides. @param hasKey whether rows have a key */
export async function* mergeBuckets(
  from: AsyncIterable<Uint8Array>,
  to: AsyncIterable<Uint8Array>,
  hasKey: boolean,
): AsyncGenerator<MergedBucket, void, undefined> {
  const [a, b] = [bucketsIn(from, hasKey), bucketsIn(to, hasKey)];
  try {
    // Both servers work at the same time.
    let [here, there] = await Promise.all([next(a), next(b)]);
    while (here !== null || there !== null) {
      const bucket = Math.min(
        here?.bucket ?? Number.POSITIVE_INFINITY,
        there?.bucket ?? Number.POSITIVE_INFINITY,
      );
      const [one, other] = [here?.bucket === bucket ? here : null, there?.bucket === bucket ? there : null];
      yield {
        differences: [...differencesOf(one?.rows ?? none, other?.rows ?? none, hasKey)],
        twice: one?.twice ?? other?.twice ?? null,
        read: (one?.rows.size ?? 0) + (other?.rows.size ?? 0),
      };
      [here, there] = await Promise.all([one === null ? here : next(a), other === null ? there : next(b)]);
    }
  } finally {
    await Promise.all([a.return(), b.return()]);
  }
}

const none: ReadonlyMap<string, FoundRow> = new Map();

async function next(buckets: AsyncGenerator<BucketRows, void, undefined>): Promise<BucketRows | null> {
  const { value } = await buckets.next();
  return value ?? null;
}

async function* bucketsIn(
  pieces: AsyncIterable<Uint8Array>,
  hasKey: boolean,
): AsyncGenerator<BucketRows, void, undefined> {
  let current: { bucket: number; rows: Map<string, FoundRow>; twice: string | null } | null = null;
  for await (const lines of splitLines(pieces))
    for (const line of lines) {
      const { bucket, name, row } = hasKey ? keyed(line) : counted(line);
      if (current !== null && current.bucket !== bucket) {
        yield current;
        current = null;
      }
      current ??= { bucket, rows: new Map(), twice: null };
      if (current.rows.has(name)) current.twice ??= name;
      current.rows.set(name, row);
    }
  if (current !== null) yield current;
}

// Bucket, values of the key, hash, place.
function keyed(line: string): { bucket: number; name: string; row: FoundRow } {
  const first = line.indexOf('\t');
  const last = line.lastIndexOf('\t');
  const middle = line.lastIndexOf('\t', last - 1);
  const row = { hash: line.slice(middle + 1, last), place: line.slice(last + 1), copies: 1 };
  return { bucket: Number(line.slice(0, first)), name: line.slice(first + 1, middle), row };
}

// Bucket, hash, number of rows, place of one.
function counted(line: string): { bucket: number; name: string; row: FoundRow } {
  const [bucket, hash, copies, place] = line.split('\t') as [string, string, string, string];
  return { bucket: Number(bucket), name: hash, row: { hash, place, copies: Number(copies) } };
}

function* differencesOf(
  from: ReadonlyMap<string, FoundRow>,
  to: ReadonlyMap<string, FoundRow>,
  hasKey: boolean,
): Generator<RowDifference> {
  const keyOf = (name: string) => (hasKey ? name : '');
  for (const [name, here] of from) {
    const there = to.get(name);
    const fromPlace = { key: keyOf(name), from: here.place };
    if (there === undefined)
      yield { kind: 'missing', ...fromPlace, to: null, old: null, copies: here.copies };
    else if (hasKey && here.hash !== there.hash)
      yield { kind: 'changed', ...fromPlace, to: there.place, old: there.hash, copies: 1 };
    else if (here.copies > there.copies)
      yield { kind: 'missing', ...fromPlace, to: null, old: null, copies: here.copies - there.copies };
  }
  for (const [name, there] of to) {
    const copies = there.copies - (from.get(name)?.copies ?? 0);
    const isExtra = hasKey ? !from.has(name) : copies > 0;
    if (isExtra)
      yield { kind: 'extra', key: keyOf(name), from: null, to: there.place, old: there.hash, copies };
  }
}

/** A difference as one line, for a spool. */
export function formatDifference({ kind, from, to, old, copies, key }: RowDifference): string {
  return [kind, from ?? '', to ?? '', old ?? '', copies, key].join('\t');
}

/** The difference of a line. */
export function parseDifference(line: string): RowDifference {
  const [kind, from, to, old, copies, ...key] = line.split('\t');
  return {
    kind: kind as RowDifference['kind'],
    from: from || null,
    to: to || null,
    old: old || null,
    copies: Number(copies),
    key: key.join('\t'),
  };
}
