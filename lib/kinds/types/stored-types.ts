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
      if (hasRows(fact, scope)) return true;
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
    if (fact.kind === domain.kind && isOfDomain) return isStoredInside(fact, scope);
    if (!isOfDomain && hasRows(fact, scope)) return true;
    const holder = holderOf(fact, scope);
    return holder !== null && isStored(holder, scope);
  });
}

// Without the parts of a relation, whose type it is.
function dependentsOf(type: string, { before }: World): Fact[] {
  return [...before.needs]
    .filter(([id, needed]) => id !== type && needed.has(type))
    .flatMap(([id]) => before.facts.get(id) ?? [])
    .filter(({ parent }) => parent !== type);
}

// The server has the rows of a foreign table elsewhere.
function hasRows({ kind, parent }: Fact, { before }: World): boolean {
  const isOfTable = kind === 'column' && before.facts.get(`${parent}`)?.kind === 'table';
  return isOfTable || kind === 'materialized view column';
}

const parts = new Set(['attribute', 'column', 'view column', 'materialized view column']);

// The type that a fact is, or is a part of. A relation has its columns' types in its rows, but not those that
// its query or its key names.
function holderOf(fact: Fact, { kinds }: World): string | null {
  if (parts.has(fact.kind)) return fact.parent;
  const slots = kinds.get(fact.kind)?.order?.slots?.(fact) ?? [];
  const isRelation = slots.some((slot) => slot.startsWith('relation '));
  return !isRelation && slots.some((slot) => slot.startsWith('type ')) ? fact.id : null;
}
