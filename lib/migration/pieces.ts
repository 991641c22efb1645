// A plan's steps as SQL for files: one file is one transaction, or one piece that runs outside of any.
import type { Step } from '../model/step.ts';

/** Consecutive steps that belong in one file. */
export interface Piece {
  readonly steps: readonly Step[];
  /** false: statement by statement, each committed by itself. */
  readonly transactional: boolean;
}

/**
 * Splits a plan where a transaction has to end: as few pieces as possible, in the plan's order.
 * @param single true to put each statement outside of a transaction into a piece of its own
 */
export function splitPlan(steps: readonly Step[], single = false): Piece[] {
  const pieces: { steps: Step[]; transactional: boolean }[] = [];
  for (const step of steps) {
    const last = pieces.at(-1);
    const joins = last?.transactional === step.transactional && (step.transactional || !single);
    if (last !== undefined && joins) last.steps.push(step);
    else pieces.push({ steps: [step], transactional: step.transactional });
  }
  return pieces;
}

/** True if all steps can run in one transaction. */
export function isTransactional(steps: readonly Step[]): boolean {
  return steps.every(({ transactional }) => transactional);
}

/** The steps as SQL. */
export function joinSql(steps: readonly Step[]): string {
  // Bodies are checked when they run, because they may name objects that are created later.
  const bodies = steps.some(({ sql }) => /^CREATE (OR REPLACE )?(FUNCTION|PROCEDURE)\b/i.test(sql));
  const local = isTransactional(steps) ? ' LOCAL' : '';
  const settings = bodies ? [`SET${local} check_function_bodies = off;`] : [];
  return [...settings, ...steps.map(({ sql }) => `${sql};`)].join('\n\n');
}
