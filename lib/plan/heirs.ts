// Inherited facts: the link that they come from, and what remains when their origin goes.
import { type Catalog, edgeKey } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';

/** The facts that are inherited from each fact. */
export type Heirs = ReadonlyMap<string, readonly Fact[]>;

/** The link between what two facts are parts of: their parents, or these' parents. */
export function findLinkAbove(catalog: Catalog, lower: Fact, upper: Fact | undefined): string | undefined {
  if (lower.parent === null || upper == null || upper.parent === null) return undefined;
  const next = catalog.facts.get(lower.parent);
  const link = catalog.links.get(edgeKey(lower.parent, upper.parent));
  return link ?? (next && findLinkAbove(catalog, next, catalog.facts.get(upper.parent)));
}

/** Origin → heirs. */
export function collectHeirs({ facts }: Catalog): Heirs {
  const heirs = new Map<string, Fact[]>();
  for (const fact of facts.values())
    for (const origin of fact.origins) {
      const known = heirs.get(origin);
      if (known === undefined) heirs.set(origin, [fact]);
      else known.push(fact);
    }
  return heirs;
}
