// Objects outside of a tenant's schema that are tied to it, so that a migration of the tenant changes them
// without notice: the server drops them with the tenant's object, or passes rows and columns on to them.

import { isMadeByUser } from '../model/introspection.ts';

// The first so many are named.
const most = 5;

/**
 * A query for one value: a list of descriptions.
 * @param schema the schema as a literal with its quoted name
 * @param dependencies a query for the rows of pg_depend of what the server drops with the schema
 */
export const tiesQuery = (schema: string, dependencies: string): string => `
  select to_json(array(select t.tie from (
    select pg_describe_object(d.classid, d.objid, 0) || ' is dropped with an object of the schema' as tie
      from (${dependencies}) d join pg_namespace n on n.oid = d.refobjid
      where d.refclassid = 'pg_namespace'::regclass and n.oid <> ${schema}::regnamespace
        and n.nspname !~ '^pg_'
    union select format('table %s inherits from %s', c.oid::regclass, p.oid::regclass)
      from pg_class p join pg_inherits i on i.inhparent = p.oid join pg_class c on c.oid = i.inhrelid
      where ${isMadeByUser('p.oid')}
        and p.relnamespace = ${schema}::regnamespace and c.relnamespace <> p.relnamespace
    union select format('table %s refers to %s', k.conrelid::regclass, p.oid::regclass)
      from pg_class p join pg_constraint k on k.confrelid = p.oid and k.contype = 'f'
        join pg_class c on c.oid = k.conrelid
      where ${isMadeByUser('p.oid')}
        and p.relnamespace = ${schema}::regnamespace and c.relnamespace <> p.relnamespace
    union select format('the role %s has default privileges without a schema', a.defaclrole::regrole::text)
      from pg_default_acl a where a.defaclnamespace = 0 and a.defaclrole = (select r.oid from pg_roles r
        where r.rolname = current_user)
  ) t order by 1 limit ${most}))`;
