// A database as data: its facts and which of them need which.
import type { Fact } from './fact.ts';

/**
 * The dependency of one fact on another (manual: catalog pg_depend). `normal`: the server refuses to drop the
 * needed one first; `auto`: the server also drops the dependent one.
 */
export type Need = 'normal' | 'auto';

/** The reserved role that loads shadow databases: it represents the role that will run the plan. */
export const shadowRole = 'pgmage';

/** The input that a shadow was loaded with. */
export interface Loaded {
  readonly files: readonly { readonly file: string; readonly text: string }[];
  /** One after the other as they stand, as migrations are. */
  readonly inOrder: boolean;
  /** As psql does it. */
  readonly asPsql?: boolean;
  /** The role that ran them, where they name it; null: the reserved one. */
  readonly as: string | null;
  /** True if the files were made of the definitions of a database, and are not yet the user's own. */
  readonly ofDatabase?: boolean;
}

/** The relations between the facts of a catalog. */
export interface Relations {
  /** id → ids it needs before it can exist; its own where it refers to itself. */
  readonly needs: ReadonlyMap<string, ReadonlyMap<string, Need>>;
  /** id → ids whose drop makes the server silently drop it, also where another fact represents the edge. */
  readonly dies: ReadonlyMap<string, ReadonlySet<string>>;
  /** `edgeKey(dependent, referenced)` → the fact that represents that edge, e.g. a partition's attachment. */
  readonly links: ReadonlyMap<string, string>;
}

/** Everything that is compared, read in one snapshot. */
export interface Catalog extends Relations {
  /** The server's major version, e.g. 15. Texts of two catalogs are comparable only when it is the same. */
  readonly major: number;
  /** The role that read it, which will run the steps; null: unknown. */
  readonly role: string | null;
  /**
   * True if migrations alone created it. Then an unset optional part has the server's default, where a schema
   * file would leave it open (`reconcile.unsaid`).
   */
  readonly complete?: boolean;
  /** The input of the shadow that it was read from; null: it was read from a database. */
  readonly loaded?: Loaded | null;
  /** Ids of facts that a tenant's database has for all of its tenants; left out: there are none. */
  readonly shared?: ReadonlySet<string>;
  readonly facts: ReadonlyMap<string, Fact>;
  /** Objects in the database that no kind manages, described for people. */
  readonly unmanaged: readonly string[];
}

/**
 * A catalog that computes its relations on first use: equal catalogs never need them.
 * @param from the source of everything else
 * @param facts replace those of `from`
 */
export function withRelations(
  from: Omit<Catalog, 'facts' | keyof Relations>,
  facts: Catalog['facts'],
  relations: () => Relations,
): Catalog {
  const { major, role, unmanaged, complete = false, loaded = null, shared } = from;
  let work: (() => Relations) | undefined = relations;
  let known: Relations | undefined;
  const found = (): Relations => {
    known ??= (work as () => Relations)();
    // The input is not needed any more.
    work = undefined;
    return known;
  };
  return {
    major,
    role,
    complete,
    loaded,
    ...(shared && { shared }),
    facts,
    unmanaged,
    get needs() {
      return found().needs;
    },
    get dies() {
      return found().dies;
    },
    get links() {
      return found().links;
    },
  };
}

/** True if it was read in a shadow that loaded files, which may leave parts open. */
export function isFromFiles({ role, loaded = null }: Catalog): boolean {
  return loaded === null ? role === shadowRole : loaded.files.length > 0;
}

/** The same catalog, known to be complete. */
export function markComplete(catalog: Catalog): Catalog {
  const { major, role, unmanaged, loaded = null } = catalog;
  return withRelations({ major, role, unmanaged, complete: true, loaded }, catalog.facts, () => catalog);
}

/** The same catalog, known to be loaded from files. */
export function markLoaded(catalog: Catalog, loaded: Loaded): Catalog {
  const { major, role, unmanaged, complete = false } = catalog;
  return withRelations({ major, role, unmanaged, complete, loaded }, catalog.facts, () => catalog);
}

/** The catalog without some facts, of which none that stays may need one. */
export function withoutFacts(catalog: Catalog, ids: ReadonlySet<string>): Catalog {
  const kept = new Map([...catalog.facts].filter(([id]) => !ids.has(id)));
  return withRelations(catalog, kept, () => catalog);
}

/**
 * Some facts and all that depend on them.
 * @param dying also those that the server drops with them
 */
export function withDependents(
  { needs, dies }: Relations,
  ids: readonly string[],
  dying = false,
): ReadonlySet<string> {
  const dependents = new Map<string, string[]>();
  const note = (id: string, other: string) => {
    const known = dependents.get(other);
    if (known === undefined) dependents.set(other, [id]);
    else known.push(id);
  };
  for (const [id, needed] of needs) for (const other of needed.keys()) note(id, other);
  for (const [id, causes] of dying ? dies : []) for (const other of causes) note(id, other);
  return collectReachable(ids, (id) => dependents.get(id) ?? []);
}

/** All reachable nodes. */
export function collectReachable(
  start: readonly string[],
  next: (id: string) => Iterable<string>,
): ReadonlySet<string> {
  const found = new Set(start);
  // It grows while it is walked.
  for (const id of found) for (const other of next(id)) found.add(other);
  return found;
}

/** The fact's parent, or undefined where it has none in this catalog. */
export function getParent(catalog: Catalog, fact: Fact): Fact | undefined {
  return fact.parent === null ? undefined : catalog.facts.get(fact.parent);
}

/** The root of a fact: itself if it has no parent in this catalog. */
export function getRoot(catalog: Catalog, fact: Fact): Fact {
  const parent = getParent(catalog, fact);
  return parent === undefined ? fact : getRoot(catalog, parent);
}

/** The key of `Catalog.links`: from which fact to which. */
export function edgeKey(dependent: string, referenced: string): string {
  return `${dependent}\n${referenced}`;
}
