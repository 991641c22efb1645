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

/** Shows a plan and asks; undefined: there is no terminal. */
export type Ask<Plan> = ((plan: Plan) => Promise<boolean>) | undefined;

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
 * Gets the consent to a plan.
 * @returns false when it was declined
 * @throws Problem `data_loss_refused`, `confirmation_needed`
 */
export async function confirm<Plan>(
  { what, plan, losses, renames = [] }: Proposal<Plan>,
  { yes, force, asksAboutLosses }: Consent,
  ask: Ask<Plan>,
): Promise<boolean> {
  if (losses.length > 0 && !force && !(asksAboutLosses && ask !== undefined))
    throw new Problem('data_loss_refused', { losses, renames });
  if (yes) return true;
  if (ask === undefined) throw new Problem('confirmation_needed', { what });
  return ask(plan);
}
