// Makes two catalogs comparable: parts that a schema file leaves open are as in the database.
import { type Catalog, isFromFiles, shadowRole, withRelations } from './catalog.ts';
import type { Fact } from './fact.ts';
import type { Kinds } from './kind.ts';

/** Two catalogs, ready to be compared. */
export interface SettledPair {
  readonly before: Catalog;
  readonly after: Catalog;
}

/**
 * The roles that a schema file may mean by the current user of a database: the role that connects, and the
 * role that most objects belong to, which may have loaded the file. None for a shadow.
 */
export function listCurrentUsers({ role, facts }: Catalog): string[] {
  if (role === null || role === shadowRole) return [];
  const owned = new Map<string, number>();
  for (const { payload } of facts.values())
    if (typeof payload.owner === 'string') owned.set(payload.owner, (owned.get(payload.owner) ?? 0) + 1);
  owned.delete('pg_database_owner');
  const [most] = [...owned].sort(([, a], [, b]) => b - a);
  return [...new Set([role, ...(most === undefined ? [] : [most[0]])])];
}

/**
 * Replaces the shadow's role by the role of the compared database (`reconcile.standIn`). Then it gives each
 * side the optional facts of the other that it leaves open (`reconcile.optional`), and adapts the facts that
 * depend on these (`reconcile.settled`). Doing it twice changes nothing.
 */
export function settle(before: Catalog, after: Catalog, kinds: Kinds): SettledPair {
  const a = standingIn(before, after, kinds);
  const b = standingIn(after, before, kinds);
  return {
    before: settled(completed(a, b, kinds), b, kinds),
    after: settled(completed(b, a, kinds), a, kinds),
  };
}

function standingIn(catalog: Catalog, other: Catalog, kinds: Kinds): Catalog {
  const roles = listCurrentUsers(other);
  if (catalog.role !== shadowRole || roles.length === 0) return catalog;
  const renamed = new Map<string, Fact | null>();
  for (const fact of catalog.facts.values()) {
    const standIn = kinds.get(fact.kind)?.reconcile?.standIn;
    if (standIn === undefined) continue;
    const successor = findStandIn(
      roles.map((role) => standIn(fact, role)),
      other,
    );
    if (successor === fact) continue;
    // A fact that the schema names for the role itself takes precedence.
    const named = successor.id !== fact.id && catalog.facts.has(successor.id);
    renamed.set(fact.id, named ? null : successor);
  }
  return replaced(catalog, renamed);
}

// The role for which the database has the fact; the role that connects where the database has it for neither.
function findStandIn(candidates: readonly Fact[], { facts }: Catalog): Fact {
  const payloadOf = (id: string) => JSON.stringify(facts.get(id)?.payload);
  return (
    candidates.find(({ id, payload }) => payloadOf(id) === JSON.stringify(payload)) ??
    candidates.find(({ id }) => facts.has(id)) ??
    (candidates[0] as Fact)
  );
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

// Facts, with their parts, that the files of a shadow may make although the shadow lacks them.
function findUnsure(
  { loaded }: Catalog,
  other: Catalog,
  missing: readonly Fact[],
  kinds: Kinds,
): ReadonlySet<string> {
  const unsure = new Set<string>();
  for (const kind of new Set(missing.map((fact) => kinds.get(fact.kind)))) {
    const mayMake = kind?.reconcile?.mayMake;
    if (mayMake === undefined) continue;
    for (const { text } of loaded?.files ?? []) for (const id of mayMake(text)) unsure.add(id);
  }
  if (unsure.size === 0) return unsure;
  const isPart = ({ id, parent }: Fact): boolean => {
    const above = other.facts.get(parent ?? '');
    return unsure.has(id) || (above !== undefined && isPart(above));
  };
  return new Set(missing.filter(isPart).map(({ id }) => id));
}

function completed(catalog: Catalog, other: Catalog, kinds: Kinds): Catalog {
  const missing = [...other.facts.values()].filter(({ id }) => !catalog.facts.has(id));
  const unsure = findUnsure(catalog, other, missing, kinds);
  const open = missing.filter(
    (fact) =>
      unsure.has(fact.id) ||
      ((fact.parent === null || catalog.facts.has(fact.parent)) &&
        kinds.get(fact.kind)?.reconcile?.optional?.(fact, catalog)),
  );
  if (open.length === 0) return catalog;
  // Catalogs from migrations are compared in this way with schema files and other migrations; a database may
  // have any owner.
  const isComplete = catalog.complete && (other.role === shadowRole || isFromFiles(other));
  const facts = new Map(catalog.facts);
  for (const fact of open) {
    const unsaid = isComplete ? kinds.get(fact.kind)?.reconcile?.unsaid?.(fact) : undefined;
    if (unsaid !== null) facts.set(fact.id, (other.role === shadowRole && unsaid) || fact);
  }
  return withRelations(catalog, facts, () => {
    const needs = new Map(catalog.needs);
    const dies = new Map(catalog.dies);
    for (const { id } of open) {
      if (!facts.has(id)) continue;
      needs.set(id, new Map([...(other.needs.get(id) ?? [])].filter(([needed]) => facts.has(needed))));
      dies.set(id, new Set([...(other.dies.get(id) ?? [])].filter((needed) => facts.has(needed))));
    }
    return { needs, dies, links: catalog.links };
  });
}
