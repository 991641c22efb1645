// Nothing is changed before it was shown and agreed to.

import { Problem } from '../problem/problem.ts';

/** The confirmations that were given in advance. */
export interface Consent {
  /** Do not ask. */
  readonly yes?: boolean;
  /** Go on although data is lost. */
  readonly force?: boolean;
}

/** Shows a plan and asks; undefined: there is no terminal. */
export type Ask<Plan> = ((plan: Plan) => Promise<boolean>) | undefined;

/**
 * Gets the confirmation of a plan.
 * @param what the command, as in `db:sync of prod`
 * @param renames options that would declare losses as renames
 * @returns false if it was declined
 * @throws Problem `data_loss_refused`, `confirmation_needed`
 */
export async function confirm<Plan>(
  what: string,
  plan: Plan,
  losses: readonly string[],
  { yes, force }: Consent,
  ask: Ask<Plan>,
  renames: readonly string[] = [],
): Promise<boolean> {
  if (losses.length > 0 && !force) throw new Problem('data_loss_refused', { losses, renames });
  if (yes) return true;
  if (ask === undefined) throw new Problem('confirmation_needed', { what });
  return ask(plan);
}
