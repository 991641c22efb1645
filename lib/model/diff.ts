// Finds the added, removed and changed facts between two catalogs, for any kind.

import type { Catalog } from './catalog.ts';
import type { Fact, Json, Payload } from './fact.ts';
import type { AnyKind, Kinds } from './kind.ts';
import { type SettledPair, settle } from './reconcile.ts';

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

/** Two reconciled catalogs and the differences between them: plans and reports are made from it. */
export interface Difference extends SettledPair {
  readonly diff: Diff;
}

/**
 * Compares two catalogs fact by fact, without parts that one of them leaves open. With different server
 * versions it compares the form of the older one.
 */
export function makeDifference(first: Catalog, second: Catalog, kinds: Kinds): Difference {
  const pair = settle(first, second, kinds);
  return { ...pair, diff: diffReconciled(pair, kinds) };
}

/** The differences between two catalogs alone. */
export function diff(first: Catalog, second: Catalog, kinds: Kinds): Diff {
  return makeDifference(first, second, kinds).diff;
}

/** Compares two reconciled catalogs. */
export function diffReconciled({ before, after }: SettledPair, kinds: Kinds): Diff {
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
export function reverseDiff({ before, after, diff: { added, removed, changed } }: Difference): Difference {
  const back = changed.map(({ from, to, attributes }) => ({ from: to, to: from, attributes }));
  return { before: after, after: before, diff: { added: removed, removed: added, changed: back } };
}

/** Compares again the facts that differed, after they were read again or added in one of the catalogs. */
export function recheck(difference: Difference, sides: Partial<SettledPair>, kinds: Kinds): Difference {
  const { added, removed, changed } = difference.diff;
  const { before, after } = { ...difference, ...sides };
  const major = Math.min(before.major, after.major);
  const pairs = [...changed.map(({ to }) => to), ...added, ...removed].flatMap(({ id }) => {
    const [from, to] = [before.facts.get(id), after.facts.get(id)];
    if (from === undefined || to === undefined) return [];
    const attributes = differing(from, to, kinds.get(to.kind), major);
    return attributes.length > 0 ? [{ from, to, attributes }] : [];
  });
  const diff = {
    added: added.filter(({ id }) => !before.facts.has(id)),
    removed: removed.filter(({ id }) => !after.facts.has(id)),
    changed: pairs,
  };
  return { before, after, diff };
}

/** True if there are no differences. */
export function isEmpty(difference: Diff): boolean {
  return difference.added.length + difference.removed.length + difference.changed.length === 0;
}

/** True if a comparison of two facts with one id finds no difference. @param major the older version */
export function isSameFact(from: Fact, to: Fact, kinds: Kinds, major: number): boolean {
  return differing(from, to, kinds.get(to.kind), major).length === 0;
}

function differing(from: Fact, to: Fact, kind: AnyKind | undefined, major: number): string[] {
  // Equal payloads are equal in any version, and nearly all are equal.
  if (isEqual(from.payload, to.payload)) return [];
  const { atVersion } = kind?.reconcile ?? {};
  const at = ({ payload }: Fact): Payload => atVersion?.(payload, major) ?? payload;
  const [a, b] = [at(from), at(to)];
  const names = Object.keys(to.payload).filter((name) => !isEqual(a[name], b[name]));
  if (names.length === 0) return names;
  const [x, y] = [takeCompared(a, kind), takeCompared(b, kind)];
  return names.filter((name) => !isEqual(x[name], y[name]));
}

/**
 * The compared part of a payload (`reconcile.uncompared`, `laterAttributes`), with lists whose order means
 * nothing sorted (`reconcile.unordered`).
 */
export function takeCompared(payload: Payload, kind: AnyKind | undefined): Payload {
  const { unordered = [], uncompared = [], laterAttributes = [] } = kind?.reconcile ?? {};
  if (unordered.length + uncompared.length + laterAttributes.length === 0) return payload;
  const part: Record<string, Json> = { ...payload };
  for (const name of uncompared as readonly string[]) delete part[name];
  for (const name of laterAttributes as readonly string[]) if (part[name] === null) delete part[name];
  for (const name of unordered as readonly string[]) {
    const list = part[name];
    if (Array.isArray(list)) part[name] = [...list].sort();
  }
  return part;
}

/** Deep equality of JSON values; the order of object keys does not matter, that of array elements does. */
export function isEqual(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || !a || !b) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const x = a as Record<string, Json>;
  const y = b as Record<string, Json>;
  // Lists of keys would be made for each of tens of thousands of payloads.
  let more = 0;
  for (const key in x) {
    if (!isEqual(x[key], y[key])) return false;
    more++;
  }
  for (const _ in y) more--;
  return more === 0;
}
