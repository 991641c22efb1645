// Defaults of view columns, which an INSERT through the view uses.
import type { Fact, PartPath } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';

interface ViewDefault {
  readonly expression: string;
}

const alter = (fact: Fact<ViewDefault, PartPath>, action: string) =>
  `ALTER VIEW ${qualify(fact.path.slice(0, 2))} ALTER COLUMN ${quote(fact.path[2])} ${action}`;
const set = (fact: Fact<ViewDefault, PartPath>) => alter(fact, `SET DEFAULT ${fact.payload.expression}`);

/** ALTER VIEW … SET DEFAULT (manual: catalog pg_attrdef). */
export const viewDefault: Kind<ViewDefault, PartPath> = {
  name: 'view default',
  reference: (fact) => `COLUMN ${qualify(fact.path)}`,
  summary: set,
  present: buildPresentQuery('pg_class', `relkind = 'v'`),
  introspect: () => `
    select array['pg_attrdef:' || d.oid || ':0'] as addresses, array[n.nspname, c.relname, a.attname] as path,
      format('pg_class:%s:%s', c.oid, a.attnum) as parent,
      pg_get_expr(d.adbin, d.adrelid) as expression
    from pg_attrdef d join pg_class c on c.oid = d.adrelid join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum = d.adnum
    where c.relkind = 'v' and c.relpersistence <> 't'
    and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`,
  create: set,
  drop: (fact) => alter(fact, 'DROP DEFAULT'),
  alter: { expression: (_, to) => set(to) },
};
