// The state of a materialized view: filled or empty. A schema does not define it: a dump leaves all of them
// empty.
import { type Catalog, getRoot, shadowRole } from '../../model/catalog.ts';
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import { literal, qualify, quote } from '../../model/quote.ts';
import { type Privileges, publicGrantee } from '../access/privileges.ts';
import { findOwner, formatClass } from '../schemas/targets.ts';

type Population = Fact<Record<never, never>>;

/** REFRESH MATERIALIZED VIEW (manual: pg_class.relispopulated), in the order in which the views were made. */
export const population: Kind<Record<never, never>> = {
  name: 'population',
  reference: (fact) => `MATERIALIZED VIEW ${qualify(fact.path)}`,
  summary: (fact) => `REFRESH MATERIALIZED VIEW ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_class', `relkind = 'm'`),
  introspect: () => `
    with recursive reads(reader, relation) as (
      select c.oid, c.oid from pg_class c
        where c.relkind = 'm' and c.relispopulated
        and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}
      union select r.reader, c.oid from reads r join pg_rewrite w on w.ev_class = r.relation
        join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
          and d.refclassid = 'pg_class'::regclass
        join pg_class c on c.oid = d.refobjid and c.relkind in ('v', 'm'))
    select array['populated:' || c.oid] as addresses, array[n.nspname, c.relname] as path,
      'pg_class:' || c.oid || ':0' as parent, row_number() over (order by c.oid) as position,
      array(select 'populated:' || o.relation from reads o where o.reader = c.oid) as needs
    from reads r join pg_class c on c.oid = r.relation join pg_namespace n on n.oid = c.relnamespace
    where r.reader = r.relation`,
  create: (fact, scope) => ({
    sql: canOwnerRead(fact, scope) ? writeRefresh(fact) : writeRefreshIfAllowed(fact),
    hazards: ['rewrites_table'],
    lock: 'ACCESS EXCLUSIVE',
  }),
  drop: () => [],
  alter: {},
  order: {
    // After grants: the owner's query runs with the owner's privileges.
    rank: 4,
  },
  data: { ofRows: true },
  reconcile: { optional: () => true },
};

const writeRefresh = ({ path }: Population) => `REFRESH MATERIALIZED VIEW ${qualify(path)}`;

// A view keeps the rows that another role put in before the owner got it. The server refreshes it as its
// owner alone, so a view whose owner may not do that stays empty.
function writeRefreshIfAllowed(fact: Population): string {
  const tag = '$refresh$';
  const reason = `${qualify(fact.path)} stays empty: its owner may not run its query: `;
  const body = `
BEGIN
  ${writeRefresh(fact)};
EXCEPTION WHEN insufficient_privilege THEN
  RAISE WARNING USING MESSAGE = ${literal(reason)} || SQLERRM;
END
`;
  return `DO ${body.includes(tag) ? literal(body) : `${tag}${body}${tag}`}`;
}

// True if the owner is known to have the right to read the tables of its view. Memberships and superusers are
// unknown.
function canOwnerRead(fact: Population, scope: Scope): boolean {
  const { after, role } = scope;
  const owner = findOwner(after, after.facts.get(fact.parent as string));
  if (owner === null || owner === role || owner === shadowRole) return true;
  const isReadable = (id: string) =>
    findOwner(after, after.facts.get(id)) === owner ||
    [publicGrantee, owner].some((grantee) =>
      (
        after.facts.get(`grant:${quote(grantee)}@${id}`)?.payload as Privileges | undefined
      )?.privileges.includes('SELECT'),
    );
  return [...(after.needs.get(fact.parent as string)?.keys() ?? [])]
    .flatMap((id) => findRelation(after, id, scope) ?? [])
    .every(isReadable);
}

// The relation that a fact is, or is a part of.
function findRelation(catalog: Catalog, id: string, scope: Scope): string | undefined {
  const fact = catalog.facts.get(id);
  const root = fact && getRoot(catalog, fact);
  return root !== undefined && formatClass(root, scope) === 'TABLES' ? root.id : undefined;
}
