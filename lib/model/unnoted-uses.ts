// Facts that others may use in their SQL without a note of the server: casts.
import type { Catalog } from './catalog.ts';
import type { Kinds } from './kind.ts';

/**
 * Gives a function that lists the facts that a fact may use without a note of the server. The relations of
 * the catalog are worked out only if there is such a fact.
 */
export function makeUnnotedUses(catalog: Catalog, kinds: Kinds): (id: string) => string[] {
  const used = [...catalog.facts.values()].flatMap(({ id, kind }) => {
    const usedBy = kinds.get(kind)?.order?.usedBy;
    const own = usedBy && catalog.needs.get(id);
    return usedBy === undefined || own === undefined ? [] : [{ id, own, usedBy }];
  });
  if (used.length === 0) return () => [];
  return (user) => {
    const theirs = catalog.needs.get(user);
    if (theirs === undefined) return [];
    // A fact comes after those that it needs, and after their parts.
    const isPartOf = (own: ReadonlyMap<string, unknown>) =>
      own.has(user) || own.has(catalog.facts.get(user)?.parent ?? '');
    return used
      .filter(({ id, own, usedBy }) => id !== user && !isPartOf(own) && usedBy(own, theirs))
      .map(({ id }) => id);
  };
}
