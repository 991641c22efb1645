// CLUSTER ON: which index a table is clustered by.
import { buildOwnCondition, isMadeByUser } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';

interface Clustering {
  readonly index: string;
}

/** ALTER TABLE … CLUSTER ON (manual: pg_index.indisclustered). */
export const clustering: Kind<Clustering> = {
  name: 'clustering',
  reference: (fact) => `CLUSTERING OF ${qualify(fact.path)}`,
  present: `exists (select from pg_index where indisclustered and ${isMadeByUser('indexrelid')})`,
  introspect: () => `
    select '{}'::text[] as addresses, array[n.nspname, c.relname] as path,
    'pg_class:' || c.oid || ':0' as parent,
      array['pg_class:' || x.oid || ':0'] as dies, x.relname as index
    from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
      join pg_class x on x.oid = i.indexrelid
    where i.indisclustered and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`,
  create: ({ path, payload }) => `ALTER TABLE ${qualify(path)} CLUSTER ON ${quote(payload.index)}`,
  drop: ({ path }) => `ALTER TABLE ${qualify(path)} SET WITHOUT CLUSTER`,
  alter: { index: (_, to) => `ALTER TABLE ${qualify(to.path)} CLUSTER ON ${quote(to.payload.index)}` },
};
