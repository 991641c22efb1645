// What a schema file leaves open is as the database has it: two catalogs made comparable before anything else.
import { type Catalog, shadowRole, withRelations } from './catalog.ts';
import type { Kinds } from './diff.ts';
import type { Fact } from './fact.ts';

/** Two catalogs, ready to be compared. */
export interface Settlement {
  readonly before: Catalog;
  readonly after: Catalog;
}

/**
 * Lets the shadow's role stand for the role of the database that it is compared with (`Kind.standIn`), then gives each
 * side those facts of the other that it did not ask for (`Kind.optional`). Doing it twice changes nothing.
 */
export function settle(before: Catalog, after: Catalog, kinds: Kinds): Settlement {
  const a = standingIn(before, after.role, kinds);
  const b = standingIn(after, before.role, kinds);
  return { before: completed(a, b, kinds), after: completed(b, a, kinds) };
}

function standingIn(catalog: Catalog, role: string | null, kinds: Kinds): Catalog {
  if (catalog.role !== shadowRole || role === null || role === shadowRole) return catalog;
  const renamed = new Map<string, Fact>();
  for (const fact of catalog.facts.values()) {
    const successor = kinds.get(fact.kind)?.standIn?.(fact, role);
    if (successor !== undefined && successor.id !== fact.id) renamed.set(fact.id, successor);
  }
  if (renamed.size === 0) return catalog;
  const facts = [...catalog.facts.values()]
    // What the schema says of the role by its own name goes first.
    .filter(({ id }) => !catalog.facts.has(renamed.get(id)?.id ?? ''))
    .map((fact) => renamed.get(fact.id) ?? fact);
  const idOf = (id: string) => renamed.get(id)?.id ?? id;
  return withRelations(catalog, new Map(facts.map((fact) => [fact.id, fact])), () => ({
    needs: new Map(
      [...catalog.needs].map(([id, of]) => [
        idOf(id),
        new Map([...of].map(([to, need]) => [idOf(to), need])),
      ]),
    ),
    dies: new Map([...catalog.dies].map(([id, of]) => [idOf(id), new Set([...of].map(idOf))])),
    links: catalog.links,
  }));
}

function completed(catalog: Catalog, other: Catalog, kinds: Kinds): Catalog {
  const open = [...other.facts.values()].filter(
    ({ id, kind, parent }) =>
      kinds.get(kind)?.optional && !catalog.facts.has(id) && parent !== null && catalog.facts.has(parent),
  );
  if (open.length === 0) return catalog;
  const facts = new Map(catalog.facts);
  for (const fact of open) facts.set(fact.id, fact);
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
