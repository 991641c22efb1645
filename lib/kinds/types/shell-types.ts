// Types that are declared before they are defined: their own input functions name them.
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';

/**
 * CREATE TYPE name, on which the functions rest that its definition needs (manual: CREATE TYPE, "shell
 * type").
 */
export const shellType: Kind<Record<never, never>> = {
  name: 'shell type',
  reference: (fact) => `TYPE ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_type', `not typisdefined or typtype in ('b', 'r') and typarray <> 0`),
  introspect: () => `
    select array[case when t.typisdefined then 'shell:' || t.oid else 'pg_type:' || t.oid || ':0' end]
    as addresses,
      array[n.nspname, t.typname] as path,
      array(select format('pg_proc:%s:0>pg_type:%s:0', f.refobjid, t.oid) from pg_depend f
        where f.classid = 'pg_type'::regclass and f.objid = t.oid
        and f.refclassid = 'pg_proc'::regclass) as instead
    from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_range r on r.rngtypid = t.oid
    where (not t.typisdefined or t.typtype = 'b' and not exists (select from pg_type e
    where e.typarray = t.oid)
        or r.rngcanonical <> 0)
      and ${buildOwnCondition('pg_type', 't.oid', 't.typnamespace')}`,
  create: (fact) => `CREATE TYPE ${qualify(fact.path)}`,
  // A type and its functions depend on each other, so they can only be dropped together.
  drop: (fact, { before }) => {
    const defined = [...before.facts.values()].some(({ parent }) => parent === fact.id);
    return `DROP TYPE ${qualify(fact.path)}${defined ? ' CASCADE' : ''}`;
  },
  alter: {},
  data: { trial: 'create type pg_temp.pgmage_trial' },
  order: { slots: (fact) => [`type ${qualify(fact.path)}`] },
};
