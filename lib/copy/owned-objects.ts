// The objects of a database that users made, with their owners: a copy gives its objects the same owners.
import type { ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';

// The catalogs whose owners pg_shdepend does not list where the role made the cluster (manual: catalog
// pg_shdepend). Arrays and row types belong to others.
const withHomes = `select 'pg_class'::regclass as class, c.oid, c.relowner as owner, c.relnamespace as home
      from pg_class c where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    union all select 'pg_proc'::regclass, p.oid, p.proowner, p.pronamespace from pg_proc p
    union all select 'pg_type'::regclass, t.oid, t.typowner, t.typnamespace from pg_type t
      where t.typtype in ('b', 'd', 'e', 'r') and t.typcategory <> 'A'
        or exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c')
    union all select 'pg_namespace'::regclass, n.oid, n.nspowner, null from pg_namespace n
      where n.nspname !~ '^pg_'
    union all select 'pg_event_trigger'::regclass, t.oid, t.evtowner, null from pg_event_trigger t
    union all select 'pg_publication'::regclass, p.oid, p.pubowner, null from pg_publication p`;

// An extension, and what belongs to it, gets the role that creates it. Subscriptions are not copied.
const elsewhere = `('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass, 'pg_namespace'::regclass,
  'pg_event_trigger'::regclass, 'pg_publication'::regclass, 'pg_extension'::regclass,
  'pg_user_mapping'::regclass, 'pg_subscription'::regclass)`;

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

/** The roles that own objects of a database. @throws Problem of the connection */
export async function listOwners(connection: ServerConnection): Promise<string[]> {
  const sql = `select distinct r.rolname::text as name from (${ownedObjects}) o join pg_roles r
    on r.oid = o.owner where r.rolname !~ '^pg_' order by 1`;
  return (await queryPinned<{ name: string }>(connection, sql)).map(({ name }) => name);
}
