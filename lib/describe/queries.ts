// The queries of a description. Each gives one JSON value, because taking rows apart costs most.
import { buildOwnCondition } from '../model/introspection.ts';

// Privileges of others than the owner (manual: aclexplode).
const grants = (acl: string, owner: string) => `
  (select coalesce(json_agg(g), '[]') from (
    select case x.grantee when 0 then 'PUBLIC' else pg_get_userbyid(x.grantee) end as role,
      array_agg(x.privilege_type || case when x.is_grantable then ' WITH GRANT OPTION' else '' end
        order by x.privilege_type collate "C") as privileges
    from aclexplode(${acl}) x where x.grantee <> ${owner} group by x.grantee) g)`;

const list = (query: string) => `(select coalesce(json_agg(l), '[]') from (${query}) l)`;

const comment = (catalog: string, oid: string) => `obj_description(${oid}, '${catalog}')`;

// A NOT NULL that is not valid yet says nothing about rows that are there (PostgreSQL 18).
const columns = (relation: string) => `
  select a.attname as name, a.atttypid::text as type, format_type(a.atttypid, a.atttypmod) as "typeText",
    a.attnotnull as required,
    c.relkind not in ('r', 'p', 'f') or not a.attnotnull or exists (select from pg_constraint k
      where k.conrelid = a.attrelid and k.contype = 'n' and k.conkey = array[a.attnum]
      and not k.convalidated) as nullable,
    pg_get_expr(d.adbin, d.adrelid) as default,
    case a.attidentity when 'a' then 'always' when 'd' then 'by default' end as identity,
    a.attgenerated <> '' as generated, a.attndims as dimensions,
    col_description(a.attrelid, a.attnum) as comment,
    ${grants('a.attacl', 'c.relowner')} as grants
  from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = ${relation} and a.attnum > 0 and not a.attisdropped order by a.attnum`;

const columnNames = (relation: string, numbers: string) => `
  array(select a.attname::text from unnest(${numbers}) with ordinality u(number, place)
    join pg_attribute a on a.attrelid = ${relation} and a.attnum = u.number order by u.place)`;

const constraints = `
  select k.conname as name, case k.contype when 'p' then 'primary' when 'u' then 'unique'
      when 'x' then 'exclusion' when 'c' then 'check' else 'foreign' end as sort,
    ${columnNames('k.conrelid', 'k.conkey')} as columns,
    pg_get_constraintdef(k.oid) as definition,
    case when k.contype = 'f' then (select array[fn.nspname, fc.relname] from pg_class fc
      join pg_namespace fn on fn.oid = fc.relnamespace where fc.oid = k.confrelid) end as references,
    ${comment('pg_constraint', 'k.oid')} as comment
  from pg_constraint k where k.conrelid = c.oid and k.contype in ('p', 'u', 'x', 'c', 'f')
    and not (k.contype = 'f' and k.conparentid <> 0)`;

const indexes = `
  select ic.relname as name, pg_get_indexdef(i.indexrelid) as definition,
    ${comment('pg_class', 'i.indexrelid')} as comment
  from pg_index i join pg_class ic on ic.oid = i.indexrelid where i.indrelid = c.oid
    and not exists (select from pg_constraint k where k.conindid = i.indexrelid
      and k.contype in ('p', 'u', 'x'))`;

const triggers = `
  select t.tgname as name, pg_get_triggerdef(t.oid) as definition,
    ${comment('pg_trigger', 't.oid')} as comment
  from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal`;

const policies = `
  select p.polname as name, p.polpermissive as permissive,
    case p.polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' when 'd' then 'DELETE'
      else 'ALL' end as command,
    array(select case r when 0 then 'PUBLIC' else pg_get_userbyid(r)::text end
      from unnest(p.polroles) r order by 1) as roles,
    pg_get_expr(p.polqual, p.polrelid) as using, pg_get_expr(p.polwithcheck, p.polrelid) as check,
    ${comment('pg_policy', 'p.oid')} as comment
  from pg_policy p where p.polrelid = c.oid`;

const relations = `
  select array[n.nspname, c.relname] as path,
    case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
      else 'table' end as sort,
    ${comment('pg_class', 'c.oid')} as comment, pg_get_userbyid(c.relowner) as owner,
    case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end as "partitionKey",
    case when c.relispartition then (select array[pn.nspname, pc.relname] from pg_inherits h
      join pg_class pc on pc.oid = h.inhparent join pg_namespace pn on pn.oid = pc.relnamespace
      where h.inhrelid = c.oid) end as "partitionOf",
    c.relrowsecurity as "rowSecurity",
    ${list(columns('c.oid'))} as columns, ${list(constraints)} as constraints,
    ${list(indexes)} as indexes, ${list(triggers)} as triggers, ${list(policies)} as policies,
    ${grants('c.relacl', 'c.relowner')} as grants
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'f', 'v', 'm') and c.relpersistence <> 't'
    and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`;

const types = `
  select array[n.nspname, t.typname] as path, t.oid::text as oid,
    case t.typtype when 'e' then 'enum' when 'c' then 'composite' when 'd' then 'domain'
      else 'range' end as sort,
    ${comment('pg_type', 't.oid')} as comment,
    array(select e.enumlabel::text from pg_enum e where e.enumtypid = t.oid
      order by e.enumsortorder) as labels,
    ${list(columns('c.oid'))} as attributes,
    case t.typtype when 'd' then format_type(t.typbasetype, t.typtypmod)
      when 'r' then (select format_type(r.rngsubtype, null) from pg_range r
        where r.rngtypid = t.oid) end as base,
    pg_get_expr(t.typdefaultbin, 0) as default, t.typnotnull as "notNull",
    array(select pg_get_constraintdef(k.oid) from pg_constraint k where k.contypid = t.oid
      and k.contype = 'c' order by k.conname collate "C") as checks,
    ${grants(`coalesce(t.typacl, acldefault('T', t.typowner))`, 't.typowner')} as grants
  from pg_type t join pg_namespace n on n.oid = t.typnamespace
    left join pg_class c on c.oid = t.typrelid
  where (t.typtype in ('e', 'd', 'r') or c.relkind = 'c')
    and ${buildOwnCondition('pg_type', 't.oid', 't.typnamespace')}`;

// The columns of \`select * from f()\`: OUT arguments, the columns of a row type, or the function's name.
const outputs = `
  case when p.proargmodes && '{o,b,t}'::"char"[] then ${list(`
      select coalesce(nullif(p.proargnames[i], ''), case when p.prorettype = 'record'::regtype
          then 'column' || row_number() over (order by i) else p.proname::text end) as name,
        p.proallargtypes[i]::text as type
      from generate_subscripts(p.proargmodes, 1) i where p.proargmodes[i] in ('o', 'b', 't') order by i`)}
    when p.prorettype = 'record'::regtype then null
    when rc.oid is not null then ${list(`
      select a.attname as name, a.atttypid::text as type from pg_attribute a
      where a.attrelid = rc.oid and a.attnum > 0 and not a.attisdropped order by a.attnum`)}
    else json_build_array(json_build_object('name', p.proname, 'type', p.prorettype::text)) end`;

const inputs = list(`
  select coalesce(p.proargnames[i.place], '') as name, i.type::text as type
  from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality i(type, place)
  where coalesce(p.proargmodes[i.place], 'i') in ('i', 'b', 'v') order by i.place`);

const routines = `
  select array[n.nspname, p.proname] as path, oidvectortypes(p.proargtypes) as signature,
    case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' when 'w' then 'window function'
      else 'function' end as sort,
    pg_get_function_arguments(p.oid) as "argumentText", pg_get_function_result(p.oid) as "resultText",
    l.lanname as language,
    case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end as volatility,
    p.prosecdef as "securityDefiner", ${comment('pg_proc', 'p.oid')} as comment,
    pg_get_userbyid(p.proowner) as owner,
    ${grants(`coalesce(p.proacl, acldefault('f', p.proowner))`, 'p.proowner')} as grants,
    ${inputs} as inputs, p.pronargdefaults as defaults, p.provariadic <> 0 as variadic,
    p.proretset as "returnsSet", ${outputs} as outputs,
    p.prorettype in ('trigger'::regtype, 'event_trigger'::regtype) as "isTrigger"
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
    join pg_type r on r.oid = p.prorettype
    left join pg_class rc on rc.oid = r.typrelid and r.typtype = 'c'
  where ${buildOwnCondition('pg_proc', 'p.oid', 'p.pronamespace')}
    and not exists (select from pg_depend i where i.classid = 'pg_proc'::regclass and i.objid = p.oid
      and i.deptype = 'i')`;

const sequences = `
  select array[n.nspname, c.relname] as path, format_type(s.seqtypid, null) as "typeText",
    ${comment('pg_class', 'c.oid')} as comment, ${grants('c.relacl', 'c.relowner')} as grants
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_sequence s on s.seqrelid = c.oid
  where c.relpersistence <> 't' and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
      and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i'))`;

const schemas = `
  select n.nspname as name, ${comment('pg_namespace', 'n.oid')} as comment,
    pg_get_userbyid(n.nspowner) as owner, ${grants('n.nspacl', 'n.nspowner')} as grants
  from pg_namespace n where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not exists (select from pg_depend e where e.classid = 'pg_namespace'::regclass
      and e.objid = n.oid and e.deptype = 'e')`;

// Only true arrays are subscripted so: a point has elements, too (manual: pg_type.typsubscript).
const values = `
  select t.oid::text as oid, array[n.nspname, t.typname] as path,
    case when t.typsubscript = 'array_subscript_handler'::regproc then 'array'
      else case t.typtype when 'd' then 'domain' when 'e' then 'enum' when 'c' then 'composite'
        when 'p' then 'pseudo' when 'b' then 'base' else 'range' end end as sort,
    case when t.typsubscript = 'array_subscript_handler'::regproc then t.typelem::text
      when t.typtype = 'd' then t.typbasetype::text end as of,
    t.typtype <> 'm' and (t.typtype <> 'c' or c.relkind = 'c')
      and ${buildOwnCondition('pg_type', 't.oid', 't.typnamespace')} as own,
    t.typnotnull as "notNull", t.typdefaultbin is not null as "hasDefault"
  from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid`;

/** The queries of a description, by its members. */
export const descriptionQueries = {
  schemas,
  extensions: `select extname as name from pg_extension where extname <> 'plpgsql'`,
  relations,
  types,
  routines,
  sequences,
  values,
} as const;
