// The cost of adding a column to a table with rows (manual: ALTER TABLE, Notes).
import type { Fact } from '../../model/fact.ts';
import type { Scope } from '../../model/kind.ts';
import type { Statement } from '../../model/step.ts';
import type { ColumnFact } from './column-commands.ts';
import { checkAnyRow } from './row-checks.ts';

// Functions of the server's own that give each row another value (manual: pg_proc.provolatile `v`).
const volatile =
  /\b(nextval|currval|lastval|setval|random|random_normal|gen_random_uuid|uuidv[47]|clock_timestamp|timeofday)\(/;

// The attributes of a function come before its body.
const isVolatile = ({ payload }: Fact) =>
  !/\n .*\b(IMMUTABLE|STABLE)\b/.test(
    String(payload.definition).split(/\n(?:AS |RETURN |BEGIN ATOMIC)/)[0] ?? '',
  );

// True if each row needs its own value. For an extension's functions this is unknown.
function differs({ id, payload }: Fact, { after }: Scope): boolean {
  const needed = [...(after.needs.get(id)?.keys() ?? [])].flatMap((other) => after.facts.get(other) ?? []);
  const expression = String(payload.expression);
  return (
    volatile.test(expression) ||
    needed.some((fact) => fact.kind === 'function' && isVolatile(fact)) ||
    (expression.includes('(') && needed.some(({ kind }) => kind === 'extension'))
  );
}

// The constraints and defaults of the domain that is a column's type, and of the domains below it.
function broughtBy(id: string, { after }: Scope): Fact[] {
  const domains = [...(after.needs.get(id)?.keys() ?? [])].filter(
    (other) => after.facts.get(other)?.kind === 'domain',
  );
  if (domains.length === 0) return [];
  const own = [...after.facts.values()].filter(({ parent }) => parent !== null && domains.includes(parent));
  return [...own, ...domains.flatMap((domain) => broughtBy(domain, { after } as Scope))];
}

/** The cost of ADD COLUMN with its clauses: rows without a required value, and rewritten rows. */
export function computeAdditionCost(fact: ColumnFact, scope: Scope): Pick<Statement, 'hazards' | 'checks'> {
  const { id, payload } = fact;
  const carried = (kind: string) => scope.clauses.find(({ fact }) => fact.kind === kind)?.fact;
  const brought = broughtBy(id, scope);
  const value = carried('default') ?? brought.find(({ kind }) => kind === 'domain default');
  const counted = carried('identity');
  const constraints = brought.filter(({ kind }) => kind === 'domain check' || kind === 'domain not null');
  const required = carried('not null') ?? constraints.find(({ kind }) => kind === 'domain not null');
  const given = payload.generated !== null || value !== undefined || counted !== undefined;
  const rewrites =
    payload.generated === 'stored' ||
    counted !== undefined ||
    (value !== undefined && differs(value, scope)) ||
    constraints.length > 0;
  const fails = required !== undefined && !given;
  return {
    hazards: [
      ...(fails ? (['fails_on_existing_rows'] as const) : []),
      ...(rewrites ? (['rewrites_table'] as const) : []),
    ],
    checks: fails ? [checkAnyRow(fact)] : [],
  };
}
