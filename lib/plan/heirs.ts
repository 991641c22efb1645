// Inherited facts: the link that they come from, and what remains when their origin goes.
import { type Catalog, edgeKey } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import type { Kinds } from '../model/kind.ts';
import type { SettledPair } from '../model/reconcile.ts';

/** The facts that are inherited from each fact. */
export type Heirs = ReadonlyMap<string, readonly Fact[]>;

/** The link between what two facts are parts of: their parents, or these' parents. */
export function findLinkAbove(catalog: Catalog, lower: Fact, upper: Fact | undefined): string | undefined {
  if (lower.parent === null || upper == null || upper.parent === null) return undefined;
  const next = catalog.facts.get(lower.parent);
  const link = catalog.links.get(edgeKey(lower.parent, upper.parent));
  return link ?? (next && findLinkAbove(catalog, next, catalog.facts.get(upper.parent)));
}

/** A fact that changes, and the attributes that do. */
interface Change {
  readonly action: string;
  readonly from: Fact | undefined;
  readonly attributes: readonly string[];
}

/**
 * The links that a change of a fact needs to be away (see `order.detached`): its own, and those of its heirs.
 */
export function findStiffLinks(
  change: Change,
  state: SettledPair & { kinds: Kinds },
  heirs: Heirs,
): string[] {
  const { from, action, attributes } = change;
  if (from === undefined || action !== 'alter') return [];
  const { before, after, kinds } = state;
  const { detached = [] } = kinds.get(from.kind)?.order ?? {};
  const names = attributes.filter((name) => detached.includes(name));
  if (names.length === 0) return [];
  const ties = [
    ...from.origins.map((origin) => [from.id, origin] as const),
    ...(heirs.get(from.id) ?? []).map((heir) => [heir.id, from.id] as const),
  ];
  const isShared = (heir: string, origin: string, { facts }: Catalog) =>
    names.every((name) => facts.get(heir)?.payload[name] === facts.get(origin)?.payload[name]);
  const isTied = (heir: string, origin: string) =>
    [before, after].every(({ facts }) => facts.get(heir)?.origins.includes(origin));
  return ties.flatMap(([heir, origin]) =>
    !isTied(heir, origin) || (isShared(heir, origin, before) && isShared(heir, origin, after))
      ? []
      : (findLinkAbove(before, before.facts.get(heir) as Fact, before.facts.get(origin)) ?? []),
  );
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
