// Fragments that introspection queries share.

/**
 * A condition: the object is the user's own: made after initdb, not a member of an extension, not in a temporary
 * or internal schema (manual: pg_depend, deptype `e`; object ids below 16384 belong to initdb, source: transam.h).
 * @param catalog the system catalog, e.g. `pg_class`
 * @param oid SQL for the object's oid, e.g. `c.oid`
 * @param namespace SQL for its schema's oid, where it has one
 */
export function ours(catalog: string, oid: string, namespace?: string): string {
  const inUserSchema = namespace
    ? ` and ${namespace} in (select oid from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema')`
    : '';
  return `(${oid} >= 16384${inUserSchema} and not exists (select from pg_depend e
    where e.classid = '${catalog}'::regclass and e.objid = ${oid} and e.deptype = 'e'))`;
}

/** For `Kind.present`: there are objects in a system catalog that are not the system's own. */
export function present(catalog: string, condition = 'true'): string {
  return `exists (select from ${catalog} where oid >= 16384 and (${condition}))`;
}
