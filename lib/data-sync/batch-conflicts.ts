// Rows of other batches that are in the way of a batch.
import { Problem } from '../problem/problem.ts';
import type { ChangeResult } from './apply.ts';
import type { ComparedTable } from './compare-tables.ts';
import type { RowComparison } from './comparison.ts';
import type { RunMeans } from './finish.ts';

/** The run of a batch. */
interface RunOfBatch {
  readonly comparison: RowComparison;
  readonly compared: readonly ComparedTable[];
  readonly means: RunMeans;
}

// SQLSTATEs: not null, foreign key, unique, exclusion, restrict.
const violations = new Set(['23502', '23503', '23505', '23P01', '23001']);

/** True for a failure that a batch with more rows may not have. */
export function isInTheWay(run: RunOfBatch, thrown: unknown): boolean {
  if (!(thrown instanceof Problem)) return false;
  const { code, data } = thrown;
  if ('sqlstate' in data) return violations.has(data.sqlstate);
  // An old id whose new one comes with a later batch.
  if (code === 'sync_refused') return true;
  if (!isReach(thrown)) return false;
  const names = namesOf(run);
  return thrown.data.effects.some((effect) => names.some((name) => effect.startsWith(`${name}: `)));
}

const isReach = (problem: Problem): problem is Problem<'side_effects'> => problem.code === 'side_effects';

const namesOf = ({ compared }: RunOfBatch) =>
  compared.filter(({ spool }) => spool !== null).map(({ pair }) => pair.to.table.name);

/**
 * Refuses a foreign key that acts on rows of a later batch: it would do their work, or undo it.
 * @throws Problem `side_effects`
 */
export function refuseReach(run: RunOfBatch, { sideEffects }: ChangeResult): void {
  if (run.means.input.triggers === 'on') return;
  const names = new Set(namesOf(run));
  const reached = sideEffects.filter(({ table }) => names.has(table));
  if (reached.length > 0)
    throw new Problem('side_effects', {
      target: run.comparison.named.to.name,
      effects: reached.map(
        ({ table, updated, deleted }) => `${table}: ${updated} updated, ${deleted} deleted`,
      ),
    });
}
