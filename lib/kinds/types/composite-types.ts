// Composite types that stand alone, with the order of their attributes; the attributes are facts of their
// own.
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';
import { makeRename } from '../schemas/renaming.ts';
import { makeAside } from '../tables/set-aside.ts';

interface Composite {
  /** Names of the attributes; none where tables follow the type, whose columns stay where they are. */
  readonly order: readonly string[];
}

// Attributes can be taken away anywhere, but added only at the end.
function reorder(from: Fact<Composite>, to: Fact<Composite>): [] | 'replace' {
  const kept = from.payload.order.filter((name) => to.payload.order.includes(name));
  return kept.every((name, index) => to.payload.order[index] === name) ? [] : 'replace';
}

/** CREATE TYPE … AS (manual: catalogs pg_type, pg_class relkind `c`). */
export const compositeType: Kind<Composite> = {
  name: 'composite type',
  reference: (fact) => `TYPE ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_class', `relkind = 'c'`),
  introspect: () => `
    select array['pg_type:' || c.reltype || ':0', 'pg_class:' || c.oid || ':0'] as addresses,
      array[n.nspname, c.relname] as path,
      array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
        and not a.attisdropped and not exists (select from pg_class o where o.reloftype = c.reltype)
        order by a.attnum) as order
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'c' and ${buildOwnCondition('pg_type', 'c.reltype', 'c.relnamespace')}`,
  create: ({ path }, { clauses }) =>
    `CREATE TYPE ${qualify(path)} AS (${clauses.map(({ sql }) => sql).join(', ')})`,
  rename: makeRename('TYPE'),
  drop: (fact) => `DROP TYPE ${qualify(fact.path)}`,
  alter: { order: reorder },
  order: {
    aside: makeAside('TYPE'),
    slots: (fact) => [`relation ${qualify(fact.path)}`, `type ${qualify(fact.path)}`],
  },
};
