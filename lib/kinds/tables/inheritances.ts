// INHERITS between tables that are not partitions: a fact that is an edge.

import { edgeKey } from '../../model/catalog.ts';
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition } from '../../model/introspection.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';

/**
 * True if a part of a table can be dropped with ONLY: partitions follow their table (source: ATExecDropColumn
 * in tablecmds.c).
 */
export const isOfPlainTable = ({ path }: Fact<unknown>, { before }: Scope): boolean =>
  (before.facts.get(`table:${qualify(path.slice(0, 2))}`)?.payload.partitionKey ?? null) === null;

/** True if a part of a column comes from a parent that its table INHERITS, and is not that of a partition. */
export function isFromParent(
  { parent, origins }: Fact<unknown>,
  { after: { facts, links } }: Scope,
): boolean {
  const table = (part: string | null | undefined) => `${facts.get(`${part}`)?.parent}`;
  return origins.some((origin) =>
    links.get(edgeKey(table(parent), table(facts.get(origin)?.parent)))?.startsWith('inheritance:'),
  );
}

/** ALTER TABLE … INHERIT (manual: catalog pg_inherits). The path is the child's, then the parent's. */
export const inheritance: Kind<Record<never, never>> = {
  name: 'inheritance',
  reference: (fact) => `INHERITANCE OF ${qualify(fact.path.slice(0, 2))} FROM ${qualify(fact.path.slice(2))}`,
  summary: (fact) => `${qualify(fact.path.slice(0, 2))} INHERITS ${qualify(fact.path.slice(2))}`,
  present: 'exists (select from pg_inherits)',
  introspect: () => `
    select array[format('pg_inherits:%s:%s', c.oid, p.oid)] as addresses,
      array[n.nspname, c.relname, pn.nspname, p.relname] as path, 'pg_class:' || c.oid || ':0' as parent,
      array[format('pg_class:%s:0>pg_class:%s:0', c.oid, p.oid)] as edges, i.inhseqno as position
    from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_namespace n on n.oid = c.relnamespace
      join pg_class p on p.oid = i.inhparent join pg_namespace pn on pn.oid = p.relnamespace
    where c.relkind in ('r', 'f') and not c.relispartition
    and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`,
  create: (fact) => `ALTER TABLE ${qualify(fact.path.slice(0, 2))} INHERIT ${qualify(fact.path.slice(2))}`,
  drop: (fact) => `ALTER TABLE ${qualify(fact.path.slice(0, 2))} NO INHERIT ${qualify(fact.path.slice(2))}`,
  alter: {},
  inline: {
    clause: (fact) => qualify(fact.path.slice(2)),
    inseparable: true,
  },
  order: {
    // A column that loses its last parent becomes the child's own for ever (source: RemoveInheritance in
    // tablecmds.c).
    overlaps: true,
  },
};
