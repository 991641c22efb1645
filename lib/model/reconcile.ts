// What a schema file leaves open is as the database has it: two catalogs made comparable before anything else.
import { type Catalog, shadowRole, withRelations } from './catalog.ts';
import type { Fact } from './fact.ts';
import type { Kinds } from './kind.ts';

/** Two catalogs, ready to be compared. */
export interface Settlement {
  readonly before: Catalog;
  readonly after: Catalog;
}

/**
 * Lets the shadow's role stand for the role of the database that it is compared with (`Kind.standIn`), gives each side
 * those facts of the other that it did not ask for (`Kind.optional`), and reads what depends on these (`Kind.settled`).
 * Doing it twice changes nothing.
 */
export function settle(before: Catalog, after: Catalog, kinds: Kinds): Settlement {
  const a = standingIn(before, after.role, kinds);
  const b = standingIn(after, before.role, kinds);
  return {
    before: settled(completed(a, b, kinds), b, kinds),
    after: settled(completed(b, a, kinds), a, kinds),
  };
}

function standingIn(catalog: Catalog, role: string | null, kinds: Kinds): Catalog {
  if (catalog.role !== shadowRole || role === null || role === shadowRole) return catalog;
  const renamed = new Map<string, Fact | null>();
  for (const fact of catalog.facts.values()) {
    const successor = kinds.get(fact.kind)?.standIn?.(fact, role);
    if (successor === undefined || successor === fact) continue;
    // What the schema says of the role by its own name goes first.
    const named = successor.id !== fact.id && catalog.facts.has(successor.id);
    renamed.set(fact.id, named ? null : successor);
  }
  return replaced(catalog, renamed);
}

function settled(catalog: Catalog, other: Catalog, kinds: Kinds): Catalog {
  const { role } = catalog.role === shadowRole ? other : catalog;
  const read = new Map<string, Fact | null>();
  for (const fact of catalog.facts.values()) {
    const reading = kinds.get(fact.kind)?.settled?.(fact, { catalog, other, role, kinds });
    if (reading !== undefined && reading !== fact) read.set(fact.id, reading);
  }
  return replaced(catalog, read);
}

// Facts in the places of others, or, for null, of nothing.
function replaced(catalog: Catalog, successors: ReadonlyMap<string, Fact | null>): Catalog {
  if (successors.size === 0) return catalog;
  const facts = new Map<string, Fact>();
  for (const fact of catalog.facts.values()) {
    const successor = successors.get(fact.id);
    if (successor !== null) facts.set((successor ?? fact).id, successor ?? fact);
  }
  const idOf = (id: string) => successors.get(id)?.id ?? id;
  const moved = <T>(relations: ReadonlyMap<string, T>, move: (of: T) => T) =>
    new Map([...relations].map(([id, of]) => [idOf(id), move(of)] as const));
  return withRelations(catalog, facts, () => ({
    needs: moved(catalog.needs, (of) => new Map([...of].map(([id, need]) => [idOf(id), need]))),
    dies: moved(catalog.dies, (of) => new Set([...of].map(idOf))),
    links: catalog.links,
  }));
}

function completed(catalog: Catalog, other: Catalog, kinds: Kinds): Catalog {
  const open = [...other.facts.values()].filter(
    (fact) =>
      !catalog.facts.has(fact.id) &&
      fact.parent !== null &&
      catalog.facts.has(fact.parent) &&
      kinds.get(fact.kind)?.optional?.(fact),
  );
  if (open.length === 0) return catalog;
  // What migrations made is compared so with what a schema file wants, or other migrations: a database may be anybody's.
  const complete = catalog.complete && other.role === shadowRole;
  const facts = new Map(catalog.facts);
  for (const fact of open) facts.set(fact.id, (complete && kinds.get(fact.kind)?.unsaid?.(fact)) || fact);
  return withRelations(catalog, facts, () => {
    const needs = new Map(catalog.needs);
    const dies = new Map(catalog.dies);
    for (const { id } of open) {
      needs.set(id, new Map([...(other.needs.get(id) ?? [])].filter(([needed]) => facts.has(needed))));
      dies.set(id, new Set([...(other.dies.get(id) ?? [])].filter((needed) => facts.has(needed))));
    }
    return { needs, dies, links: catalog.links };
  });
}
