// Reads what data sync must know of the tables of a database: one query for each catalog, in the reader's
// snapshot.
import { findPlannedCode, type PlannedCode } from '../flow/planned-code.ts';
import { isAbsent } from '../flow/tables.ts';
import { qualify } from '../model/quote.ts';
import type { Connection } from '../pg/connection.ts';
import { hashRule } from '../pg/row-hash.ts';
import type { ColumnShape, DatabaseShape, ForeignKeyShape, TableShape } from './shape.ts';

// The ledger of pgmage records what happened to its own database.
const isOwn = (n: string) =>
  `${n}.nspname !~ '^pg_' and ${n}.nspname not in ('information_schema', 'pgmage')`;

// Extensions can be in another schema on the other side.
const known = `coalesce((select format('%s(%s) of extension %s', y.typname, base.modifier, e.extname)
    from pg_depend d join pg_extension e on d.refclassid = 'pg_extension'::regclass and e.oid = d.refobjid
    where d.classid = 'pg_type'::regclass and d.objid in (y.oid, y.typelem) and d.deptype = 'e' limit 1),
  format_type(base.oid, base.modifier))`;

// Each type once, with the type that a domain is over.
const types = `select used.id, used.modifier, json_build_object('type', format_type(used.id, used.modifier),
    'plain', format_type(base.oid, base.modifier), 'known', ${known},
    'isSystem', y.typnamespace = 'pg_catalog'::regnamespace, 'rule', ${hashRule('base.oid', 'y')},
    'labels', case when y.typtype = 'e' then (select json_agg(e.enumlabel order by e.enumsortorder)
      from pg_enum e where e.enumtypid = y.oid) end) as type,
    y.typtype = 'e' or base.oid = any ('{bool,int2,int4,int8,oid,uuid,bytea,"char",name,text,varchar,date,
      time,timestamp,timestamptz}'::regtype[])
      or base.oid = 'numeric'::regtype and base.modifier >= 0 as exact
  from (select distinct atttypid as id, atttypmod as modifier from pg_attribute
      where attnum > 0 and not attisdropped) used
    cross join lateral (with recursive bases as (
        select used.id as oid, used.modifier
        union all select t.typbasetype, t.typtypmod from bases b join pg_type t on t.oid = b.oid
        where t.typtype = 'd')
      select b.oid, b.modifier from bases b join pg_type t on t.oid = b.oid
      where t.typtype <> 'd') base
    join pg_type y on y.oid = base.oid`;

const columns = `select coalesce(json_agg(json_build_object('name', a.attname, 'type', k.type,
    'notNull', a.attnotnull, 'hasDefault', a.atthasdef and a.attgenerated = '' or a.attidentity <> '',
    'isExact', k.exact and not exists (select from pg_collation o where o.oid = a.attcollation
      and not o.collisdeterministic),
    'identity', case a.attidentity when 'a' then 'always' when 'd' then 'by default' else '' end,
    'generated', case when a.attgenerated <> '' then (select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d
      where d.adrelid = a.attrelid and d.adnum = a.attnum) end) order by a.attnum), '[]')
  from pg_attribute a join types k on k.id = a.atttypid and k.modifier = a.atttypmod
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped`;

const keyColumns = `from unnest(i.indkey) with ordinality k(number, place) left join pg_attribute a
    on a.attrelid = i.indrelid and a.attnum = k.number where k.place <= i.indnkeyatts`;
const uniques = `select coalesce(json_agg(json_build_object('name', x.relname,
    'is', case when i.indisexclusion then 'exclusion' when o.contype = 'p' then 'primary key'
      when o.contype = 'u' then 'unique' else 'unique index' end,
    'columns', case when i.indexprs is null then (select json_agg(a.attname
    order by k.place) ${keyColumns}) end,
    'partial', i.indpred is not null,
    'isKey', i.indexprs is null and i.indpred is null and not i.indisexclusion and i.indisvalid
      and (i.indnullsnotdistinct or (select bool_and(a.attnotnull) ${keyColumns})),
    'nullsNotDistinct', i.indnullsnotdistinct, 'deferrable', coalesce(o.condeferrable, false),
    'initiallyDeferred', coalesce(o.condeferred, false),
    'definition', coalesce(pg_get_constraintdef(o.oid), pg_get_indexdef(i.indexrelid)))
    order by i.indisprimary desc, i.indnkeyatts, x.relname), '[]')
  from pg_index i join pg_class x on x.oid = i.indexrelid
    left join pg_constraint o on o.conindid = i.indexrelid and o.conrelid = i.indrelid and o.contype in ('p',
    'u', 'x')
  where i.indrelid = c.oid and (i.indisunique or i.indisexclusion)`;

const parts = `select c.oid union all select t.relid from pg_partition_tree(c.oid) t where c.relkind = 'p'
  and t.relid <> c.oid`;
const named = (name: string) => `json_build_array((select nspname from pg_namespace
  where oid = ${name}.relnamespace), ${name}.relname)`;
const state =
  `case t.tgenabled when 'O' then 'enabled' when 'D' then 'disabled' when 'R' then` +
  ` 'replica' else 'always' end`;
const triggers = `select coalesce(json_agg(json_build_object('name', t.tgname, 'table', ${named('h')},
  'state', ${state})
    order by h.oid, t.tgname), '[]')
  from (${parts}) p(oid) join pg_class h on h.oid = p.oid join pg_trigger t on t.tgrelid = h.oid
  where not t.tgisinternal`;

const partitionKey = `select coalesce(json_agg(distinct (select a.attname from pg_attribute a
    where a.attrelid = q.partrelid and a.attnum = k.number)), '[]')
  from (${parts}) p(oid) join pg_partitioned_table q on q.partrelid = p.oid, unnest(q.partattrs) k(number)`;

// As the planner guesses: the rows of a page, by the last ANALYZE, in all pages that there are now. Of what
// was never analyzed, or was empty then, the server has counted the rows; a crash or a copy of its files
// loses the count, and a standby has none. A hundred bytes are then a usual row.
const size = `select sum(pg_table_size(p.oid)) as bytes,
    sum(case when r.reltuples >= 0 and r.relpages > 0 then r.reltuples / r.relpages * s.pages
      when pg_stat_get_live_tuples(p.oid) + pg_stat_get_dead_tuples(p.oid) >= s.pages
        then pg_stat_get_live_tuples(p.oid)
      else s.bytes / 100 end)::int8 as rows
  from (${parts}) p(oid) join pg_class r on r.oid = p.oid
    cross join lateral (select pg_relation_size(p.oid) as bytes,
      pg_relation_size(p.oid) / current_setting('block_size')::int as pages) s`;

const may = (what: string) => `'${what}', has_table_privilege(c.oid, '${what}')`;
const tables = `with types as materialized (${types})
  select json_build_array(n.nspname, c.relname) as path, c.relkind = 'p' as "isPartitioned",
    size.rows::text as rows, size.bytes::text as bytes, ${isAbsent} as "isAbsent",
    row_security_active(c.oid) as "isHidden",
    case when config.oid is not null
      then json_build_object('name', config.extension, 'condition', coalesce(config.condition,
      '')) end as extension,
    to_json(array(select format('%s', p.oid::regclass) from (${parts}) p(oid) join pg_class f on f.oid = p.oid
      where f.relkind = 'f')) as "foreignPartitions",
    to_json(array(select ${named('h')} from (${parts}) p(oid) join pg_class h on h.oid = p.oid)) as parts,
    to_json(array(select w.rulename from pg_rewrite w where w.ev_class = c.oid and w.ev_type <> '1'
    and w.ev_enabled <> 'D'
      order by 1)) as rules,
    to_json(array(select x.relname from (${parts}) p(oid) join pg_index i on i.indrelid = p.oid
      join pg_class x on x.oid = i.indexrelid where p.oid <> c.oid and (i.indisunique or i.indisexclusion)
      order by 1)) as "partUniques",
    (${columns}) as columns, (${uniques}) as uniques, (${triggers}) as triggers,
    (${partitionKey}) as "partitionKey",
    json_build_object(${may('select')}, ${may('insert')}, ${may('update')}, ${may('delete')},
      'own', pg_has_role(c.relowner, 'USAGE')) as may, has_schema_privilege(n.oid, 'USAGE') as "isReachable"
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
    left join (select e.extname as extension, t.oid, e.extcondition[t.place] as condition
      from pg_extension e, unnest(e.extconfig) with ordinality t(oid, place)) config on config.oid = c.oid
    cross join lateral (${size}) size
  where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't' and ${isOwn('n')}
    and (config.oid is not null or not exists (select from pg_depend d
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'))
  order by n.nspname, c.relname`;

const action = (
  column: string,
) => `case ${column} when 'r' then 'restrict' when 'c' then 'cascade' when 'n' then 'set null'
    when 'd' then 'set default' else 'no action' end`;
const attributes = (numbers: string, table: string) => `to_json(array(select a.attname
  from unnest(${numbers}) with ordinality u(number, place) join pg_attribute a on a.attrelid = ${table}
  and a.attnum = u.number
  order by u.place))`;
const root = (id: string) =>
  `join pg_class ${id} on ${id}.oid = coalesce(pg_partition_root(k.${id}), k.${id})`;
const foreignKeys = `select k.conname as name, ${named('conrelid')} as table,
  ${named('confrelid')} as "refersTo",
    ${attributes('k.conkey', 'k.conrelid')} as columns, ${attributes('k.confkey', 'k.confrelid')} as referred,
    ${action('k.confupdtype')} as "onUpdate", ${action('k.confdeltype')} as "onDelete",
    ${attributes('k.confdelsetcols', 'k.conrelid')} as "onDeleteColumns", k.condeferrable as deferrable,
    k.condeferred as "initiallyDeferred"
  from pg_constraint k ${root('conrelid')} ${root('confrelid')}
  where k.contype = 'f' and k.conparentid = 0 order by k.conrelid, k.conname`;

const database = `select pg_encoding_to_char(d.encoding) as encoding, pg_is_in_recovery() as "isStandby",
    has_database_privilege(d.oid, 'TEMPORARY') as "mayMakeTemporary",
    coalesce(has_schema_privilege(to_regnamespace('pgmage'), 'CREATE'),
      has_database_privilege(d.oid, 'CREATE')) as "mayMakeStages",
    (select json_build_object('name', e.extname, 'schema', n.nspname)
      from pg_extension e join pg_namespace n on n.oid = e.extnamespace
      where e.extname in ('uuid-ossp', 'pgcrypto') order by e.extname desc limit 1) as "uuidFrom",
    exists (select from pg_cast k join pg_proc p on p.oid = k.castfunc join pg_roles r on r.oid = p.proowner
      where not r.rolsuper and r.rolname <> current_user) as "hasForeignCasts",
    to_json(array(select format('%s %s', format_type(k.castsource, null), format_type(k.casttarget, null))
      from pg_cast k where k.castcontext in ('i', 'a') and k.oid < 16384)) as casts
  from pg_database d where d.datname = current_database()`;

type Path = readonly [schema: string, name: string];
type OwnFacts = Pick<ColumnShape, 'name' | 'notNull' | 'hasDefault' | 'identity' | 'generated' | 'isExact'>;
type ColumnRow = OwnFacts & { readonly type: Omit<ColumnShape, keyof OwnFacts> };
type Row = Omit<TableShape, 'name' | 'rows' | 'bytes' | 'triggers' | 'plannedCode' | 'columns'> & {
  readonly columns: readonly ColumnRow[];
  /** The table and its partitions. */
  readonly parts: readonly Path[];
  readonly rows: string;
  readonly bytes: string;
  readonly isReachable: boolean;
  readonly triggers: readonly (Omit<TableShape['triggers'][number], 'table'> & { readonly table: Path })[];
};
type ForeignKeyRow = Omit<ForeignKeyShape, 'table' | 'refersTo'> & {
  readonly table: Path;
  readonly refersTo: Path;
};

/**
 * Reads the shape of a database in the transaction that is open, under the settings for reading.
 * @throws Problem of the connection
 */
export async function readShape(connection: Connection): Promise<DatabaseShape> {
  const [found, keys, about] = (await connection.batch([tables, foreignKeys, database])) as [
    Row[],
    ForeignKeyRow[],
    (Omit<DatabaseShape, 'tables' | 'foreignKeys' | 'casts' | 'major'> & { readonly casts: string[] })[],
  ];
  const code = await findPlannedCode(connection);
  const [facts] = about as [(typeof about)[number]];
  return {
    ...facts,
    casts: new Set(facts.casts),
    major: connection.major,
    tables: new Map(found.map((row) => [qualify(row.path), tableOf(row, code)])),
    foreignKeys: keys.map((key) => ({
      ...key,
      table: qualify(key.table),
      refersTo: qualify(key.refersTo),
    })),
  };
}

function tableOf(
  { isReachable, rows, bytes, columns, triggers: found, parts: names, ...row }: Row,
  code: readonly PlannedCode[],
): TableShape {
  const { own: isOwner, ...may } = row.may;
  const own = new Set(names.map(qualify));
  const none = { select: false, insert: false, update: false, delete: false };
  return {
    ...row,
    name: qualify(row.path),
    columns: columns.map(({ type, ...column }) => ({ ...column, ...type })),
    rows: Number(rows),
    bytes: Number(bytes),
    // To read a partitioned table computes its key.
    plannedCode: code
      .filter(({ table, reading }) => own.has(table) && (reading || row.isPartitioned))
      .map(({ text }) => text),
    triggers: found.map((one) => ({ ...one, table: qualify(one.table) })),
    may: { ...(isReachable ? may : none), own: isOwner },
  };
}
