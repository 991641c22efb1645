// Steps as a script for psql.
import type { Step } from '../model/step.ts';
import { formatCount } from '../problem/amount.ts';
import { hazardWords } from './hazards.ts';

/** The steps as SQL. Statements of one segment can share a transaction; a comment marks each new one. */
export function renderScript(steps: readonly Step[]): string {
  if (steps.length === 0) return '-- Nothing to do.';
  const parts: string[] = [];
  // Bodies are checked against objects that a later statement may make.
  if (steps.some(({ sql }) => /^CREATE (OR REPLACE )?(FUNCTION|PROCEDURE)\b/i.test(sql)))
    parts.push('SET check_function_bodies = off;');
  let segment = steps[0]?.segment;
  for (const step of steps) {
    if (step.segment !== segment) parts.push(border(step));
    segment = step.segment;
    const hazards = step.hazards.map((hazard) => `-- Caution: ${hazardWords[hazard]}.\n`).join('');
    parts.push(`${hazards}${step.sql};`);
  }
  return parts.join('\n\n');
}

function border({ transactional }: Step): string {
  return transactional
    ? '-- A new transaction: commit the statements above first.'
    : '-- Outside of a transaction: commit the statements above first.';
}

/** `3 statements in 2 transactions`. */
export function formatSize(steps: readonly Step[]): string {
  const segments = new Set(steps.map(({ segment }) => segment)).size;
  const together = segments > 1 ? ` in ${segments} transactions` : '';
  return formatCount(steps.length, 'statement') + together;
}
