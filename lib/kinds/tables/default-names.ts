// The names that the server gives to NOT NULL constraints.
import { edgeKey } from '../../model/catalog.ts';
import type { Fact } from '../../model/fact.ts';
import type { Scope } from '../../model/kind.ts';

type Facts = ReadonlyMap<string, Fact>;

const bySchema = new WeakMap<Facts, ReadonlyMap<string, readonly string[]>>();

type Named = Fact<{ readonly name: string }>;

/** True if the server would choose the name of a NOT NULL itself. */
export function hasDefaultName(fact: Named, scope: Scope): boolean {
  return fact.payload.name === computeDefaultName(fact, scope);
}

/**
 * The name that the server gives to a NOT NULL. undefined: it chooses another one, because a constraint of
 * the same schema has that name, or it is too long. Heirs inherit the names of their parents.
 */
export function computeDefaultName({ id, kind, path }: Named, scope: Scope): string | undefined {
  const { before, after } = scope;
  const name = `${path[1]}_${path[2]}_not_null`;
  const key = `${path[0]}\n${name}`;
  const isFree =
    (holders(kind, before.facts).get(key) ?? []).every((other) => other === id) &&
    (holders(kind, after.facts).get(key) ?? []).every((other) => other === id || getsBy(other, id, scope));
  return isFree && Buffer.byteLength(name) <= 63 ? name : undefined;
}

// True if an heir gets its NOT NULL from an origin, or is created after it.
function getsBy(id: string, origin: string, scope: Scope): boolean {
  const { after, makes } = scope;
  const { origins = [], outlives = false, parent } = after.facts.get(id) ?? {};
  if (outlives || !makes(id)) return false;
  const table = (column: string | null | undefined) => `${after.facts.get(`${column}`)?.parent}`;
  return origins.some((other) => {
    const link = after.links.get(edgeKey(table(parent), table(after.facts.get(other)?.parent)));
    const isReached = makes(table(parent)) || (link !== undefined && !makes(link));
    return isReached && (other === origin || getsBy(other, origin, scope));
  });
}

function holders(kind: string, facts: Facts): ReadonlyMap<string, readonly string[]> {
  const known = bySchema.get(facts);
  if (known !== undefined) return known;
  const index = new Map<string, string[]>();
  for (const fact of facts.values()) {
    if (fact.kind !== kind) continue;
    const key = `${fact.path[0]}\n${fact.payload.name}`;
    index.set(key, [...(index.get(key) ?? []), fact.id]);
  }
  bySchema.set(facts, index);
  return index;
}
