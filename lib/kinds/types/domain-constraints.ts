// Constraints of domains: CHECK, and NOT NULL, which is a flag of the domain until PostgreSQL 16.
import type { Fact, PartPath } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import type { RowCheck } from '../../model/row-check.ts';
import type { Statement } from '../../model/step.ts';
import { buildDefinition } from '../constraints/constraints.ts';
import { makeRenameIn, runSince } from '../schemas/renaming.ts';
import { checkDomain } from '../tables/row-checks.ts';
import { isStoredInside } from './stored-types.ts';

interface DomainCheck {
  readonly definition: string;
  readonly validated: boolean;
}

interface DomainNotNull {
  /** `domain_not_null` where the server knows no names. */
  readonly name: string;
}

type Named = Pick<Fact<unknown, PartPath>, 'path'>;

const alter = ({ path }: Named, action: string) => `ALTER DOMAIN ${qualify(path.slice(0, 2))} ${action}`;
const named = (fact: Named, name: string) =>
  `CONSTRAINT ${quote(name)} ON DOMAIN ${qualify(fact.path.slice(0, 2))}`;
const checking = (sql: string, checks: readonly RowCheck[]): Statement => ({
  sql,
  hazards: ['may_fail_on_existing_rows'],
  checks,
});

const refused = (fact: Fact<DomainCheck, PartPath>, scope: Scope) =>
  checkDomain(fact, { definition: fact.payload.definition, name: fact.path[2] }, scope);

// With a constraint, a domain inside other stored values can only be made again.
function isRefused({ parent }: Pick<Fact, 'parent'>, scope: Scope): boolean {
  const domain = scope.before.facts.get(parent as string);
  return domain !== undefined && isStoredInside(domain, scope);
}

const nameOf = ({ path }: Named) => quote(path[2]);
const clause = (fact: Fact<DomainCheck, PartPath>) => `CONSTRAINT ${nameOf(fact)} ${fact.payload.definition}`;

/** CHECK of a domain (manual: catalog pg_constraint, contypid). */
export const domainCheck: Kind<DomainCheck, PartPath> = {
  name: 'domain check',
  reference: (fact) => named(fact, fact.path[2]),
  summary: (fact) => `${clause(fact)} ON ${qualify(fact.path.slice(0, 2))}`,
  present: buildPresentQuery('pg_type', `typtype = 'd'`),
  introspect: (major) => `
    select array['pg_constraint:' || k.oid || ':0'] as addresses, array[n.nspname, t.typname,
    k.conname] as path,
      'pg_type:' || t.oid || ':0' as parent,
      ${buildDefinition(major)} as definition, k.convalidated as validated
    from pg_constraint k join pg_type t on t.oid = k.contypid join pg_namespace n on n.oid = t.typnamespace
    where k.contype = 'c' and ${buildOwnCondition('pg_type', 't.oid', 't.typnamespace')}`,
  create: (fact, scope) =>
    fact.payload.validated
      ? checking(alter(fact, `ADD ${clause(fact)}`), refused(fact, scope))
      : alter(fact, `ADD ${clause(fact)} NOT VALID`),
  rename: makeRenameIn('DOMAIN', 'CONSTRAINT', null),
  drop: (fact) => alter(fact, `DROP CONSTRAINT ${nameOf(fact)}`),
  alter: {
    definition: 'replace',
    validated: (_, to, scope) =>
      to.payload.validated && !isRefused(to, scope)
        ? checking(alter(to, `VALIDATE CONSTRAINT ${nameOf(to)}`), refused(to, scope))
        : 'replace',
  },
  inline: { clause: (fact) => (fact.payload.validated ? clause(fact) : null) },
  order: { refused: (fact, scope) => fact.payload.validated && isRefused(fact, scope) },
  data: {
    watchesRows: true,
    callsFunctions: true,
    afterRows: ({ payload }) => !payload.validated,
  },
};

// Always named where it has a name: the server chooses one that no other constraint in the schema has.
const notNullClause = ({ payload }: Fact<DomainNotNull, PartPath>, { major }: Scope) =>
  `${major < 17 ? '' : `CONSTRAINT ${quote(payload.name)} `}NOT NULL`;

/** NOT NULL of a domain (manual: pg_type.typnotnull; since PostgreSQL 17 pg_constraint, contype `n`). */
export const domainNotNull: Kind<DomainNotNull, PartPath> = {
  name: 'domain not null',
  reference: (fact) => named(fact, fact.payload.name),
  summary: (fact) => `NOT NULL ON ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_type', `typtype = 'd'`),
  introspect: (major) => `
    select ${major < 17 ? `'{}'::text[]` : `array['pg_constraint:' || k.oid || ':0']`} as addresses,
      array[n.nspname, t.typname] as path, 'pg_type:' || t.oid || ':0' as parent,
      ${major < 17 ? `t.typname || '_not_null'` : 'k.conname'} as name
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
      ${major < 17 ? '' : `left join pg_constraint k on k.contypid = t.oid and k.contype = 'n'`}
    where t.typtype = 'd' and t.typnotnull and ${buildOwnCondition('pg_type', 't.oid', 't.typnamespace')}`,
  create: (fact, scope) =>
    checking(
      alter(fact, scope.major < 17 ? 'SET NOT NULL' : `ADD ${notNullClause(fact, scope)}`),
      checkDomain(fact, { definition: null, name: fact.payload.name }, scope),
    ),
  drop: (fact) => alter(fact, 'DROP NOT NULL'),
  alter: {
    name: (from, to, { major }) => {
      const sql = alter(to, `RENAME CONSTRAINT ${quote(from.payload.name)} TO ${quote(to.payload.name)}`);
      return major < 17 ? runSince(17, sql) : sql;
    },
  },
  inline: { clause: notNullClause },
  order: { refused: isRefused },
  reconcile: { atVersion: (payload, major) => (major < 17 ? { name: '' } : payload) },
};
