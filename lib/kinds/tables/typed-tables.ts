// Tables that follow a composite type: a fact that is an edge, as inheritance is.
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';

interface TypedTable {
  readonly type: string;
}

/** ALTER TABLE … OF (manual: pg_class.reloftype). */
export const typedTable: Kind<TypedTable> = {
  name: 'typed table',
  reference: (fact) => `TABLE ${qualify(fact.path)}`,
  summary: (fact) => `TABLE ${qualify(fact.path)} OF ${fact.payload.type}`,
  present: buildPresentQuery('pg_class', 'reloftype <> 0'),
  introspect: () => `
    select '{}'::text[] as addresses, array[n.nspname, c.relname] as path,
    'pg_class:' || c.oid || ':0' as parent,
      array[format('pg_class:%s:0>pg_type:%s:0', c.oid, c.reloftype)] as edges,
      format_type(c.reloftype, null) as type
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.reloftype <> 0 and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`,
  create: (fact) => `ALTER TABLE ${qualify(fact.path)} OF ${fact.payload.type}`,
  drop: (fact) => `ALTER TABLE ${qualify(fact.path)} NOT OF`,
  alter: { type: 'replace' },
};
