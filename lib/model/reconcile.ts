// Makes two catalogs comparable: parts that a schema file leaves open are as in the database.
import { type Catalog, shadowRole, withRelations } from './catalog.ts';
import type { Fact } from './fact.ts';
import type { Kinds } from './kind.ts';

/** Two catalogs, ready to be compared. */
export interface Settlement {
  readonly before: Catalog;
  readonly after: Catalog;
}

/**
 * Replaces the shadow's role by the role of the compared database (`reconcile.standIn`). Then it gives each side
 * the optional facts of the other that it leaves open (`reconcile.optional`), and adapts the facts that depend on
 * these (`reconcile.settled`). Doing it twice changes nothing.
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
    const successor = kinds.get(fact.kind)?.reconcile?.standIn?.(fact, role);
    if (successor === undefined || successor === fact) continue;
    // A fact that the schema names for the role itself takes precedence.
    const named = successor.id !== fact.id && catalog.facts.has(successor.id);
    renamed.set(fact.id, named ? null : successor);
  }
  return replaced(catalog, renamed);
}

function settled(catalog: Catalog, other: Catalog, kinds: Kinds): Catalog {
  const { role } = catalog.role === shadowRole ? other : catalog;
  const read = new Map<string, Fact | null>();
  for (const fact of catalog.facts.values()) {
    const reading = kinds.get(fact.kind)?.reconcile?.settled?.(fact, { catalog, other, role, kinds });
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
      kinds.get(fact.kind)?.reconcile?.optional?.(fact),
  );
  if (open.length === 0) return catalog;
  // Catalogs from migrations are compared in this way with schema files and other migrations; a database may
  // have any owner.
  const complete = catalog.complete && other.role === shadowRole;
  const facts = new Map(catalog.facts);
  for (const fact of open)
    facts.set(fact.id, (complete && kinds.get(fact.kind)?.reconcile?.unsaid?.(fact)) || fact);
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
