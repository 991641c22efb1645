// Finishes or undoes a migration that failed half-way outside of a transaction.

import { applyRenames, findRenameStatements } from '../compare/apply-renames.ts';
import { compareCatalogs } from '../compare/compare.ts';
import { kinds } from '../kinds/index.ts';
import { toBrokeOffProblem } from '../ledger/applying.ts';
import { noteInAudit, recordInLedger } from '../ledger/audit.ts';
import { sendOneByOne } from '../ledger/lock-retry.ts';
import type { MigrationRun } from '../ledger/migration-batch.ts';
import type { Direction } from '../ledger/statements.ts';
import type { Catalog } from '../model/catalog.ts';
import { diffReconciled, isEmpty } from '../model/diff.ts';
import { buildUnpin } from '../pg/pinned.ts';
import { Problem, toProblem } from '../problem/problem.ts';
import type { Consent } from '../project/confirmation.ts';
import { listDowns, listUps } from '../project/migration-folder.ts';
import type { Workspace } from '../project/workspace.ts';
import { readRecordedSchema } from './compose.ts';
import { listLosses } from './losses.ts';
import type { TargetState } from './target-state.ts';

/**
 * Finishes it by what still differs.
 * @param consent `towards: 'down'`: one that broke off on its way up is taken back
 * @returns how many migrations are applied then
 * @throws Problem `data_loss_refused`, `broke_off`
 */
export async function finishMigration(
  workspace: Workspace,
  of: MigrationRun,
  { standing, actual }: TargetState,
  { force, towards }: Consent & { readonly towards?: Direction },
): Promise<number> {
  const { unfinished, applied } = standing;
  if (unfinished === null) return applied;
  const { file, direction } = unfinished;
  const end = towards ?? direction;
  const count = direction === 'down' ? applied - 1 : end === 'up' ? applied + 1 : applied;
  const reached = await readRecordedSchema(workspace, of.files.slice(0, count));
  const left = await renamesLeft(
    workspace,
    actual,
    await findRenameStatements((end === 'up' ? listUps : listDowns)([file])),
  );
  const { online } = await compareCatalogs(workspace, left.after, reached);
  const losses = listLosses(online);
  if (losses.length > 0 && !force) throw new Problem('data_loss_refused', { losses, renames: [] });
  const detail = `${end === direction ? 'finishing' : 'undoing'} the failed migration`;
  await noteInAudit(of, { file, direction, outcome: 'begun', detail });
  // As the migrations that they stand for: functions that they call may need the database's own path.
  await of.connection.execute(buildUnpin('session'));
  await sendOneByOne(of, async (send) => {
    for (const sql of [...left.renames, ...online.map((step) => step.sql)]) await send(sql);
  }).catch(async (thrown: unknown) => {
    const failure = { file, direction, outcome: 'failed', detail: toProblem(thrown).message } as const;
    await noteInAudit(of, failure).catch(() => undefined);
    throw toBrokeOffProblem(of, file, thrown);
  });
  await recordInLedger(of, file, end);
  return count;
}

// A rename that was done already finds nothing under the old name. Each one that is left is done as it was
// written: what merely differs would be dropped, and made without its rows.
async function renamesLeft(
  workspace: Workspace,
  actual: Catalog,
  all: readonly string[],
): Promise<{ renames: string[]; after: Catalog }> {
  const renames: string[] = [];
  let after = actual;
  for (const sql of all) {
    const next = await applyRenames(workspace, after, [sql]);
    if (isEmpty(diffReconciled({ before: after, after: next }, kinds))) continue;
    renames.push(sql);
    after = next;
  }
  return { renames, after };
}
