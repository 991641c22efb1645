// The objects of a database that users made, with their owners: a copy gives its objects the same owners.
import type { ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';

// They name their columns alike.
const inSchemas = {
  pg_collation: 'coll',
  pg_conversion: 'con',
  pg_operator: 'opr',
  pg_opclass: 'opc',
  pg_opfamily: 'opf',
  pg_statistic_ext: 'stx',
  pg_ts_config: 'cfg',
  pg_ts_dict: 'dict',
};

const further = Object.entries(inSchemas).map(
  ([name, prefix]) =>
    `union all select '${name}'::regclass, o.oid, o.${prefix}owner, o.${prefix}namespace from ${name} o`,
);

// The catalogs whose owners pg_shdepend does not list where the role made the cluster (manual: catalog
// pg_shdepend). Arrays and row types belong to others. Default privileges go with their schema; public stays.
const withHomes = `select 'pg_class'::regclass as class, c.oid, c.relowner as owner, c.relnamespace as home
      from pg_class c where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    union all select 'pg_proc'::regclass, p.oid, p.proowner, p.pronamespace from pg_proc p
    union all select 'pg_type'::regclass, t.oid, t.typowner, t.typnamespace from pg_type t
      where t.typtype in ('b', 'd', 'e', 'r') and t.typcategory <> 'A'
        or exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c')
    union all select 'pg_namespace'::regclass, n.oid, n.nspowner, null from pg_namespace n
      where n.nspname !~ '^pg_'
    union all select 'pg_event_trigger'::regclass, t.oid, t.evtowner, null from pg_event_trigger t
    union all select 'pg_publication'::regclass, p.oid, p.pubowner, null from pg_publication p
    union all select 'pg_default_acl'::regclass, a.oid, a.defaclrole,
        nullif(a.defaclnamespace, to_regnamespace('public')) from pg_default_acl a
    ${further.join('\n    ')}`;

// An extension, and what belongs to it, gets the role that creates it. Subscriptions are not copied.
const elsewhere = `('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass, 'pg_namespace'::regclass,
  'pg_event_trigger'::regclass, 'pg_publication'::regclass, 'pg_default_acl'::regclass,
  'pg_extension'::regclass, 'pg_user_mapping'::regclass, 'pg_subscription'::regclass,
  ${Object.keys(inSchemas)
    .map((name) => `'${name}'::regclass`)
    .join(', ')})`;

/** SQL for these objects: `class`, `oid`, `owner`, and `home`, the schema. */
export const ownedObjects = `select o.* from (
    ${withHomes}
    union all select d.classid, d.objid, d.refobjid, null from pg_shdepend d
      where d.refclassid = 'pg_authid'::regclass and d.deptype = 'o' and d.classid not in ${elsewhere}
        and d.dbid = (select oid from pg_database where datname = current_database())) o
  where o.oid >= 16384
    and not exists (select from pg_namespace n where n.oid = o.home and n.nspname ~ '^pg_')
    and not exists (select from pg_depend d where d.classid = o.class and d.objid = o.oid
      and d.deptype = 'e')`;

/** A schema and the role that owns it. */
export interface OwnedSchema {
  readonly schema: string;
  readonly owner: string;
}

/** The roles that own objects of a database. */
export interface Owners {
  readonly names: readonly string[];
  /** The schemas of those among them that own nothing else. */
  readonly schemas: readonly OwnedSchema[];
}

const owners = `select r.rolname::text as name,
    case when bool_and(n.oid is not null) then to_json(array_agg(n.nspname::text order by n.nspname)) end
      as schemas
  from (${ownedObjects}) o join pg_roles r on r.oid = o.owner
    left join pg_namespace n on o.class = 'pg_namespace'::regclass and n.oid = o.oid
  where r.rolname !~ '^pg_' group by r.rolname order by 1`;

/** Reads the roles that own objects of a database. @throws Problem of the connection */
export async function listOwners(connection: ServerConnection): Promise<Owners> {
  const found = await queryPinned<{ name: string; schemas: string[] | null }>(connection, owners);
  return {
    names: found.map(({ name }) => name),
    schemas: found.flatMap(({ name: owner, schemas }) =>
      (schemas ?? []).map((schema) => ({ schema, owner })),
    ),
  };
}

/** The owners that a target needs: without those who own only schemas that it has, and keeps. */
export function listNeededOwners({ names, schemas }: Owners, kept: readonly OwnedSchema[]): string[] {
  const stays = (one: OwnedSchema) =>
    kept.some(({ schema, owner }) => schema === one.schema && owner === one.owner);
  return names.filter((name) => {
    const own = schemas.filter(({ owner }) => owner === name);
    return own.length === 0 || !own.every(stays);
  });
}
