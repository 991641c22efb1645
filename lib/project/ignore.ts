// Removes ignored objects from a catalog.
import { schemaId } from '../kinds/named-objects.ts';
import { isSupabase, supabaseIgnore } from '../kinds/supabase.ts';
import { type Catalog, collectReachable, withRelations } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import { qualify } from '../model/quote.ts';
import { isLedgerSchema } from '../model/schema-pair.ts';
import type { Project } from './project.ts';

/**
 * The objects that a schema file describes: without the ledger, ignored objects, and those of another tool or
 * of Supabase.
 * @param beside the other side of the comparison
 */
export function withoutUnmanaged(
  project: Pick<Project, 'ignore' | 'layout' | 'external'>,
  catalog: Catalog,
  beside: Catalog = catalog,
): Catalog {
  const { ignore, layout } = project;
  const hosted = layout?.name === 'supabase' || [catalog, beside].some(isSupabase);
  const own = withoutUnused(withoutLedger(catalog), beside === catalog ? undefined : beside);
  const lists = [...(hosted ? [supabaseIgnore] : []), layout?.ignore, ignore];
  return lists.reduce(withoutIgnored, withoutExternal(project, own));
}

/** The catalog without the schemas that another program manages, as a shadow has them. */
export function withoutExternal({ external }: Pick<Project, 'external'>, catalog: Catalog): Catalog {
  const schemas = Object.keys(external ?? {});
  return withoutIgnored(catalog, { schemas, objects: [] });
}

/**
 * The catalog of a tenant without the extensions of its database, and their schemas, that no object of the
 * tenant needs.
 * @param beside the other side, whose facts stay
 */
function withoutUnused(catalog: Catalog, beside?: Catalog): Catalog {
  const { shared = new Set<string>(), facts } = catalog;
  const isUsed = (id: string) => !shared.has(id) || (beside?.facts.has(id) ?? false);
  if ([...shared].every(isUsed)) return catalog;
  const kept = collectReachable(
    [...facts.keys()].filter(isUsed),
    (id) => catalog.needs.get(id)?.keys() ?? [],
  );
  return withRelations(catalog, new Map([...facts].filter(([id]) => kept.has(id))), () => catalog);
}

/** The catalog without the ledgers of a database and of its tenants, of which no schema file speaks. */
export function withoutLedger(catalog: Catalog): Catalog {
  // By names alone: to ask who needs whom would work out the relations of a whole database, for a handful of
  // facts. The path of a fact outside schemas can begin with such a name too: the role that loads a shadow.
  const named = [...catalog.facts.values()].filter(({ path: [name] }) => name && isLedgerSchema(name));
  const isHome = ({ id, path: [name = ''] }: Fact) => id === schemaId(name);
  const homes = new Set(named.filter(isHome).map(({ path: [name] }) => name));
  if (homes.size === 0) return catalog;
  const isInside = (fact: Fact) => homes.has(fact.path[0]) && (fact.path.length > 1 || isHome(fact));
  const gone = new Set(named.filter(isInside).map(({ id }) => id));
  const kept = new Map<string, Fact>();
  for (const [id, fact] of catalog.facts)
    if (fact.parent !== null && gone.has(fact.parent)) gone.add(id);
    else if (!gone.has(id)) kept.set(id, fact);
  return withRelations(catalog, kept, () => catalog);
}

/**
 * The catalog without the ignored schemas and objects, and without all that is part of these or lives in
 * them. A name can hold `*` for any characters; an object's can begin with its kind:
 * `extension:pg_stat_statements`.
 */
export function withoutIgnored(catalog: Catalog, ignore: Project['ignore']): Catalog {
  if (ignore === undefined || ignore.schemas.length + ignore.objects.length === 0) return catalog;
  const schemas = patternOf(ignore.schemas);
  const objects = patternOf(ignore.objects);
  const verdicts = new Map<string, boolean>();
  const isIgnored = (fact: Fact): boolean => {
    const known = verdicts.get(fact.id);
    if (known !== undefined) return known;
    verdicts.set(fact.id, false);
    const [schema = ''] = fact.path;
    // Only objects that depend on a schema are in it: paths of other objects may begin with the same name.
    const home = schemaId(schema);
    const inside = fact.id === home || (catalog.needs.get(fact.id)?.has(home) ?? false);
    const own = qualify(fact.path) + fact.signature;
    const named = [own, qualify(fact.path), fact.path.join('.'), `${fact.kind}:${own}`, fact.id];
    const parent = fact.parent === null ? undefined : catalog.facts.get(fact.parent);
    const verdict =
      (inside && schemas.test(schema)) ||
      named.some((name) => objects.test(name)) ||
      (parent !== undefined && isIgnored(parent));
    verdicts.set(fact.id, verdict);
    return verdict;
  };
  const kept = [...catalog.facts].filter(([, fact]) => !isIgnored(fact));
  const { major, role, complete = false, loaded = null, shared } = catalog;
  const unmanaged = catalog.unmanaged.filter((text) => !objects.test(text));
  const state = { major, role, unmanaged, complete, loaded, ...(shared && { shared }) };
  return withRelations(state, new Map(kept), () => catalog);
}

/** True if the schema of that name is left out. */
export const isIgnoredSchema = ({ schemas }: NonNullable<Project['ignore']>, name: string): boolean =>
  patternOf(schemas).test(name);

function patternOf(names: readonly string[]): RegExp {
  const escaped = names.map((name) => name.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*'));
  return new RegExp(`^(?:${escaped.join('|') || '(?!)'})$`);
}
