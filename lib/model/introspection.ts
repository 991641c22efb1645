// The contract of introspection queries, and the SQL that they share.
import type { Json } from './fact.ts';
import { literal, quote } from './quote.ts';

/**
 * A row of `Kind.introspect`, which is one query over the system catalogs. Its reserved columns are here;
 * every other column is an attribute of the payload. An address is `catalog:oid:subid` (`pg_class:16402:0`);
 * an edge is `dependent>referenced` of pg_depend. Objects of the system and members of extensions must not be
 * returned (`buildOwnCondition`).
 */
export interface IntrospectionRow {
  /**
   * The fact's own address first. Objects that depend internally (pg_depend.deptype `i`) on one of them, such
   * as row types, need not be listed. Empty for a fact without a catalog row of its own; an invented address
   * (`pg_inherits:child:parent`) is one that others name in `needs`.
   */
  readonly addresses: readonly string[];
  /** Unquoted, outermost first. */
  readonly path: readonly string[];
  readonly signature?: string;
  /**
   * The address of the fact that takes it along when dropped; where there is no such fact, the row is left
   * out.
   */
  readonly parent?: string | null;
  /**
   * Instead of `parent`, for what can sit on a fact of any kind (comments, grants): the path continues the
   * target's path, and the id names the target.
   */
  readonly target?: string;
  /** Addresses of the facts that it is inherited from and made by. */
  readonly origins?: readonly string[] | null;
  /** It is defined here too, so that it stays when its origins go. */
  readonly outlives?: boolean | null;
  /** Addresses that it needs although pg_depend does not say so. */
  readonly needs?: readonly string[] | null;
  /** Addresses that it needs and with whose drop the server drops it, beyond what pg_depend says. */
  readonly dies?: readonly string[] | null;
  /**
   * Edges that this fact stands for (a sequence's OWNED BY, an attached partition): it needs both ends, and
   * the ends no longer need each other.
   */
  readonly edges?: readonly string[] | null;
  /**
   * Edges in which this fact stands for the referenced one: the dependent is dropped with it (a base type's
   * functions).
   */
  readonly instead?: readonly string[] | null;
  readonly position?: number;
  readonly [attribute: string]: Json | undefined;
}

const inUserSchemas = `in (select oid from pg_namespace where nspname !~ '^pg_'
      and nspname <> 'information_schema')`;

// Of the transaction. With a list of ids the server finds rows by their indexes, where it would otherwise
// search the catalogs of the whole database.
const chosenObjects = 'pgmage.objects';

/** The query of a kind, for the objects of one schema that `chooseObjects` chose. */
export function limitToSchema(query: string, schema: string): string {
  return (
    query
      // The planner knows the share of a constant.
      .replaceAll(inUserSchemas, () => `= ${literal(quote(schema))}::regnamespace`)
      .replace(/\(([\w.]+) >= 16384\)/g, (_, oid) => `(${oid} = any (${chosenIds}))`)
  );
}

// The cast makes it one value, an array, and not a list of rows.
const chosenIds = `(select pg_catalog.current_setting('${chosenObjects}')::oid[])::oid[]`;

/**
 * A query that chooses objects for the queries of `limitToSchema`, until the end of the transaction.
 * @param ids a query for their ids
 */
export function chooseObjects(ids: string): string {
  return `select pg_catalog.set_config('${chosenObjects}', array(${ids})::text, true)`;
}

/** A condition: an object was made after initdb, which has the ids below (source: transam.h). */
export const isMadeByUser = (oid: string): string => `(${oid} >= 16384)`;

/**
 * A condition: the object is the user's own: made after initdb, not a member of an extension, not in a
 * temporary or internal schema (manual: pg_depend, deptype `e`).
 * @param catalog the system catalog, e.g. `pg_class`
 * @param oid SQL for the object's oid, e.g. `c.oid`
 * @param namespace SQL for its schema's oid, where it has one
 */
export function buildOwnCondition(catalog: string, oid: string, namespace?: string): string {
  const inUserSchema = namespace ? ` and ${namespace} ${inUserSchemas}` : '';
  return `(${isMadeByUser(oid)}${inUserSchema} and not exists (select from pg_depend e
    where e.classid = '${catalog}'::regclass and e.objid = ${oid} and e.deptype = 'e'))`;
}

/** For `Kind.present`: there are objects in a system catalog that are not the system's own. */
export function buildPresentQuery(catalog: string, condition = 'true'): string {
  return `exists (select from ${catalog} where ${isMadeByUser('oid')} and (${condition}))`;
}
