// The part of a database that can be copied, and the reasons why the rest is left out.

import type { Masks } from '../flow/masks.ts';
import { kinds } from '../kinds/index.ts';
import { isTable, isVersionOf } from '../kinds/named-objects.ts';
import { type Catalog, collectReachable, getParent, withDependents, withoutFacts } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import { Problem } from '../problem/problem.ts';
import { adviseRepeat } from '../problem/repeat.ts';
import { withoutIgnored } from '../project/ignore.ts';

/** The requested content of a copy. */
export interface CopySelection {
  /** Owners and privileges as in the source; otherwise everything belongs to the role that copies. */
  readonly owners: boolean;
  /** The search path of the source's functions; left out: only the system schema. */
  readonly path?: string;
  /** Extensions of which the target has other versions only. */
  readonly otherVersions: readonly string[];
  /** Patterns of tables; given: only these, and the objects that they need. */
  readonly tables?: readonly string[];
  /** Patterns of objects that are left out, with all that needs them. */
  readonly exclude?: readonly string[];
  /** Patterns of tables that come without their rows. */
  readonly excludeData?: readonly string[];
  /** No rows at all. */
  readonly schemaOnly?: boolean;
  /** Nothing but rows. */
  readonly dataOnly?: boolean;
  /** The masks of columns. */
  readonly masks: Masks;
}

/** The copied and the excluded part. */
export interface Copyable {
  readonly catalog: Catalog;
  /** Objects that are left out, with the reason. */
  readonly left: readonly string[];
}

/**
 * The part of a catalog that a copy has.
 * @throws Problem `bad_option` for a pattern that nothing fits
 */
export function selectCopyable(whole: Catalog, wish: CopySelection): Copyable {
  const { catalog, left: excluded } = chosen(whole, wish);
  const facts = [...catalog.facts.values()];
  const left = facts.flatMap((fact) => {
    const reason = kinds.get(fact.kind)?.data?.copyRefusal?.(fact);
    return reason == null ? [] : [{ fact, reason }];
  });
  const unsaid = facts.filter(
    (fact) =>
      (!wish.owners && kinds.get(fact.kind)?.data?.ownership) || isVersionOf(fact, wish.otherVersions),
  );
  const gone = withDependents(
    catalog,
    [...left.map(({ fact }) => fact), ...unsaid].map(({ id }) => id),
  );
  return {
    catalog: gone.size === 0 ? catalog : withoutFacts(catalog, gone),
    left: [
      ...excluded,
      ...left.map(({ fact, reason }) => `${nameOf(fact)}: ${reason}`),
      ...whole.unmanaged.map((text) => `${text}: pgmage does not manage it`),
    ],
  };
}

const nameOf = (fact: Fact) => kinds.get(fact.kind)?.reference(fact) ?? fact.id;

// Without excluded objects, and only with the selected ones.
function chosen(catalog: Catalog, { tables, exclude = [], dataOnly }: CopySelection): Copyable {
  const named = matchPatterns(catalog, '--exclude', exclude);
  const gone = withDependents(catalog, [...named], true);
  const fallen = [...gone].flatMap((id) => {
    const fact = catalog.facts.get(id);
    return fact === undefined || named.has(id) || diesWith(catalog, id, gone)
      ? []
      : [`${nameOf(fact)}: it depends on an excluded object`];
  });
  const rest = gone.size === 0 ? catalog : withoutFacts(catalog, gone);
  if (tables === undefined) return { catalog: rest, left: fallen };
  const some = only(rest, tables);
  // The target keeps its schema if only rows are replaced.
  return { catalog: some.catalog, left: [...fallen, ...(dataOnly ? [] : some.left)] };
}

// An object that is dropped with another one is reported with that one.
function diesWith({ dies }: Catalog, id: string, gone: ReadonlySet<string>): boolean {
  return [...(dies.get(id) ?? [])].some((other) => gone.has(other));
}

// Some tables with all that is part of them and needs no other table, and all that these need.
function only(catalog: Catalog, tables: readonly string[]): Copyable {
  const named = matchPatterns(catalog, '--tables', tables, isTable);
  const others = [...catalog.facts.values()].filter((fact) => isTable(fact) && !named.has(fact.id));
  const gone = withDependents(
    catalog,
    others.map(({ id }) => id),
  );
  const rest = withoutFacts(catalog, gone);
  const inside = (fact: Fact | undefined): boolean =>
    fact !== undefined && (named.has(fact.id) || inside(getParent(catalog, fact)));
  // A key or a policy of a selected table that needs another one is lost.
  const left = [...catalog.facts.values()]
    .filter((fact) => gone.has(fact.id) && inside(fact) && !diesWith(catalog, fact.id, gone))
    .map((fact) => `${nameOf(fact)}: it needs a table that --tables leaves out`);
  const needed = collectReachable(
    [...rest.facts.values()].filter(inside).map(({ id }) => id),
    (id) => rest.needs.get(id)?.keys() ?? [],
  );
  // With the implicit facts of a needed object, such as its owner.
  const unneeded = [...rest.facts.values()].filter(
    ({ id, parent, kind }) =>
      !needed.has(id) &&
      !(
        needed.has(`${parent}`) &&
        (kinds.get(kind)?.data?.ownership || kinds.get(kind)?.reconcile?.optional)
      ),
  );
  return { catalog: withoutFacts(rest, new Set(unneeded.map(({ id }) => id))), left };
}

/**
 * Ids of the facts that match patterns, with their parts: `users` is `public.users`, `*` matches any
 * characters.
 * @throws Problem `bad_option` for a pattern without a match
 */
export function matchPatterns(
  catalog: Catalog,
  option: string,
  patterns: readonly string[],
  which: (fact: Fact) => boolean = () => true,
): ReadonlySet<string> {
  const found = new Set<string>();
  for (const pattern of patterns) {
    const full = /[.:]|^\*$/.test(pattern) ? pattern : `public.${pattern}`;
    const rest = withoutIgnored(catalog, { schemas: [], objects: [full] });
    const fits = [...catalog.facts.values()].filter((fact) => which(fact) && !rest.facts.has(fact.id));
    if (fits.length === 0)
      throw new Problem('bad_option', {
        option,
        reason: `no object matches ${pattern}${adviseRepeat(option, pattern)}`,
      });
    for (const { id } of fits) found.add(id);
  }
  return found;
}
