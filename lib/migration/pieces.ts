// A plan's steps as SQL for files: one file is one transaction, or one piece that runs outside of any.
import type { Step } from '../model/step.ts';

/** Consecutive steps that belong in one file. */
export interface Piece {
  readonly steps: readonly Step[];
  /** false: statement by statement, each committed by itself. */
  readonly transactional: boolean;
}

/**
 * Splits a plan where a transaction has to end: as few pieces as there can be, in the plan's order.
 * @param single what runs outside of a transaction does so one by one
 */
export function piecesOf(steps: readonly Step[], single = false): Piece[] {
  const pieces: { steps: Step[]; transactional: boolean }[] = [];
  for (const step of steps) {
    const last = pieces.at(-1);
    const joins = last?.transactional === step.transactional && (step.transactional || !single);
    if (last !== undefined && joins) last.steps.push(step);
    else pieces.push({ steps: [step], transactional: step.transactional });
  }
  return pieces;
}

/** Whether steps can all run in one transaction. */
export function isTransactional(steps: readonly Step[]): boolean {
  return steps.every(({ transactional }) => transactional);
}

/** The steps as SQL. */
export function sqlOf(steps: readonly Step[]): string {
  // Bodies are checked when they run, for they may name what comes later.
  const bodies = steps.some(({ sql }) => /^CREATE (OR REPLACE )?(FUNCTION|PROCEDURE)\b/i.test(sql));
  const local = isTransactional(steps) ? ' LOCAL' : '';
  const settings = bodies ? [`SET${local} check_function_bodies = off;`] : [];
  return [...settings, ...steps.map(({ sql }) => `${sql};`)].join('\n\n');
}
