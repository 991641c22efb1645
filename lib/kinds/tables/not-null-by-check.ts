// NOT NULL by way of a check: where one says the same and is validated, the server does not look at the rows
// again (manual: ALTER TABLE, SET NOT NULL), and it is validated while others go on.
import type { Fact, PartPath } from '../../model/fact.ts';
import type { Scope } from '../../model/kind.ts';
import { quote } from '../../model/quote.ts';
import type { Statement } from '../../model/step.ts';
import { findHolder, quoteTable, validateConstraint } from '../constraints/constraints.ts';
import { checkNulls } from './row-checks.ts';

/** The statements around the one that sets it; null: it cannot be held against a check of its own. */
export function validateByCheck(
  fact: Fact<{ readonly noInherit: boolean; readonly validated: boolean }, PartPath>,
  scope: Scope,
  set: Statement,
): readonly Statement[] | null {
  const { noInherit, validated } = fact.payload;
  if (noInherit || !validated || findHolder(fact, scope) === undefined) return null;
  const [, , column] = fact.path;
  // Apart from the name that the server gives to the constraint itself.
  const check = quote(`pgmage_${fact.position}_not_null`);
  const alter = `ALTER TABLE ${quoteTable(fact)}`;
  return [
    {
      sql: `${alter} ADD CONSTRAINT ${check} CHECK (${quote(column)} IS NOT NULL) NOT VALID`,
      lock: 'ACCESS EXCLUSIVE',
    },
    { ...validateConstraint(fact, check), checks: [checkNulls(fact)] },
    { ...set, hazards: [], checks: [] },
    { sql: `${alter} DROP CONSTRAINT ${check}`, lock: 'ACCESS EXCLUSIVE' },
  ];
}
