// A database as data: its facts and which of them need which.
import type { Fact } from './fact.ts';

/**
 * How one fact needs another (manual: catalog pg_depend): `normal`: the server refuses to drop the needed one first;
 * `auto`: the server drops the needing one with it.
 */
export type Need = 'normal' | 'auto';

/** The reserved role that shadow databases are loaded as: it stands for whoever will run the plan. */
export const shadowRole = 'pgmage';

/** What a shadow was loaded with. */
export interface Loaded {
  readonly files: readonly { readonly file: string; readonly text: string }[];
  /** One after the other as they stand, as migrations are. */
  readonly inOrder: boolean;
  /** As psql does it. */
  readonly asPsql?: boolean;
  /** The role that ran them, where they name it; null: the reserved one. */
  readonly as: string | null;
}

/** How the facts of a catalog hang together. */
export interface Relations {
  /** id → ids it needs before it can exist; its own where it refers to itself. */
  readonly needs: ReadonlyMap<string, ReadonlyMap<string, Need>>;
  /** id → ids with whose drop the server silently drops it, also where another fact stands for the edge. */
  readonly dies: ReadonlyMap<string, ReadonlySet<string>>;
  /** `edge(dependent, referenced)` → the fact that stands for that edge, e.g. a partition's attachment. */
  readonly links: ReadonlyMap<string, string>;
}

/** Everything that is compared, read in one snapshot. */
export interface Catalog extends Relations {
  /** The server's major version, e.g. 15. Texts of two catalogs are comparable only when it is the same. */
  readonly major: number;
  /** The role that read it, which is the role that steps will run as; null where nobody knows. */
  readonly role: string | null;
  /**
   * It was made by migrations alone: of what they do not say it is known how the server makes it, where a schema file would
   * leave it open (`Kind.unsaid`).
   */
  readonly complete?: boolean;
  /** What it was loaded from, where that was a shadow; null: it is a database's. */
  readonly loaded?: Loaded | null;
  readonly facts: ReadonlyMap<string, Fact>;
  /** Objects in the database that no kind manages, described for people. */
  readonly unmanaged: readonly string[];
}

/**
 * A catalog whose relations are worked out when they are first asked for: where nothing differs, nobody asks.
 * @param base where everything else comes from
 * @param facts in the place of those of `base`
 */
export function withRelations(
  { major, role, unmanaged, complete = false, loaded = null }: Omit<Catalog, 'facts' | keyof Relations>,
  facts: Catalog['facts'],
  relations: () => Relations,
): Catalog {
  let work: (() => Relations) | undefined = relations;
  let known: Relations | undefined;
  const found = (): Relations => {
    known ??= (work as () => Relations)();
    // What it was made from is of no more use.
    work = undefined;
    return known;
  };
  return {
    major,
    role,
    complete,
    loaded,
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

/** The same catalog, known to be complete. */
export function asComplete(catalog: Catalog): Catalog {
  const { major, role, unmanaged, loaded = null } = catalog;
  return withRelations({ major, role, unmanaged, complete: true, loaded }, catalog.facts, () => catalog);
}

/** The same catalog, known to be loaded from files. */
export function asLoaded(catalog: Catalog, loaded: Loaded): Catalog {
  const { major, role, unmanaged, complete = false } = catalog;
  return withRelations({ major, role, unmanaged, complete, loaded }, catalog.facts, () => catalog);
}

/** The catalog without some facts, of which none that stays may need one. */
export function without(catalog: Catalog, ids: ReadonlySet<string>): Catalog {
  const kept = new Map([...catalog.facts].filter(([id]) => !ids.has(id)));
  return withRelations(catalog, kept, () => catalog);
}

/**
 * Some facts and all that need them.
 * @param dying also what the server drops with them
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
  return closure(ids, (id) => dependents.get(id) ?? []);
}

/** Whatever can be reached. */
export function closure(
  start: readonly string[],
  next: (id: string) => Iterable<string>,
): ReadonlySet<string> {
  const found = new Set(start);
  // It grows while it is walked.
  for (const id of found) for (const other of next(id)) found.add(other);
  return found;
}

/** The fact's parent, or undefined where it has none in this catalog. */
export function parentOf(catalog: Catalog, fact: Fact): Fact | undefined {
  return fact.parent === null ? undefined : catalog.facts.get(fact.parent);
}

/** What a fact is in the end a part of: itself where it has no parent in this catalog. */
export function rootOf(catalog: Catalog, fact: Fact): Fact {
  const parent = parentOf(catalog, fact);
  return parent === undefined ? fact : rootOf(catalog, parent);
}

/** The key of `Catalog.links`: from which fact to which. */
export function edge(dependent: string, referenced: string): string {
  return `${dependent}\n${referenced}`;
}
