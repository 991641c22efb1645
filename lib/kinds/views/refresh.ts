// Whether a materialized view holds what its query says. A schema does not tell: a dump makes all of them empty.
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';

/** REFRESH MATERIALIZED VIEW (manual: pg_class.relispopulated), in the order in which the views were made. */
export const population: Kind<Record<never, never>> = {
  name: 'population',
  reference: (fact) => `MATERIALIZED VIEW ${qualify(fact.path)}`,
  summary: (fact) => `REFRESH MATERIALIZED VIEW ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_class', `relkind = 'm'`),
  introspect: () => `
    with recursive reads(reader, relation) as (
      select c.oid, c.oid from pg_class c
        where c.relkind = 'm' and c.relispopulated and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}
      union select r.reader, c.oid from reads r join pg_rewrite w on w.ev_class = r.relation
        join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
          and d.refclassid = 'pg_class'::regclass
        join pg_class c on c.oid = d.refobjid and c.relkind in ('v', 'm'))
    select array['populated:' || c.oid] as addresses, array[n.nspname, c.relname] as path,
      'pg_class:' || c.oid || ':0' as parent, row_number() over (order by c.oid) as position,
      array(select 'populated:' || o.relation from reads o where o.reader = c.oid) as needs
    from reads r join pg_class c on c.oid = r.relation join pg_namespace n on n.oid = c.relnamespace
    where r.reader = r.relation`,
  create: (fact) => ({
    sql: `REFRESH MATERIALIZED VIEW ${qualify(fact.path)}`,
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
