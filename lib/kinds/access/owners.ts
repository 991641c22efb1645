// Owners of objects. An owner that a schema file does not name stays as it is: see `reconcile.optional`.
import { type Catalog, shadowRole } from '../../model/catalog.ts';
import type { Fact } from '../../model/fact.ts';
import { isMadeByUser } from '../../model/introspection.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import type { StatementScript } from '../../model/step.ts';
import { schemaId } from '../named-objects.ts';
import { buildOwnObject, describeParent, findOwner, formatReference } from '../schemas/targets.ts';
import { formatGrantee } from './grant-statements.ts';
import { letsCreate } from './grants.ts';

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
        from ${catalog} o
        where ${catalog === 'pg_namespace' ? 'true' : isMadeByUser('o.oid')} and ${condition}`;

/** SQL for the rows `catalog`, `oid`, `owner`, `sequence`. */
function buildOwnedObjectsQuery(): string {
  const all = catalogs.map(select).join('\n      union all ');
  return `select o.* from (${all}) o where ${buildOwnObject('o.class', 'o.oid')}`;
}

interface Owner {
  readonly owner: string;
}

// The sequence of a column follows the column's table, and refuses to have another owner (manual: ALTER
// SEQUENCE).
function follows({ parent, payload }: Fact<Owner>, catalog: Catalog): boolean {
  const target = catalog.facts.get(parent as string);
  if (target?.kind !== 'sequence') return false;
  const others = [...(catalog.dies.get(target.id) ?? [])].map((id) => catalog.facts.get(id));
  return others.some((other) => findOwner(catalog, other) === payload.owner);
}

const creators = new WeakMap<Catalog, ReadonlyMap<string | null, readonly string[]>>();

// The grants of CREATE on the schema of an object.
function findCreators(catalog: Catalog, target: Fact | undefined): readonly string[] {
  let index = creators.get(catalog);
  if (index === undefined) {
    const all = [...catalog.facts.values()].filter(letsCreate);
    index = new Map(
      all.map(({ parent }) => [parent, all.filter((one) => one.parent === parent).map(({ id }) => id)]),
    );
    creators.set(catalog, index);
  }
  const schema = target === undefined || target.path.length < 2 ? null : schemaId(`${target.path[0]}`);
  return index.get(schema) ?? [];
}

const change = (fact: Fact<Owner>, scope: Scope): StatementScript => ({
  sql: `ALTER ${formatReference(fact, scope)} OWNER TO ${formatGrantee(fact.payload.owner, null)}`,
  hazards: ['changes_privileges'],
});

// From initdb.
const ofPublic = {
  id: 'owner:@schema:public',
  kind: 'owner',
  path: ['public'],
  signature: '',
  parent: 'schema:public',
  origins: [],
  position: 0,
  payload: { owner: 'pg_database_owner' },
};

/**
 * ALTER … OWNER TO. In the shadow, its own role and initdb's owner of `public` mean that no owner was named.
 */
export const owner: Kind<Owner> = {
  name: 'owner',
  reference: (fact) => `OWNER OF ${describeParent(fact)}`,
  introspect: () => `
    select '{}'::text[] as addresses, '{}'::text[] as path, format('%s:%s:0', o.catalog, o.oid) as target,
      o.sequence::int as position, r.rolname as owner
    from (${buildOwnedObjectsQuery()}) o join pg_roles r on r.oid = o.owner
    where current_user <> '${shadowRole}' or r.rolname not in ('${shadowRole}', 'pg_database_owner')
      -- The schema public, created again.
      or r.rolname = '${shadowRole}' and o.class = 'pg_namespace'::regclass
      and o.oid = to_regnamespace('public')`,
  // The creator of an object already owns it.
  create: (fact, scope) => ([scope.role, shadowRole].includes(fact.payload.owner) ? [] : change(fact, scope)),
  // Everything has an owner: this fact goes only with its object.
  drop: () => [],
  alter: {
    owner: (from, to, scope) =>
      follows(from, scope.before) && follows(to, scope.after) ? [] : change(to, scope),
  },
  initial: [ofPublic],
  order: {
    // Directly after its object: later parts (an index on an expression, the rows of a view) run functions as
    // the owner.
    rank: -1,
    // The new owner of an object needs CREATE on its schema (manual: ALTER TABLE), by itself, by one of its
    // roles or as PUBLIC.
    allowedBy: ({ parent }, catalog) => findCreators(catalog, catalog.facts.get(parent as string)),
  },
  data: { ownership: true },
  reconcile: {
    optional: () => true,
    // Earlier releases listed the owner of a multirange type separately from that of its range type.
    upgraded: (payload, { signature }) => (signature === '' ? payload : null),
    unsaid: (fact) => (fact.id === ofPublic.id ? ofPublic : { ...fact, payload: { owner: shadowRole } }),
    standIn: (fact, role) =>
      fact.payload.owner === shadowRole ? { ...fact, payload: { owner: role } } : fact,
  },
};
