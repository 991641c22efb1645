// The names that the server gives to NOT NULL constraints.
import type { Fact } from '../model/fact.ts';
import type { Scope } from '../model/kind.ts';

type Facts = ReadonlyMap<string, Fact>;

const bySchema = new WeakMap<Facts, ReadonlyMap<string, readonly string[]>>();

/**
 * Whether the server comes to the name of a NOT NULL by itself. It makes up another one where a constraint of the same
 * schema has that name, and heirs take the names of their parents' over.
 */
export function isUsual(fact: Fact<{ readonly name: string }>, { before, after }: Scope): boolean {
  const { kind, path, payload } = fact;
  if (payload.name !== `${path[1]}_${path[2]}_not_null`) return false;
  const key = `${path[0]}\n${payload.name}`;
  return [before, after].every(({ facts }) =>
    (holders(kind, facts).get(key) ?? []).every((id) => id === fact.id),
  );
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
