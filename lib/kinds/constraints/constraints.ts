// The common parts of table constraints; each kind of them has its own file.
import type { Fact, PartPath } from '../../model/fact.ts';
import { buildOwnCondition } from '../../model/introspection.ts';
import type { Scope } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import type { Statement } from '../../model/step.ts';
import { without } from '../tables/storage-options.ts';

/** SQL for the attributes `validated` and `enforced`; before 18 every constraint is enforced. */
export const buildValidity = (major: number) =>
  major < 18
    ? 'k.convalidated as validated, true as enforced'
    : 'k.convalidated or not k.conenforced as validated, k.conenforced as enforced';

/** The qualified table of a constraint. */
export const quoteTable = ({ path }: Fact<unknown, PartPath>): string => qualify(path.slice(0, 2));

/** The constraint's own name, quoted. */
export const quoteName = ({ path }: Fact<unknown, PartPath>): string => quote(path[2]);

/** The name of a constraint in COMMENT ON. */
export const buildReference = (fact: Fact<unknown, PartPath>): string =>
  `CONSTRAINT ${quoteName(fact)} ON ${quoteTable(fact)}`;

/** Slots of a constraint that brings an index of its name. */
export const listIndexSlots = (fact: Fact<unknown, PartPath>): string[] => [
  `relation ${qualify([fact.path[0], fact.path[2]])}`,
  `constraint ${qualify(fact.path)}`,
];

/** ALTER TABLE … DROP CONSTRAINT. */
export const dropConstraint = (fact: Fact<unknown, PartPath>, { alone }: Scope) => ({
  sql: `ALTER TABLE ${alone(fact.id) ? 'ONLY ' : ''}${quoteTable(fact)} DROP CONSTRAINT ${quoteName(fact)}`,
  lock: 'ACCESS EXCLUSIVE' as const,
});

/** VALIDATE CONSTRAINT, during which others read and write. */
export const validateConstraint = (fact: Fact<unknown, PartPath>, name = quoteName(fact)): Statement => ({
  sql: `ALTER TABLE ${quoteTable(fact)} VALIDATE CONSTRAINT ${name}`,
  hazards: ['may_fail_on_existing_rows'],
  lock: 'SHARE UPDATE EXCLUSIVE',
});

/**
 * The table of a constraint, where it may be added without a look at the rows that are there; undefined: it
 * may not.
 * @param whole also on a partitioned table
 */
export function findHolder(fact: Fact<unknown, PartPath>, { after }: Scope, whole = true): Fact | undefined {
  const table = after.facts.get(`table:${quoteTable(fact)}`);
  return whole || table?.payload.partitionKey === null ? table : undefined;
}

// The end of the server's text (ruleutils.c); each part is an attribute of its own.
const states = (major: number) => `case when k.condeferrable then ' DEFERRABLE' else '' end
  || case when k.condeferred then ' INITIALLY DEFERRED' else '' end
  || case ${major < 18 ? '' : `when not k.conenforced then ' NOT ENFORCED'`} when not k.convalidated
  then ' NOT VALID' else '' end`;

/** SQL for the server's text of a constraint k without its states, and without what stands before these. */
export function buildDefinition(major: number, before = `''`): string {
  return without(`${before} || ${states(major)}`, 'pg_get_constraintdef(k.oid)');
}

/**
 * An introspection query over pg_constraint (manual: catalog pg_constraint), with i and x for a constraint's
 * index.
 * @param type contype, e.g. `f`
 * @param attributes columns of the payload, as SQL
 */
export function buildConstraintQuery(type: string, attributes: string, where = 'true'): string {
  return `
    select array['pg_constraint:' || k.oid || ':0'] as addresses, array[n.nspname, c.relname,
    k.conname] as path,
      'pg_class:' || c.oid || ':0' as parent, ${attributes}
    from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
      left join pg_index i on i.indexrelid = k.conindid and k.contype in ('p', 'u', 'x')
      left join pg_class x on x.oid = i.indexrelid
    where k.contype = '${type}' and c.relkind in ('r', 'p', 'f') and c.relpersistence <> 't' and ${where}
      and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`;
}

/** The words of a constraint that may wait until the end of the transaction. */
export function buildDeferral({ deferrable, deferred }: { deferrable: boolean; deferred: boolean }): string {
  return `${deferrable ? ' DEFERRABLE' : ''}${deferred ? ' INITIALLY DEFERRED' : ''}`;
}
