// Facts that the server takes for each other when it links them along with their parents (see
// `order.mistakable`).
import { type Catalog, edgeKey } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import type { Kinds } from '../model/kind.ts';
import { findLinkAbove } from './heirs.ts';

type Groups = ReadonlyMap<string, readonly Fact[]>;

const groups = new WeakMap<Catalog['facts'], Groups>();

/** The facts of its parent that fit where this one does, itself included. */
export function findRivals({ facts }: Catalog, kinds: Kinds, fact: Fact): readonly Fact[] {
  let found = groups.get(facts);
  if (found === undefined) {
    found = grouped(facts, kinds);
    groups.set(facts, found);
  }
  return found.get(`${keyOf(fact, kinds)}`) ?? [];
}

function keyOf(fact: Fact, kinds: Kinds): string | undefined {
  const likeness = kinds.get(fact.kind)?.order?.mistakable?.(fact);
  return likeness === undefined ? undefined : `${fact.parent}\n${likeness}`;
}

function grouped(facts: Catalog['facts'], kinds: Kinds): Groups {
  const found = new Map<string, Fact[]>();
  for (const fact of facts.values()) {
    const key = keyOf(fact, kinds);
    if (key !== undefined) found.set(key, [...(found.get(key) ?? []), fact]);
  }
  return found;
}

/**
 * A fact that is linked to one of several between which the server would choose, with the link of their
 * parents.
 */
export interface Contested {
  readonly part: Fact;
  readonly upper: Fact;
  readonly link: string;
}

/** Facts that the server would choose from when it links their parents. */
export function findContested(catalog: Catalog, kinds: Kinds): Contested[] {
  const { facts, links } = catalog;
  return [...links.keys()].flatMap((key) => {
    const [part, upper] = key.split('\n').map((id) => facts.get(id));
    if (part === undefined || upper === undefined || part.parent === null) return [];
    if (edgeKey(part.id, upper.id) !== key || kinds.get(part.kind)?.order?.mistakable === undefined)
      return [];
    const link = findLinkAbove(catalog, part, upper);
    return link !== undefined && findRivals(catalog, kinds, upper).length > 1 ? [{ part, upper, link }] : [];
  });
}
