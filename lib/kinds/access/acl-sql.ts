// Access control lists as the catalogs hold them.
import { literal } from '../../model/quote.ts';
import { buildOwnObject } from '../schemas/targets.ts';
import { ownerGrantee, publicGrantee } from './privileges.ts';

const catalogs = [
  ['pg_class', 'relacl', 'relowner', `case o.relkind when 'S' then 's' else 'r' end`],
  ['pg_proc', 'proacl', 'proowner', `'f'`],
  ['pg_type', 'typacl', 'typowner', `'T'`],
  ['pg_namespace', 'nspacl', 'nspowner', `'n'`, `o.nspname <> 'public'`],
  ['pg_language', 'lanacl', 'lanowner', `'l'`],
  ['pg_foreign_data_wrapper', 'fdwacl', 'fdwowner', `'F'`],
  ['pg_foreign_server', 'srvacl', 'srvowner', `'S'`],
].map(
  ([
    catalog,
    acl,
    owner,
    type,
    condition = 'true',
  ]) => `select '${catalog}' as catalog, '${catalog}'::regclass as class, o.oid, 0 as sub,
    o.${owner} as owner, o.${acl} as acl,
        (${type})::"char" as type from ${catalog} o where o.${acl} is not null and ${condition}`,
);

const columns = `select 'pg_class', 'pg_class'::regclass, a.attrelid, a.attnum, c.relowner, a.attacl,
  'c'::"char"
        from pg_attribute a join pg_class c on c.oid = a.attrelid 
        where a.attacl is not null and not a.attisdropped`;

// initdb gives PUBLIC the usage of the schema `public`, which is the default there but not for a schema
// created again.
const ofPublic = `select 'pg_namespace', 'pg_namespace'::regclass, o.oid, 0, o.nspowner,
        coalesce(o.nspacl, acldefault('n', o.nspowner)), 'n'::"char" from pg_namespace o
        where o.nspname = 'public'`;

/**
 * SQL for the rows `catalog`, `class` (its oid), `oid`, `sub`, `owner`, `acl`, `type` (that of acldefault) of
 * objects that have a list.
 */
export const objectsWithAcls = `select o.*
  from (${[...catalogs, ofPublic, columns].join('\n      union all ')}) o
        where ${buildOwnObject('o.class', 'o.oid')}`;

/** SQL for the default privileges of an object. */
export const defaultAcl = `acldefault(o.type, o.owner) || case when o.oid = to_regnamespace('public')
        and o.class = 'pg_namespace'::regclass then array[makeaclitem(0, o.owner, 'USAGE', false)]
        else '{}' end`;

/**
 * SQL for the rows `grantee`, `privileges`, `grantable`, and the defaults `initial`, `initial_grantable`, of
 * grantees whose privileges differ from the default.
 * @param acl SQL for the access control list
 * @param usually SQL for the default
 * @param owner SQL for the owner's oid
 */
export function buildUnusualAcl(acl: string, usually: string, owner: string): string {
  const entries = (list: string, now: boolean) =>
    `select grantee, privilege_type as privilege, is_grantable as grantable, ${now} as now
      from aclexplode(${list})`;
  const names = (condition: string) =>
    `coalesce(array_agg(distinct e.privilege order by e.privilege) filter (where ${condition}), '{}')`;
  return `select case e.grantee when ${owner} then ${literal(ownerGrantee)} when 0 then '${publicGrantee}'
    else r.rolname end as grantee,
      ${names('e.now')} as privileges, ${names('e.now and e.grantable')} as grantable,
      ${names('not e.now')} as initial, ${names('not e.now and e.grantable')} as initial_grantable
    from (${entries(acl, true)} union all ${entries(usually, false)}) e left join pg_roles r
    on r.oid = e.grantee
    group by e.grantee, r.oid, r.rolname
    having (r.oid is not null or e.grantee = 0) and (${names('e.now')} <> ${names('not e.now')}
    or ${names('e.now and e.grantable')} <> ${names('not e.now and e.grantable')})`;
}
