// Objects of a database that no kind manages: they are listed, never silently ignored.

import { isMadeByUser } from '../model/introspection.ts';

/** An object that no kind manages; `schema`: where it is in one. */
export interface UnmanagedObject {
  readonly description: string;
  readonly schema: string | null;
}

/**
 * Rows `description text, schema text` of objects that pgmage does not compare. Settings are listed by name
 * only, because their values may be secrets. Members of extensions belong to their extension.
 */
export const unmanagedQuery = `
  select format('SETTING %s of the database%s', split_part(setting, '=', 1),
  ' for role ' || quote_ident(r.rolname))
      as description, null::text as schema
    from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase and d.datname = current_database()
      left join pg_roles r on r.oid = s.setrole cross join unnest(s.setconfig) setting
    where s.setrole <> 0 or split_part(setting, '=', 1) ~ '[.]'
  union all
  select format('CONSTRAINT %I ON %I.%I, whose triggers do not fire as usual', k.conname, n.nspname,
  c.relname), n.nspname::text
    from pg_trigger t join pg_constraint k on k.oid = t.tgconstraint join pg_class c on c.oid = t.tgrelid
      join pg_namespace n on n.oid = c.relnamespace
    where ${isMadeByUser('c.oid')} and t.tgisinternal and t.tgenabled <> 'O'
    group by k.conname, n.nspname, c.relname
  union all
  select format('SUBSCRIPTION %I, which only a superuser may read', s.subname), null from pg_subscription s
    where s.subdbid = (select d.oid from pg_database d where d.datname = current_database())
      and not has_column_privilege('pg_subscription', 'subconninfo', 'select')
  union all
  select format('PRIVILEGES on %s of the system', coalesce(i.identity, o.oid::text)), null
    from (select 'pg_class'::regclass as catalog, c.oid, c.relacl as acl, case c.relkind when 'S' then 's'
    else 'r' end::"char" as type,
          c.relowner as owner from pg_class c 
          where c.oid < 16384 and c.relacl is not null and c.relnamespace = 'pg_catalog'::regnamespace
        union all select 'pg_proc'::regclass, p.oid, p.proacl, 'f', p.proowner from pg_proc p
          where p.oid < 16384 and p.proacl is not null
        union all select 'pg_language'::regclass, l.oid, l.lanacl, 'l', l.lanowner from pg_language l
          where l.oid < 16384 and l.lanacl is not null) o
      left join pg_init_privs p on p.classoid = o.catalog and p.objoid = o.oid and p.objsubid = 0
      cross join lateral pg_identify_object(o.catalog, o.oid, 0) i
    where coalesce(p.initprivs, acldefault(o.type, o.owner))::text[] <> o.acl::text[]
      and not (o.acl @> coalesce(p.initprivs, acldefault(o.type, o.owner)) and o.acl <@ coalesce(p.initprivs,
      acldefault(o.type, o.owner)))
  union all
  select format('DEPENDENCY of %s %s on EXTENSION %I', i.type, i.identity, e.extname), i.schema
    from pg_depend d join pg_extension e on e.oid = d.refobjid
      cross join lateral pg_identify_object(d.classid, d.objid, d.objsubid) i
    where d.deptype = 'x' and d.refclassid = 'pg_extension'::regclass
  order by 1`;
