// Nothing is changed before it was shown and agreed to.

import { type Finding, findingText } from '../migrate/findings.ts';
import { lossLine } from '../migrate/stamps.ts';
import { type Step, singly } from '../model/step.ts';
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
export async function agreed<Plan>(
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

/**
 * The statements among steps that delete data or change values, as they may be shown.
 * @param findings what the rows of the target say to them
 */
export function lossesOf(steps: readonly Step[], findings: readonly Finding[] = []): string[] {
  return singly(steps)
    .filter(({ hazards }) => hazards.includes('deletes_data') || hazards.includes('loses_values'))
    .map((step) => {
      const line = (step.shown ?? step.sql).replace(/\s+/g, ' ');
      const own = findings.filter((one) => one.outcome === 'loses' && one.sql === line).map(findingText);
      return own.length > 0 ? `${line} (${own.join('; ')})` : lossLine(step);
    });
}
