// The losses of a plan's steps, for confirmation.
import type { Caution, TableSize } from '../compare/impact.ts';
import { type Step, splitCombined } from '../model/step.ts';
import { formatCount } from '../problem/amount.ts';
import { describeFinding, type Finding } from './findings.ts';
import { describeLoss } from './stamps.ts';

/** The known rows of a database that a plan changes. */
export interface LossCounts {
  /** The results of the row checks. */
  readonly findings: readonly Finding[];
  /** The costs of the steps, with the sizes of their tables. */
  readonly cautions: readonly Caution[];
}

/**
 * The steps that delete data or change values, for display.
 * @param counts left out: the statements stand without rows
 */
export function listLosses(steps: readonly Step[], counts?: LossCounts): string[] {
  const { findings = [], cautions = [] } = counts ?? {};
  return splitCombined(steps)
    .filter(({ hazards }) => hazards.includes('deletes_data') || hazards.includes('loses_values'))
    .map((step) => {
      const line = (step.shown ?? step.sql).replace(/\s+/g, ' ');
      const own = findings.filter((one) => one.outcome === 'loses' && one.sql === line).map(describeFinding);
      return own.length > 0
        ? `${line} (${own.join('; ')})`
        : `${describeLoss(step)}${sizeOf(step, cautions)}`;
    });
}

// The table with its rows, as the server estimates them.
function sizeOf({ sql, shown = sql }: Step, cautions: readonly Caution[]): string {
  const table = cautions.find((one) => one.hazard === 'deletes_data' && one.sql === shown)?.table;
  return table ? ` (${describeSize(table)})` : '';
}

/** A table with its rows: `users: about 5,000 rows`. */
export function describeSize({ name, rows }: TableSize): string {
  if (rows === null) return `${name}: rows not counted`;
  if (rows === 0) return `${name}: no rows`;
  return `${name}: about ${formatCount(rows.toLocaleString('en-US'), 'row')}`;
}
