// The messages of problems with policies and approved plans.

import { type MessageRow, row } from './message.ts';
import type { ReviewProblems } from './review-codes.ts';

/** Their part of the table; total by its type. */
export const reviewMessages: { readonly [C in keyof ReviewProblems]: MessageRow<ReviewProblems[C]> } = {
  policy_denied: row(
    1,
    409,
    (of) =>
      `The policy denies ${of.statements.length === 1 ? 'a statement' : 'statements'}:\n` +
      `  ${of.statements.join('\n  ')}`,
    (of) =>
      `Nothing was written or changed. Change the schema or the migration, or allow it by a comment in the` +
      ` schema: ${of.allow.map((one) => `'-- pgmage:allow ${one}'`).join(', ')}.` +
      ' The policy is in pgmage.config.ts.',
  ),
  bad_plan: row(
    1,
    422,
    (of) => `${of.file} cannot be applied: ${of.reason}`,
    'Nothing was changed. Make a new plan: db:plan --env NAME --out plan.json.',
  ),
  plan_moved: row(
    1,
    409,
    (of) => `${of.file} no longer fits ${of.environment}:\n  ${of.moved.join('\n  ')}`,
    (of) =>
      `Nothing was changed. Make a new plan (db:plan --env ${of.environment} --out ${of.file}), and have it` +
      ' approved again.',
  ),
};
