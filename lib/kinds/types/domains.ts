// Domains. Their defaults, checks and NOT NULL are facts of their own.
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';
import { makeRename } from '../schemas/renaming.ts';
import { makeAside } from '../tables/set-aside.ts';

interface Domain {
  readonly type: string;
  readonly collation: string | null;
}

/** CREATE DOMAIN (manual: catalog pg_type, typtype `d`). */
export const domain: Kind<Domain> = {
  name: 'domain',
  reference: (fact) => `DOMAIN ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_type', `typtype = 'd'`),
  introspect: () => `
    select array['pg_type:' || t.oid || ':0'] as addresses, array[n.nspname, t.typname] as path,
      format_type(t.typbasetype, t.typtypmod) as type,
      case when t.typcollation <> b.typcollation then t.typcollation::regcollation end as collation
    from pg_type t join pg_namespace n on n.oid = t.typnamespace join pg_type b on b.oid = t.typbasetype
    where t.typtype = 'd' and ${buildOwnCondition('pg_type', 't.oid', 't.typnamespace')}`,
  create: ({ path, payload: { type, collation } }, { clauses }) =>
    [
      `CREATE DOMAIN ${qualify(path)} AS ${type}`,
      ...(collation === null ? [] : [`COLLATE ${collation}`]),
      ...clauses.map(({ sql }) => sql),
    ].join(' '),
  rename: makeRename('DOMAIN'),
  drop: (fact) => `DROP DOMAIN ${qualify(fact.path)}`,
  alter: {
    type: 'replace',
    collation: 'replace',
  },
  order: {
    aside: makeAside('DOMAIN'),
    slots: (fact) => [`type ${qualify(fact.path)}`],
  },
};
