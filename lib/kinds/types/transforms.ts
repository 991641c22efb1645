// Transforms between types and procedural languages. They have no name: the signature says which one it is.
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';

interface Transform {
  readonly fromSql: string | null;
  readonly toSql: string | null;
}

function create(fact: Fact<Transform>, verb: string): string {
  const { fromSql, toSql } = fact.payload;
  const parts = [fromSql && `FROM SQL WITH FUNCTION ${fromSql}`, toSql && `TO SQL WITH FUNCTION ${toSql}`];
  return `${verb} TRANSFORM ${fact.signature} (${parts.filter(Boolean).join(', ')})`;
}

const replace = (_: Fact<Transform>, to: Fact<Transform>) => create(to, 'CREATE OR REPLACE');

/** CREATE TRANSFORM (manual: catalog pg_transform). */
export const transform: Kind<Transform> = {
  name: 'transform',
  reference: (fact) => `TRANSFORM ${fact.signature}`,
  present: buildPresentQuery('pg_transform'),
  introspect: () => `
    select array['pg_transform:' || t.oid || ':0'] as addresses, '{}'::text[] as path,
      format('FOR %s LANGUAGE %I', format_type(t.trftype, null), l.lanname) as signature,
      nullif(t.trffromsql, 0)::regprocedure as "fromSql", nullif(t.trftosql, 0)::regprocedure as "toSql"
    from pg_transform t join pg_language l on l.oid = t.trflang
    where ${buildOwnCondition('pg_transform', 't.oid')}`,
  create: (fact) => create(fact, 'CREATE'),
  drop: (fact) => `DROP TRANSFORM ${fact.signature}`,
  alter: { fromSql: replace, toSql: replace },
};
