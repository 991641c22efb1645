// Nothing is changed before it was shown and agreed to.

import { Problem } from '../problem/problem.ts';

/** The confirmations that were given in advance. */
export interface Consent {
  /** Do not ask. */
  readonly yes?: boolean;
  /** Go on although data is lost. */
  readonly force?: boolean;
  /** The question shows what is lost: then `force` is not needed. */
  readonly asksAboutLosses?: boolean;
}

/** Shows a plan and asks. */
export type Question<Plan> = (plan: Plan) => Promise<boolean>;

/** Shows plans, also those that `yes` agrees to, and asks where there is a terminal. */
export interface Dialog<Plan> {
  show(plan: Plan): void;
  readonly ask?: Question<Plan> | undefined;
}

/** Asks about plans; undefined: nothing can ask. */
export type Ask<Plan> = Question<Plan> | Dialog<Plan> | undefined;

/** The question of a dialog; undefined: there is no terminal. */
export function questionOf<Plan>(ask: Ask<Plan>): Question<Plan> | undefined {
  return typeof ask === 'object' ? ask.ask : ask;
}

/** A plan that needs consent. */
export interface Proposal<Plan> {
  /** The command and its target, as in `db:sync of prod`. */
  readonly what: string;
  readonly plan: Plan;
  /** The data that it loses. */
  readonly losses: readonly string[];
  /** Options that would say that nothing is lost, only renamed. */
  readonly renames?: readonly string[];
}

/**
 * Gets the consent to a plan. A plan that `yes` agrees to is shown as well, before anything changes.
 * @returns false when it was declined
 * @throws Problem `data_loss_refused`, `confirmation_needed`
 */
export async function confirm<Plan>(
  { what, plan, losses, renames = [] }: Proposal<Plan>,
  { yes, force, asksAboutLosses }: Consent,
  ask: Ask<Plan>,
): Promise<boolean> {
  const question = questionOf(ask);
  if (losses.length > 0 && !force && !(asksAboutLosses && question !== undefined))
    throw new Problem('data_loss_refused', { losses, renames });
  if (yes) {
    if (typeof ask === 'object') ask.show(plan);
    return true;
  }
  if (question === undefined) throw new Problem('confirmation_needed', { what });
  return question(plan);
}
