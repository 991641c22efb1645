// A partition's index as part of its parent's: without it the parent's stays invalid.
import { type Fact, ownName, type PartPath } from '../../model/fact.ts';
import { buildOwnCondition } from '../../model/introspection.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';
import { findAttachment } from './attached-indexes.ts';
import { isPromotable } from './constraint-using-index.ts';

interface Attachment {
  /** The partitioned index, unquoted schema and name. */
  readonly upper: readonly string[];
}

const attach = (fact: Fact<Attachment, PartPath>) =>
  `ALTER INDEX ${qualify(fact.payload.upper)} ATTACH PARTITION ${qualify(fact.path)}`;

/** True if an index of a constraint is attached to a partitioned index, or to one of a partition. */
export function holdsConstraints(path: readonly string[], { before: { facts } }: Scope): boolean {
  const upper = qualify([path[0] ?? '', ownName(path)]);
  return [...facts.values()].some(({ kind, payload, parent }) => {
    const part = facts.get(parent ?? '');
    return (
      kind === 'index attachment' &&
      qualify((payload as unknown as Attachment).upper) === upper &&
      part !== undefined &&
      (part.kind !== 'index' || holdsConstraints(part.path, { before: { facts } } as Scope))
    );
  });
}

/** ALTER INDEX … ATTACH PARTITION (manual: catalog pg_inherits). The path is the partition's index. */
export const indexAttachment: Kind<Attachment, PartPath> = {
  name: 'index attachment',
  words: { upper: 'path' },
  reference: (fact) => `INDEX ${qualify(fact.path)} OF ${qualify(fact.payload.upper)}`,
  present: 'exists (select from pg_inherits)',
  introspect: () => `
    select '{}'::text[] as addresses, array[n.nspname, c.relname] as path,
    'pg_class:' || c.oid || ':0' as parent,
      array[format('pg_class:%s:0>pg_class:%s:0', c.oid, p.oid),
      format('pg_constraint:%s:0>pg_constraint:%s:0', ck.oid, pk.oid)]
        as edges,
      array['pg_class:' || p.oid || ':0'] as needs, array[format('pg_inherits:%s:%s', ci.indrelid,
      pi.indrelid)] as dies,
      array[pn.nspname, p.relname] as upper
    from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_namespace n on n.oid = c.relnamespace
      join pg_class p on p.oid = i.inhparent join pg_namespace pn on pn.oid = p.relnamespace
      join pg_index ci on ci.indexrelid = c.oid join pg_index pi on pi.indexrelid = p.oid
      left join pg_constraint ck on ck.conindid = c.oid and ck.conrelid = ci.indrelid and ck.contype in ('p',
      'u', 'x')
      left join pg_constraint pk on pk.conindid = p.oid and pk.conrelid = pi.indrelid and pk.contype in ('p',
      'u', 'x')
    where ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`,
  create: attach,
  drop: () => [],
  alter: { upper: 'replace' },
  inline: {
    madeBy: ({ parent }, scope) => {
      const index = scope.after.facts.get(`${parent}`);
      return index === undefined ? null : findAttachment(index, scope);
    },
  },
  order: {
    inseverable: true,
    completes: true,
  },
  // The online way, if the attached index is created online.
  online: {
    create: (fact, { after }) => {
      const { definition = null } = after.facts.get(fact.parent as string)?.payload ?? {};
      return definition === null || isPromotable(String(definition)) ? attach(fact) : null;
    },
  },
};
