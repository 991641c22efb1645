// Everything in a database that has an owner of its own.
import { buildOwnObject } from '../schemas/targets.ts';

const catalogs: readonly [catalog: string, owner: string, condition?: string][] = [
  ['pg_namespace', 'nspowner'],
  // Composite types are owned by their pg_type row, identity sequences by their table.
  [
    'pg_class',
    'relowner',
    `o.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and not (o.relkind = 'S' and exists (select from pg_depend i
      where i.classid = 'pg_class'::regclass
      and i.objid = o.oid and i.deptype = 'i' and i.refclassid = 'pg_class'::regclass))`,
  ],
  // A multirange type belongs to its range type: since 17 the server enforces it, and pg_dump never prints
  // its owner.
  [
    'pg_type',
    'typowner',
    `o.typtype <> 'm' and not exists (select from pg_type e where e.oid = o.typelem and e.typarray = o.oid)
      and not exists (select from pg_class r where r.oid = o.typrelid and r.relkind <> 'c')`,
  ],
  ['pg_proc', 'proowner'],
  ['pg_operator', 'oprowner'],
  ['pg_opclass', 'opcowner'],
  ['pg_opfamily', 'opfowner'],
  ['pg_collation', 'collowner'],
  ['pg_conversion', 'conowner'],
  ['pg_ts_config', 'cfgowner'],
  ['pg_ts_dict', 'dictowner'],
  ['pg_language', 'lanowner'],
  ['pg_event_trigger', 'evtowner'],
  ['pg_statistic_ext', 'stxowner'],
  ['pg_foreign_data_wrapper', 'fdwowner'],
  ['pg_foreign_server', 'srvowner'],
  ['pg_publication', 'pubowner'],
  [
    'pg_subscription',
    'subowner',
    `o.subdbid = (select d.oid from pg_database d where d.datname = current_database())`,
  ],
];

// The user's own objects are selected once for all kinds, because each selection reads the whole of
// pg_depend.
const select = ([catalog, column, condition = 'true']: (typeof catalogs)[number]) => `
        select '${catalog}' as catalog, '${catalog}'::regclass as class, o.oid, o.${column} as owner,
          ${catalog === 'pg_class' ? `o.relkind = 'S'` : 'false'} as sequence
        from ${catalog} o where ${catalog === 'pg_namespace' ? 'true' : 'o.oid >= 16384'} and ${condition}`;

/** SQL for the rows `catalog`, `oid`, `owner`, `sequence`. */
export function buildOwnedObjectsQuery(): string {
  const all = catalogs.map(select).join('\n      union all ');
  return `select o.* from (${all}) o where ${buildOwnObject('o.class', 'o.oid')}`;
}
