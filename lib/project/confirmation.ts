// Nothing is changed before it was shown and agreed to.

import { Problem } from '../problem/problem.ts';

/** How much was agreed to beforehand. */
export interface Consent {
  /** Do not ask. */
  readonly yes?: boolean;
  /** Go on although data is lost. */
  readonly force?: boolean;
}

/** Shows what is going to be done and asks; undefined: there is nobody to ask. */
export type Ask<Plan> = ((plan: Plan) => Promise<boolean>) | undefined;

/**
 * Gets the consent to a plan.
 * @param what what needs it, as in `db:sync of prod`
 * @param renames options that would say that nothing is lost, only renamed
 * @returns false when it was declined
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
