// A migration that broke off outside of a transaction: what is left of it to do, or what it did, taken back.

import { moved, renamesIn } from '../compare/apply-renames.ts';
import { comparisonOf } from '../compare/compare.ts';
import { kinds } from '../kinds/index.ts';
import { brokeOff, type MigrationRun } from '../ledger/applying.ts';
import { note, record } from '../ledger/audit.ts';
import { oneByOne } from '../ledger/lock-retry.ts';
import type { Direction } from '../ledger/statements.ts';
import type { Catalog } from '../model/catalog.ts';
import { diffOf, isEmpty } from '../model/diff.ts';
import { unpinned } from '../pg/pinned.ts';
import { Problem, toProblem } from '../problem/problem.ts';
import type { Consent } from '../project/confirmation.ts';
import type { Context } from '../project/context.ts';
import { backward, forward } from '../project/migration-folder.ts';
import { recordedSchema } from './compose.ts';
import { lossesOf } from './losses.ts';
import type { Situation } from './target-state.ts';

/**
 * Finishes it by what still differs.
 * @param towards `down`: one that broke off on its way up is taken back
 * @returns how many migrations are applied then
 * @throws Problem `data_loss_refused`, `broke_off`
 */
export async function finish(
  context: Context,
  of: MigrationRun,
  { standing, actual }: Situation,
  { force }: Consent,
  towards?: Direction,
): Promise<number> {
  const { unfinished, applied } = standing;
  if (unfinished === null) return applied;
  const { file, direction } = unfinished;
  const end = towards ?? direction;
  const count = direction === 'down' ? applied - 1 : end === 'up' ? applied + 1 : applied;
  const reached = await recordedSchema(context, of.files.slice(0, count));
  const left = await renamesLeft(
    context,
    actual,
    await renamesIn((end === 'up' ? forward : backward)([file])),
  );
  const { online } = await comparisonOf(context, left.after, reached);
  const losses = lossesOf(online);
  if (losses.length > 0 && !force) throw new Problem('data_loss_refused', { losses, renames: [] });
  await note(
    of,
    file,
    direction,
    'begun',
    `${end === direction ? 'finishing' : 'undoing'} the failed migration`,
  );
  // As the migrations that they stand for: functions that they call may need the database's own path.
  await of.connection.execute(unpinned('session'));
  await oneByOne(of, async (send) => {
    for (const sql of [...left.renames, ...online.map((step) => step.sql)]) await send(sql);
  }).catch(async (thrown: unknown) => {
    await note(of, file, direction, 'failed', toProblem(thrown).message).catch(() => undefined);
    throw brokeOff(of, file, thrown);
  });
  await record(of, file, end);
  return count;
}

// A rename that was done already finds nothing under the old name. Each one that is left is done as it was written: what
// merely differs would be dropped, and made without its rows.
async function renamesLeft(
  context: Context,
  actual: Catalog,
  all: readonly string[],
): Promise<{ renames: string[]; after: Catalog }> {
  const renames: string[] = [];
  let after = actual;
  for (const sql of all) {
    const next = await moved(context, after, [sql]);
    if (isEmpty(diffOf({ before: after, after: next }, kinds))) continue;
    renames.push(sql);
    after = next;
  }
  return { renames, after };
}
