// Two catalogs → what was added, removed and changed. Names no kind.

import type { Catalog } from './catalog.ts';
import type { Fact, Json } from './fact.ts';
import type { AnyKind, Kinds } from './kind.ts';
import { type Settlement, settle } from './reconcile.ts';

/** One fact that exists on both sides with different payloads. */
export interface Changed {
  readonly from: Fact;
  readonly to: Fact;
  /** Names of the attributes that differ, in the payload's order. */
  readonly attributes: readonly string[];
}

/** The difference between two catalogs, each list in the order of the catalog it comes from. */
export interface Diff {
  readonly added: readonly Fact[];
  readonly removed: readonly Fact[];
  readonly changed: readonly Changed[];
}

/**
 * Compares two catalogs fact by fact, without what one of them leaves open; where server versions differ, as the older
 * of the two would tell them.
 */
export function diff(first: Catalog, second: Catalog, kinds: Kinds): Diff {
  return diffOf(settle(first, second, kinds), kinds);
}

/** Compares what is settled already. */
export function diffOf({ before, after }: Settlement, kinds: Kinds): Diff {
  const major = Math.min(before.major, after.major);
  const removed = [...before.facts.values()].filter((fact) => !after.facts.has(fact.id));
  const added: Fact[] = [];
  const changed: Changed[] = [];
  for (const to of after.facts.values()) {
    const from = before.facts.get(to.id);
    if (from === undefined) added.push(to);
    else {
      const attributes = differing(from, to, kinds.get(to.kind), major);
      if (attributes.length > 0) changed.push({ from, to, attributes });
    }
  }
  return { added, removed, changed };
}

/** The same difference seen from the other side. */
export function reversed({ added, removed, changed }: Diff): Diff {
  return {
    added: removed,
    removed: added,
    changed: changed.map(({ from, to, attributes }) => ({ from: to, to: from, attributes })),
  };
}

/** What still differs where something did, after facts were told anew in one of the catalogs or added to it. */
export function recheck(
  { added, removed, changed }: Diff,
  { before, after }: Settlement,
  kinds: Kinds,
): Diff {
  const major = Math.min(before.major, after.major);
  const pairs = [...changed.map(({ to }) => to), ...added, ...removed].flatMap(({ id }) => {
    const [from, to] = [before.facts.get(id), after.facts.get(id)];
    if (from === undefined || to === undefined) return [];
    const attributes = differing(from, to, kinds.get(to.kind), major);
    return attributes.length > 0 ? [{ from, to, attributes }] : [];
  });
  return {
    added: added.filter(({ id }) => !before.facts.has(id)),
    removed: removed.filter(({ id }) => !after.facts.has(id)),
    changed: pairs,
  };
}

/** Whether nothing differs. */
export function isEmpty(difference: Diff): boolean {
  return difference.added.length + difference.removed.length + difference.changed.length === 0;
}

function differing(from: Fact, to: Fact, kind: AnyKind | undefined, major: number): string[] {
  // What is told alike is told alike at any version, and nearly everything is.
  if (equal(from.payload, to.payload)) return [];
  const a = kind?.atVersion ? kind.atVersion(from.payload, major) : from.payload;
  const b = kind?.atVersion ? kind.atVersion(to.payload, major) : to.payload;
  return Object.keys(to.payload).filter((name) => !equal(a[name], b[name]));
}

/** Deep equality of JSON values; the order of object keys does not matter, that of array elements does. */
export function equal(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || !a || !b) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const x = a as Record<string, Json>;
  const y = b as Record<string, Json>;
  // Lists of keys would be made for each of tens of thousands of payloads.
  let more = 0;
  for (const key in x) {
    if (!equal(x[key], y[key])) return false;
    more++;
  }
  for (const _ in y) more--;
  return more === 0;
}
