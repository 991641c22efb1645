// Foreign keys. Those that partitions get from their parent's are not facts: the server makes and names them.
import type { Catalog } from '../../model/catalog.ts';
import type { Fact, PartPath } from '../../model/fact.ts';
import { buildPresentQuery } from '../../model/introspection.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';
import type { Statement, StatementScript } from '../../model/step.ts';
import { makeRenameIn } from '../schemas/renaming.ts';
import { checkOrphans } from '../tables/row-checks.ts';
import {
  buildConstraintQuery,
  buildDeferral,
  buildDefinition,
  buildReference,
  buildValidity,
  dropConstraint,
  findHolder,
  quoteName,
  quoteTable,
  validateConstraint,
} from './constraints.ts';

interface ForeignKey {
  readonly definition: string;
  readonly deferrable: boolean;
  readonly deferred: boolean;
  readonly validated: boolean;
  readonly enforced: boolean;
}

type Row = Fact<ForeignKey, PartPath>;

const state = ({ payload }: Row) =>
  payload.enforced ? (payload.validated ? '' : ' NOT VALID') : ' NOT ENFORCED';
const clause = (fact: Row) =>
  `CONSTRAINT ${quoteName(fact)} ${fact.payload.definition}${buildDeferral(fact.payload)}${state(fact)}`;
const alter = (fact: Row, words: string) =>
  `ALTER TABLE ${quoteTable(fact)} ALTER CONSTRAINT ${quoteName(fact)} ${words}`;
const deferrable = (_: Row, to: Row) => alter(to, buildDeferral(to.payload).trim() || 'NOT DEFERRABLE');

// It holds the table that it refers to, which may not be less durable than its own, and the key that it leans
// on, thereby the types of all columns of that, also of those that are only included.
const target = `array(select 'pg_class:' || k.confrelid || ':0'
        union all select format('pg_class:%s:%s', u.indrelid, a) from pg_index u, unnest(u.indkey::int2[]) a
        where u.indexrelid = k.conindid and a > 0)`;

// True if the server holds it against existing rows when it is added.
const looks = ({ payload }: Row) => payload.validated && payload.enforced;

const staysEnforced = (from: Row, to: Row) => from.payload.enforced && to.payload.enforced;

const unvalidated = (fact: Row) => clause({ ...fact, payload: { ...fact.payload, validated: false } });

// Added at once, and held against the rows that are there while others go on. Where partitions are on one of
// its ends, it cannot be added so, or stays so on some of them (until PostgreSQL 17).
function later(fact: Row, scope: Scope, action: string): StatementScript | null {
  const { validated, enforced } = fact.payload;
  const { facts, needs } = scope.after;
  const partitioned = [...(needs.get(fact.id)?.keys() ?? [])].some(
    (id) => (facts.get(id)?.payload.partitionKey ?? null) !== null,
  );
  if (!validated || !enforced || partitioned || findHolder(fact, scope, false) === undefined) return null;
  const lock = action.startsWith('ADD') ? 'SHARE ROW EXCLUSIVE' : 'ACCESS EXCLUSIVE';
  return [{ sql: `ALTER TABLE ${quoteTable(fact)} ${action}`, lock }, validating(fact, scope)];
}

const validating = (fact: Row, scope: Scope) => ({
  ...validateConstraint(fact),
  checks: checkOrphans(fact, fact.payload.definition, scope),
});

// The server holds it against the rows that are there.
const enforcing = (fact: Row, scope: Scope): Statement => ({
  sql: alter(fact, 'ENFORCED'),
  hazards: ['blocks_writes', 'may_fail_on_existing_rows'],
  lock: 'SHARE ROW EXCLUSIVE',
  checks: checkOrphans(fact, fact.payload.definition, scope),
});

function hasCasts(facts: Catalog['facts']): boolean {
  for (const { kind } of facts.values()) if (kind === 'cast') return true;
  return false;
}

// Its types may differ, so a function of the database may convert them. Validation needs no privilege on the
// other table. Partitioned tables have no NOT VALID before PostgreSQL 18.
function callsFunctions(fact: Row, { facts }: Catalog): boolean | string {
  const { validated, enforced } = fact.payload;
  if (!validated || !enforced || !hasCasts(facts)) return false;
  const isPartitioned = (facts.get(fact.parent ?? '')?.payload.partitionKey ?? null) !== null;
  return isPartitioned || validateConstraint(fact).sql;
}

/** FOREIGN KEY (manual: catalog pg_constraint, contype `f`). */
export const foreignKey: Kind<ForeignKey, PartPath> = {
  name: 'foreign key',
  reference: buildReference,
  summary: (fact) => `${clause(fact)} ON ${quoteTable(fact)}`,
  present: buildPresentQuery('pg_constraint', `contype = 'f'`),
  introspect: (major) =>
    buildConstraintQuery(
      'f',
      `${target} as needs, ${buildDefinition(major)} as definition, k.condeferrable as deferrable,
       k.condeferred as deferred, ${buildValidity(major)}`,
      'k.conparentid = 0',
    ),
  create: (fact, scope) => ({
    sql: `ALTER TABLE ${quoteTable(fact)} ADD ${clause(fact)}`,
    checks: looks(fact) ? checkOrphans(fact, fact.payload.definition, scope) : [],
    hazards: looks(fact) ? ['blocks_writes', 'may_fail_on_existing_rows'] : [],
    lock: 'SHARE ROW EXCLUSIVE',
  }),
  rename: makeRenameIn('TABLE', 'CONSTRAINT'),
  drop: dropConstraint,
  alter: {
    definition: 'replace',
    deferrable,
    deferred: deferrable,
    enforced: (_, to, scope) => (to.payload.enforced ? enforcing(to, scope) : alter(to, 'NOT ENFORCED')),
    // ENFORCED validates it, and one that is not enforced needs no validation.
    validated: (from, to, scope) => {
      if (!to.payload.validated) return 'replace';
      return staysEnforced(from, to) ? validating(to, scope) : [];
    },
  },
  inline: { clause: (fact) => (looks(fact) ? clause(fact) : null) },
  order: {
    bound: true,
    slots: (fact) => [`constraint ${qualify(fact.path)}`],
  },
  data: {
    watchesRows: true,
    callsFunctions,
    afterRows: true,
  },
  online: {
    create: (fact, scope) => later(fact, scope, `ADD ${unvalidated(fact)}`),
    replace: (_, to, scope) => later(to, scope, `DROP CONSTRAINT ${quoteName(to)}, ADD ${unvalidated(to)}`),
    alter: {
      validated: (from, to, scope) =>
        to.payload.validated && staysEnforced(from, to) ? validating(to, scope) : null,
    },
  },
};
