// Compares the digests of two databases.

import { isMaterializedView, isSequence } from '../kinds/named-objects.ts';
import { formatCount } from '../problem/amount.ts';
import type { Digest } from './digest.ts';

/** The result of a comparison. */
export interface DigestDiff {
  /** The reasons why the data differs. */
  readonly differences: readonly string[];
  /** Differences that are not errors. */
  readonly notes: readonly string[];
}

/**
 * Compares digests by their names.
 * @param moved of sequences that went on while the data was read: where they were at its end
 */
export function compareDigests(
  wanted: readonly Digest[],
  found: readonly Digest[],
  moved: readonly Digest[] = [],
): DigestDiff {
  const differences: string[] = [];
  const notes: string[] = [];
  const known = new Map(found.map((one) => [key(one), one]));
  const later = new Map(moved.map((one) => [key(one), one.hash]));
  for (const one of wanted) {
    const there = known.get(key(one));
    known.delete(key(one));
    if (there === undefined) differences.push(`${told(one)} is missing`);
    else if (there.hash === one.hash && there.rows === one.rows) continue;
    else if (isSequence(one) && between(there.hash, one.hash, later.get(key(one)))) continue;
    else if (isSequence(one)) differences.push(`${told(one)} is at ${there.hash} instead of ${one.hash}`);
    else if (isMaterializedView(one) && populated(one) === populated(there))
      // Its rows come from its query: it was stale, or its query does not always give the same.
      notes.push(`${told(one)} was refreshed and has other rows`);
    else if (there.rows !== one.rows)
      differences.push(`${told(one)} has ${formatCount(there.rows, 'row')} instead of ${one.rows}`);
    else differences.push(`${told(one)} has the same number of rows, but other content`);
  }
  for (const one of known.values())
    if (one.kind !== 'large objects') differences.push(`${told(one)} is not expected`);
  return { differences, notes };
}

const key = ({ kind, name }: Digest) => `${kind} ${name}`;
const told = ({ kind, name }: Digest) => `${kind} ${name}`.trim();
const populated = ({ hash }: Digest) => hash !== 'unpopulated';

// A sequence's state is `(42,t)`.
function between(state: string, first: string, last: string | undefined): boolean {
  if (last === undefined) return false;
  const [low, at, high] = [first, state, last].map((one) => BigInt(/-?\d+/.exec(one)?.[0] ?? 0)) as [
    bigint,
    bigint,
    bigint,
  ];
  return (low <= at && at <= high) || (high <= at && at <= low);
}
