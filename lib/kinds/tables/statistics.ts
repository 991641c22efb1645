// Extended statistics.
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';
import { makeRename } from '../schemas/renaming.ts';

interface Statistics {
  /** `ndistinct`, `dependencies`, `mcv`; empty for those of a single expression. */
  readonly kinds: readonly string[];
  /** Columns, sorted, for their order says nothing; then expressions. */
  readonly items: readonly string[];
  readonly table: string;
  /** The number of sampled values; null: the default. */
  readonly sampled: number | null;
}

function definition({ path, payload: { kinds, items, table } }: Fact<Statistics>): string {
  const list = kinds.length === 0 || kinds.length === 3 ? '' : ` (${kinds.join(', ')})`;
  return `STATISTICS ${qualify(path)}${list} ON ${items.join(', ')} FROM ${table}`;
}

const setTarget = (fact: Fact<Statistics>) =>
  `ALTER STATISTICS ${qualify(fact.path)} SET STATISTICS ${fact.payload.sampled ?? -1}`;

/** CREATE STATISTICS (manual: catalog pg_statistic_ext). */
export const statistics: Kind<Statistics> = {
  name: 'statistics',
  reference: (fact) => `STATISTICS ${qualify(fact.path)}`,
  summary: definition,
  present: buildPresentQuery('pg_statistic_ext'),
  introspect: () => `
    select array['pg_statistic_ext:' || s.oid || ':0'] as addresses, array[n.nspname, s.stxname] as path,
      'pg_class:' || s.stxrelid || ':0' as parent,
      array(select case k when 'd' then 'ndistinct' when 'f' then 'dependencies' else 'mcv' end
        from unnest(s.stxkind) k where k <> 'e' order by k) as kinds,
      array(select quote_ident(a.attname) from pg_attribute a where a.attrelid = s.stxrelid
        and a.attnum = any (s.stxkeys) order by a.attname)
        || array(select format('(%s)', e) from unnest(pg_get_statisticsobjdef_expressions(s.oid)) e) as items,
      s.stxrelid::regclass as "table", nullif(s.stxstattarget, -1) as sampled
    from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace
    where ${buildOwnCondition('pg_statistic_ext', 's.oid', 's.stxnamespace')}`,
  create: (fact) => [
    `CREATE ${definition(fact)}`,
    ...(fact.payload.sampled === null ? [] : [setTarget(fact)]),
  ],
  rename: makeRename('STATISTICS'),
  drop: (fact) => `DROP STATISTICS ${qualify(fact.path)}`,
  alter: { kinds: 'replace', items: 'replace', table: 'replace', sampled: (_, to) => setTarget(to) },
  order: {
    followsChanges: true,
    slots: (fact) => [`statistics ${qualify(fact.path)}`],
  },
};
