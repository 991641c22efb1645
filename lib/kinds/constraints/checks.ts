// CHECK constraints of tables. Those that heirs and partitions get from their parents are facts with origins.
import type { Fact, PartPath } from '../../model/fact.ts';
import { buildPresentQuery } from '../../model/introspection.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';
import type { StatementScript } from '../../model/step.ts';
import { makeRenameIn } from '../schemas/renaming.ts';
import { isOfPlainTable } from '../tables/inheritances.ts';
import { likeParent } from '../tables/new-partitions.ts';
import { checkBroken } from '../tables/row-checks.ts';
import {
  buildConstraintQuery,
  buildDefinition,
  buildReference,
  buildValidity,
  dropConstraint,
  findHolder,
  quoteName,
  quoteTable,
  validateConstraint,
} from './constraints.ts';

interface Check {
  readonly definition: string;
  readonly validated: boolean;
  readonly enforced: boolean;
  /**
   * Written on this table, or a partition's; false: only inherited. No command changes it, so it is not
   * compared.
   */
  readonly local: boolean;
}

type Row = Fact<Check, PartPath>;

const clause = (fact: Row) => {
  const { definition, enforced, validated } = fact.payload;
  return (
    `CONSTRAINT ${quoteName(fact)}` +
    ` ${definition}${enforced ? (validated ? '' : ' NOT VALID') : ' NOT ENFORCED'}`
  );
};

// True if the server holds it against existing rows when it is added.
const looks = ({ payload }: Row) => payload.validated && payload.enforced;

const unvalidated = (fact: Row) => clause({ ...fact, payload: { ...fact.payload, validated: false } });

// Added at once, and held against the rows that are there while others go on.
const later = (fact: Row, scope: Scope, action: string): StatementScript | null =>
  looks(fact) && findHolder(fact, scope)
    ? [
        { sql: `ALTER TABLE ${quoteTable(fact)} ${action}`, lock: 'ACCESS EXCLUSIVE' },
        validating(fact, scope),
      ]
    : null;

const validating = (fact: Row, scope: Scope) => ({
  ...validateConstraint(fact),
  checks: checkBroken(fact, fact.payload.definition, scope),
});

const attributes = (major: number) => `
  ${buildDefinition(major)} as definition,
  ${buildValidity(major)},
  k.conislocal or c.relispartition as local,
  case when k.coninhcount > 0 then (select array_agg('pg_constraint:' || p.oid || ':0') from pg_inherits i
    join pg_constraint p on p.conrelid = i.inhparent and p.conname = k.conname and p.contype = 'c'
    where i.inhrelid = c.oid) end as origins,
  k.conislocal and k.coninhcount > 0 as outlives`;

/** CHECK (manual: catalog pg_constraint, contype `c`). */
export const check: Kind<Check, PartPath> = {
  name: 'check',
  reference: buildReference,
  summary: (fact) => `${clause(fact)} ON ${quoteTable(fact)}`,
  present: buildPresentQuery('pg_constraint', `contype = 'c'`),
  introspect: (major) => buildConstraintQuery('c', attributes(major)),
  create: (fact, scope) => ({
    sql: `ALTER TABLE ${quoteTable(fact)} ADD ${clause(fact)}`,
    checks: looks(fact) ? checkBroken(fact, fact.payload.definition, scope) : [],
    hazards: looks(fact) ? ['blocks_reads', 'may_fail_on_existing_rows'] : [],
    lock: 'ACCESS EXCLUSIVE',
  }),
  rename: makeRenameIn('TABLE', 'CONSTRAINT'),
  drop: dropConstraint,
  alter: {
    definition: 'replace',
    enforced: 'replace',
    validated: (_, to, scope) => (to.payload.validated ? validating(to, scope) : 'replace'),
    local: () => [],
  },
  inline: {
    clause: (fact, scope) => {
      if (likeParent(fact.parent as string, scope) !== null) return '';
      if (!fact.payload.local) return '';
      return fact.payload.validated ? clause(fact) : null;
    },
  },
  order: {
    dropsAlone: isOfPlainTable,
    recurses: ['definition', 'validated', 'enforced'],
    followsChanges: true,
    slots: (fact) => [`constraint ${qualify(fact.path)}`],
  },
  data: {
    watchesRows: true,
    callsFunctions: true,
    // Existing rows may violate a constraint that is not validated, and a function may read rows of other
    // tables.
    afterRows: ({ id, payload }, { needs }) =>
      !payload.validated || [...(needs.get(id)?.keys() ?? [])].some((other) => other.startsWith('function:')),
  },
  online: {
    create: (fact, scope) => later(fact, scope, `ADD ${unvalidated(fact)}`),
    replace: (_, to, scope) => later(to, scope, `DROP CONSTRAINT ${quoteName(to)}, ADD ${unvalidated(to)}`),
    alter: { validated: (_, to, scope) => (to.payload.validated ? validating(to, scope) : null) },
  },
  reconcile: { atVersion: (payload) => ({ ...payload, local: true }) },
};
