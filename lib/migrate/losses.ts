// The losses of a plan's steps, for confirmation.
import { type Step, splitCombined } from '../model/step.ts';
import { describeFinding, type Finding } from './findings.ts';
import { describeLoss } from './stamps.ts';

/**
 * The steps that delete data or change values, for display.
 * @param findings the results of the row checks
 */
export function listLosses(steps: readonly Step[], findings: readonly Finding[] = []): string[] {
  return splitCombined(steps)
    .filter(({ hazards }) => hazards.includes('deletes_data') || hazards.includes('loses_values'))
    .map((step) => {
      const line = (step.shown ?? step.sql).replace(/\s+/g, ' ');
      const own = findings.filter((one) => one.outcome === 'loses' && one.sql === line).map(describeFinding);
      return own.length > 0 ? `${line} (${own.join('; ')})` : describeLoss(step);
    });
}
