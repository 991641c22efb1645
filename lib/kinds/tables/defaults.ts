// Defaults of columns: facts of their own, because they may need a sequence or function that needs the table.
import type { Fact, PartPath } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import { alterTable } from './alter-table.ts';
import { likeParent } from './new-partitions.ts';

interface Default {
  readonly expression: string;
}

// Each partition and heir has a default of its own, so none is set for them along the way.
const alter = ({ path }: Fact<Default, PartPath>, action: string, pass: 'set' | 'drop') =>
  alterTable(`ONLY ${qualify(path.slice(0, 2))}`, `ALTER COLUMN ${quote(path[2])} ${action}`, pass);
const set = (fact: Fact<Default, PartPath>) => alter(fact, `SET DEFAULT ${fact.payload.expression}`, 'set');

/**
 * ALTER COLUMN … SET DEFAULT (manual: catalog pg_attrdef). A default names no columns, so pg_get_expr need
 * not look up those of its table, which would take most of the time of reading defaults.
 */
export const columnDefault: Kind<Default, PartPath> = {
  name: 'default',
  reference: (fact) => `DEFAULT OF ${qualify(fact.path)}`,
  summary: (fact) => `DEFAULT ${fact.payload.expression} ON ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_attrdef'),
  introspect: () => `
    select array['pg_attrdef:' || d.oid || ':0'] as addresses, array[n.nspname, c.relname, a.attname] as path,
      format('pg_class:%s:%s', c.oid, a.attnum) as parent, a.attnum as position, pg_get_expr(d.adbin,
      0) as expression
    from pg_attrdef d join pg_class c on c.oid = d.adrelid join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum = d.adnum and a.attgenerated = ''
    where c.relkind in ('r', 'p', 'f') and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`,
  create: set,
  drop: (fact) => alter(fact, 'DROP DEFAULT', 'drop'),
  alter: { expression: (_, to) => set(to) },
  inline: {
    clause: (fact, scope) =>
      likeParent(`table:${qualify(fact.path.slice(0, 2))}`, scope) === null
        ? `DEFAULT ${fact.payload.expression}`
        : '',
  },
  order: { slots: (fact) => [`value ${qualify(fact.path)}`] },
};
