// Which columns of which system catalogs the observer reads. Everything is read that is not named here as
// physical.

/** Catalogs of the server rather than of one database, and contents rather than definitions. */
export const skipped = new Set(
  `pg_statistic pg_statistic_ext_data pg_largeobject pg_largeobject_metadata pg_init_privs pg_shdepend
    pg_subscription_rel pg_authid pg_auth_members pg_database pg_tablespace pg_db_role_setting
    pg_replication_origin pg_parameter_acl pg_shseclabel`.split(/\s+/),
);

/** Columns that say where something is stored, how much of it there is, or what was once true. */
export const physical: Readonly<Record<string, readonly string[]>> = {
  pg_class:
    `reltype relfilenode relpages reltuples relallvisible relallfrozen reltoastrelid relhasindex relhasrules
    relhastriggers relhassubclass relnatts relispopulated relfrozenxid relminmxid relrewrite`.split(/\s+/),
  // Places are compared by `orders`; declared numbers of array dimensions mean nothing to the server.
  pg_attribute: [
    'attnum',
    'attcacheoff',
    'atthasmissing',
    'attmissingval',
    'attndims',
    'attisdropped',
    'attoptions',
  ],
  pg_type: ['typndims', 'typdefault'],
  // Only CHECK and NOT NULL inherit by this flag; of an attached index's it tells how the index came to be.
  pg_constraint: ['connoinherit'],
  pg_inherits: ['inhseqno'],
  pg_index: ['indcheckxmin'],
  pg_enum: ['enumsortorder'],
  pg_subscription: ['subdbid', 'subskiplsn'],
};

const inToast = (relation: string) =>
  `(select c.relnamespace from pg_class c where c.oid = ${relation}) = 'pg_toast'::regnamespace`;
const here = `(select d.oid from pg_database d where d.datname = current_database())`;

/** References that the server does not declare. */
export const undeclared = [
  { catalog: 'pg_constraint', columns: ['conrelid', 'confdelsetcols'], target: 'pg_attribute' },
  { catalog: 'pg_publication_rel', columns: ['prrelid', 'prattrs'], target: 'pg_attribute' },
] as const;

/**
 * Which rows of a catalog are objects of the user's rather than parts that the server makes along with them.
 */
export const filters: Readonly<Record<string, string>> = {
  pg_namespace: `nspname !~ '^pg_(toast_)?temp'`,
  pg_class: `relkind <> 't' and relnamespace <> 'pg_toast'::regnamespace`,
  pg_attribute: `attnum > 0 and not attisdropped
    and (select c.relkind from pg_class c where c.oid = t.attrelid) not in ('t', 'i', 'I', 'S')`,
  pg_index: `not ${inToast('t.indrelid')}`,
  // Row types and array types come and go with what they are of, under names that the server finds.
  pg_type: `(typrelid = 0 or (select c.relkind from pg_class c where c.oid = t.typrelid) = 'c')
    and not exists (select from pg_type e where e.typarray = t.oid)`,
  pg_trigger: 'not tgisinternal',
  // Other dependencies follow from the definitions.
  pg_depend: `deptype in ('e', 'x') or deptype in ('a', 'i') and classid = 'pg_class'::regclass
    and refclassid = 'pg_class'::regclass and refobjsubid > 0
    and (select c.relkind from pg_class c where c.oid = t.objid) = 'S'`,
  pg_subscription: `subdbid = ${here}`,
  pg_shdescription: `classoid = 'pg_subscription'::regclass
    and objoid in (select s.oid from pg_subscription s where s.subdbid = ${here})`,
};

/**
 * What the server makes of expressions that it stores as parse trees, and of values that are spread over
 * other rows.
 */
export const derived: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  pg_attrdef: { expression: 'pg_get_expr(adbin, adrelid)' },
  pg_attribute: {
    number: 'attnum',
    // The server's own entry, which pg_dump leaves out, is another one in each table (15.20).
    attoptions: `nullif(array(select o from unnest(attoptions) o where o !~ '^pg_attver='), '{}')`,
    // In views and composite types the order of columns is part of their meaning.
    place: `(select case when c.relkind in ('c', 'v', 'm') then (select count(*) from pg_attribute b
      where b.attrelid = t.attrelid and b.attnum between 1 and t.attnum and not b.attisdropped) end
      from pg_class c where c.oid = t.attrelid)`,
  },
  pg_class: {
    bound: 'pg_get_expr(relpartbound, oid)',
    toastoptions: '(select c.reloptions from pg_class c where c.oid = t.reltoastrelid)',
  },
  pg_constraint: {
    definition: 'pg_get_constraintdef(oid)',
    noinherit: `contype in ('c', 'n') and connoinherit`,
  },
  pg_enum: {
    place: `(select count(*) from pg_enum e where e.enumtypid = t.enumtypid
      and e.enumsortorder <= t.enumsortorder)`,
  },
  pg_index: {
    definition: 'pg_get_indexdef(indexrelid)',
    statistics: `(select json_agg(a.attstattarget order by a.attnum) from pg_attribute a
      where a.attrelid = indexrelid)`,
  },
  pg_partitioned_table: { definition: 'pg_get_partkeydef(partrelid)' },
  pg_policy: { using: 'pg_get_expr(polqual, polrelid)', check: 'pg_get_expr(polwithcheck, polrelid)' },
  pg_proc: { arguments: 'pg_get_function_arguments(oid)', body: 'pg_get_function_sqlbody(oid)' },
  pg_publication_rel: { filter: 'pg_get_expr(prqual, prrelid)' },
  pg_rewrite: { definition: 'pg_get_ruledef(oid)' },
  pg_statistic_ext: { expressions: 'pg_get_statisticsobjdef_expressions(oid)' },
  pg_trigger: { definition: 'pg_get_triggerdef(oid)' },
  pg_type: { default: 'coalesce(pg_get_expr(typdefaultbin, 0), typdefault)' },
};

/**
 * SQL for the privileges on an object: what null stands for is written out (manual: "Privileges",
 * acldefault).
 */
export function privileges(catalog: string, column: string): string {
  const [type, owner] = implicit[catalog] ?? [];
  if (type === undefined) return `coalesce(${column}, '{}')`;
  const full = `coalesce(${column}, acldefault(${type}, ${owner}))`;
  // What the server makes along with a type has the default privileges of that moment, and nobody looks at
  // them.
  return catalog === 'pg_proc' ? `case when not ${internal} then ${full} end` : full;
}

const internal = `exists (select from pg_depend i
  where i.classid = 'pg_proc'::regclass and i.objid = t.oid and i.deptype = 'i')`;

/**
 * The owner of a type. A multirange type has its range's: until 16 it keeps an older one, which pg_dump does
 * not tell.
 */
export const typeOwner = `coalesce((select y.typowner from pg_range g join pg_type y on y.oid = g.rngtypid
  where g.rngmultitypid = t.oid), typowner)`;

const implicit: Readonly<Record<string, readonly [type: string, owner: string]>> = {
  pg_class: [`case relkind when 'S' then 's' else 'r' end::"char"`, 'relowner'],
  pg_proc: [`'f'`, 'proowner'],
  pg_language: [`'l'`, 'lanowner'],
  pg_namespace: [`'n'`, 'nspowner'],
  pg_type: [`'T'`, typeOwner],
  pg_foreign_data_wrapper: [`'F'`, 'fdwowner'],
  pg_foreign_server: [`'S'`, 'srvowner'],
};

/** Lists whose order is that of columns in their table, or of no meaning at all. */
export const unordered = new Set(
  `stxkeys prattrs reloptions toastoptions attoptions attfdwoptions fdwoptions srvoptions ftoptions
    umoptions proconfig polroles`.split(/\s+/),
);
