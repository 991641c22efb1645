// Partitions: a table is made on its own and then attached, as that keeps the names of all it has.

import { isEqual } from '../../model/diff.ts';
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition } from '../../model/introspection.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import { exchangeNames } from '../indexes/equal-partition-indexes.ts';
import { restoreLocal } from './local-not-nulls.ts';

interface Attachment {
  /** `FOR VALUES …` or `DEFAULT`. */
  readonly bound: string;
  /**
   * Foreign keys that the partition got from its parent: they stay behind when it is detached. Never
   * compared.
   */
  readonly clones: readonly string[];
}

const child = ({ path }: Fact<Attachment>) => qualify(path.slice(0, 2));
const parent = ({ path }: Fact<Attachment>) => qualify(path.slice(2));

// A partition cannot leave with rows that foreign keys refer to, where these stay.
function isReferenced(fact: Fact<Attachment>, { before, after }: Scope): boolean {
  const table = `table:${parent(fact)}`;
  const isKey = (id: string) => before.facts.get(id)?.parent === table && !id.startsWith('column:');
  return [...before.facts.values()].some(
    ({ id, kind }) =>
      kind === 'foreign key' && after.facts.has(id) && [...(before.needs.get(id)?.keys() ?? [])].some(isKey),
  );
}

// A new partition has no rows, but those of the default partition must not belong to it.
const mayFail = (fact: Fact<Attachment>, { before }: Scope) =>
  before.facts.has(fact.parent as string) ||
  [...before.facts.values()].some(
    ({ kind, path, payload }) =>
      kind === fact.kind && payload.bound === 'DEFAULT' && isEqual(path.slice(2), fact.path.slice(2)),
  );

/**
 * ALTER TABLE … ATTACH PARTITION (manual: pg_class.relpartbound). The path is the partition's, then the
 * parent's.
 */
export const partitionAttachment: Kind<Attachment> = {
  name: 'partition attachment',
  reference: (fact) => `PARTITION ${child(fact)} OF ${parent(fact)}`,
  summary: (fact) => `PARTITION ${child(fact)} OF ${parent(fact)} ${fact.payload.bound}`,
  present: 'exists (select from pg_inherits)',
  introspect: () => `
    select array[format('pg_inherits:%s:%s', c.oid, p.oid)] as addresses,
      array[n.nspname, c.relname, pn.nspname, p.relname] as path, 'pg_class:' || c.oid || ':0' as parent,
      array[format('pg_class:%s:0>pg_class:%s:0', c.oid, p.oid)] as edges,
      pg_get_expr(c.relpartbound, c.oid) as bound,
      array(select k.conname from pg_constraint k where k.conrelid = c.oid and k.contype = 'f'
      and k.conparentid <> 0
        and exists (select from pg_constraint u where u.oid = k.conparentid and u.conrelid = p.oid)) as clones
    from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_namespace n on n.oid = c.relnamespace
      join pg_class p on p.oid = i.inhparent join pg_namespace pn on pn.oid = p.relnamespace
    where c.relkind in ('r', 'p', 'f') and c.relispartition
    and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`,
  create: (fact, scope) => [
    ...exchangeNames(fact.parent as string, scope),
    {
      sql: `ALTER TABLE ONLY ${parent(fact)} ATTACH PARTITION ${child(fact)} ${fact.payload.bound}`,
      hazards: mayFail(fact, scope) ? ['may_fail_on_existing_rows'] : [],
      lock: 'SHARE UPDATE EXCLUSIVE',
    },
    ...restoreLocal(fact.path.slice(0, 2), scope),
  ],
  drop: (fact, scope) => [
    {
      sql: `ALTER TABLE ${parent(fact)} DETACH PARTITION ${child(fact)}`,
      hazards: isReferenced(fact, scope) ? ['may_fail_on_existing_rows'] : [],
      lock: 'ACCESS EXCLUSIVE',
    },
    ...fact.payload.clones.map(
      (name) => `ALTER TABLE ${child(fact)} DROP CONSTRAINT IF EXISTS ${quote(name)}`,
    ),
  ],
  alter: { bound: 'replace', clones: () => [] },
  reconcile: { atVersion: (payload) => ({ ...payload, clones: [] }) },
};
