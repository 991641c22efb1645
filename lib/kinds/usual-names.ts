// The names that the server gives to NOT NULL constraints.
import type { Fact } from '../model/fact.ts';
import type { Scope } from '../model/kind.ts';

type Facts = ReadonlyMap<string, Fact>;

const bySchema = new WeakMap<Facts, ReadonlyMap<string, readonly string[]>>();

type Named = Fact<{ readonly name: string }>;

/** Whether the server comes to the name of a NOT NULL by itself. */
export function isUsual(fact: Named, scope: Scope): boolean {
  return fact.payload.name === usualName(fact, scope);
}

/**
 * The name that the server gives to a NOT NULL; undefined: it makes up another one, because a constraint of the same schema has
 * that name, or it is too long. Heirs take the names of their parents' over.
 */
export function usualName({ id, kind, path }: Named, { before, after }: Scope): string | undefined {
  const name = `${path[1]}_${path[2]}_not_null`;
  const key = `${path[0]}\n${name}`;
  const isFree =
    (holders(kind, before.facts).get(key) ?? []).every((other) => other === id) &&
    (holders(kind, after.facts).get(key) ?? []).every(
      (other) => other === id || inherits(after.facts, other, id),
    );
  return isFree && Buffer.byteLength(name) <= 63 ? name : undefined;
}

function inherits(facts: Facts, id: string, origin: string): boolean {
  const { origins = [], outlives = false } = facts.get(id) ?? {};
  return !outlives && origins.some((other) => other === origin || inherits(facts, other, origin));
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
