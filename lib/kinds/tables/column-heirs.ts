// The columns that inherit from another one, at any depth.
import type { Fact } from '../../model/fact.ts';

type Facts = ReadonlyMap<string, Fact>;

const byOrigin = new WeakMap<Facts, ReadonlyMap<string, readonly Fact[]>>();

/** The heirs of a column, and theirs. */
export function heirsOf<F extends { readonly id: string }>({ id }: F, facts: Facts): F[] {
  const heirs = (indexed(facts).get(id) ?? []) as unknown as readonly F[];
  return heirs.flatMap((heir) => [heir, ...heirsOf(heir, facts)]);
}

function indexed(facts: Facts): ReadonlyMap<string, readonly Fact[]> {
  const known = byOrigin.get(facts);
  if (known !== undefined) return known;
  const index = new Map<string, Fact[]>();
  for (const fact of facts.values())
    if (fact.kind === 'column')
      for (const origin of fact.origins) index.set(origin, [...(index.get(origin) ?? []), fact]);
  byOrigin.set(facts, index);
  return index;
}
