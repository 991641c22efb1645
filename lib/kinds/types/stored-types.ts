// Types whose values are in the rows of tables, also inside the values of other types.
import type { Fact } from '../../model/fact.ts';
import type { Scope } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';

type World = Pick<Scope, 'before' | 'kinds'>;

/** True if rows contain values of this type: in columns, or in columns of types that it is part of. */
export function isStored(type: string, scope: World): boolean {
  const types = [type];
  for (const at of types)
    for (const fact of dependentsOf(at, scope)) {
      if (fact.kind === 'column' || fact.kind === 'materialized view') return true;
      const holder = holderOf(fact, scope);
      if (holder !== null && !types.includes(holder)) types.push(holder);
    }
  return false;
}

/**
 * True if rows contain values of this domain inside others: in arrays, composite values or ranges. The server
 * checks them for no new constraint, and refuses it (source: get_rels_with_domain in typecmds.c).
 */
export function isStoredInside(domain: Fact, scope: World): boolean {
  return dependentsOf(domain.id, scope).some((fact) => {
    const isOfDomain = fact.payload.type === qualify(domain.path);
    if (fact.kind === 'column') return !isOfDomain;
    if (fact.kind === domain.kind && isOfDomain) return isStoredInside(fact, scope);
    const holder = holderOf(fact, scope);
    return holder !== null && isStored(holder, scope);
  });
}

function dependentsOf(type: string, { before }: World): Fact[] {
  return [...before.needs]
    .filter(([id, needed]) => id !== type && needed.has(type))
    .flatMap(([id]) => before.facts.get(id) ?? []);
}

// The type that a fact is, or is an attribute of.
function holderOf(fact: Fact, { kinds }: World): string | null {
  if (fact.kind === 'attribute') return fact.parent;
  const slots = kinds.get(fact.kind)?.order?.slots?.(fact) ?? [];
  return slots.some((slot) => slot.startsWith('type ')) ? fact.id : null;
}
