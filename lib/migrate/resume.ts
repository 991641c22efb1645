// Finishes or undoes a migration that failed half-way outside of a transaction.

import { applyRenames, findRenameStatements } from '../compare/apply-renames.ts';
import { compareCatalogs } from '../compare/compare.ts';
import { weighSteps } from '../compare/impact.ts';
import { kinds } from '../kinds/index.ts';
import { sharedBeside } from '../kinds/named-objects.ts';
import { toBrokeOffProblem } from '../ledger/applying.ts';
import { noteInAudit, recordInLedger } from '../ledger/audit.ts';
import { undoingDetail } from '../ledger/audit-entries.ts';
import { untilInterrupt } from '../ledger/interrupt.ts';
import { sendOneByOne } from '../ledger/lock-retry.ts';
import type { MigrationRun } from '../ledger/migration-batch.ts';
import type { Direction } from '../ledger/statements.ts';
import type { MigrationFile } from '../migration/chain.ts';
import type { Catalog } from '../model/catalog.ts';
import { diffReconciled, isEmpty } from '../model/diff.ts';
import type { SettledPair } from '../model/reconcile.ts';
import type { SchemaPair } from '../model/schema-pair.ts';
import type { Step } from '../model/step.ts';
import type { Connection } from '../pg/connection.ts';
import { buildUnpin } from '../pg/pinned.ts';
import { Problem, toProblem } from '../problem/problem.ts';
import type { Consent } from '../project/confirmation.ts';
import { listDowns, listUps } from '../project/migration-folder.ts';
import type { Workspace } from '../project/workspace.ts';
import { readRecordedSchema } from './compose.ts';
import { checkRows } from './findings.ts';
import { listLosses } from './losses.ts';
import { nameBefore } from './renamed-paths.ts';
import type { TargetState } from './target-state.ts';

/** The statements that finish or undo a migration that failed half-way. */
interface FinishPlan {
  /** How many migrations are applied then. */
  readonly count: number;
  readonly renames: readonly string[];
  readonly online: readonly Step[];
  /** The differences that these statements remove. */
  readonly left: SettledPair;
}

/** A target with a migration that failed half-way. */
interface Unfinished extends Pick<TargetState, 'standing' | 'actual'> {
  /** That of a tenant; left out: the target is a whole database. */
  readonly schemas?: SchemaPair | undefined;
}

async function planFinish(
  workspace: Workspace,
  files: readonly MigrationFile[],
  { standing, actual, schemas }: Unfinished,
  end: Direction,
): Promise<FinishPlan> {
  const { file, direction } = standing.unfinished as NonNullable<typeof standing.unfinished>;
  const { applied } = standing;
  const count = direction === 'down' ? applied - 1 : end === 'up' ? applied + 1 : applied;
  const reached = await readRecordedSchema(workspace, files.slice(0, count));
  const ways = (end === 'up' ? listUps : listDowns)([file]);
  const left = await renamesLeft(workspace, actual, await findRenameStatements(ways));
  const comparison = await compareCatalogs(workspace, left.after, reached);
  // Extensions that all tenants share are created and dropped by hand.
  const beside = (facts: Catalog['facts']) => (schemas ? sharedBeside(facts, schemas.written) : []);
  const shared = new Set([...beside(left.after.facts), ...beside(reached.facts)]);
  const online = comparison.online.filter(({ fact }) => !shared.has(fact));
  return { count, renames: left.renames, online, left: comparison };
}

/** The SQL that finishes a migration that failed half-way, as it may be shown; none where none did. */
export async function listFinishing(
  workspace: Workspace,
  files: readonly MigrationFile[],
  state: Unfinished,
): Promise<string[]> {
  const { unfinished } = state.standing;
  if (unfinished === null) return [];
  const { renames, online } = await planFinish(workspace, files, state, unfinished.direction);
  return [...renames, ...online.map(({ sql, shown = sql }) => shown)];
}

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
  const { schemas } = of.connection;
  const plan = await planFinish(workspace, of.files, { standing, actual, schemas }, end);
  const { count, renames, online } = plan;
  if (!force) await refuseLosses(of.connection, plan, actual);
  const detail = end === direction ? 'finishing the failed migration' : undoingDetail;
  await noteInAudit(of, { file, direction, outcome: 'begun', detail });
  // As the migrations that they stand for: functions that they call may need the database's own path.
  await of.connection.execute(buildUnpin('session'));
  await untilInterrupt(of, { file, direction }, () =>
    sendOneByOne(of, async (send) => {
      for (const sql of [...renames, ...online.map((step) => step.sql)]) await send(sql);
    }),
  ).catch(async (thrown: unknown) => {
    const failure = { file, direction, outcome: 'failed', detail: toProblem(thrown).message } as const;
    await noteInAudit(of, failure).catch(() => undefined);
    throw toBrokeOffProblem(of, { file, direction }, thrown);
  });
  await recordInLedger(of, file, end);
  return count;
}

async function refuseLosses(
  connection: Connection,
  { online, renames, left }: FinishPlan,
  actual: Catalog,
): Promise<void> {
  if (listLosses(online).length === 0) return;
  const cautions = await weighSteps(connection, online, left, nameBefore(renames));
  const findings = await checkRows(connection, online, left, { actual, trusted: true, renames });
  const losses = listLosses(online, { cautions, findings });
  throw new Problem('data_loss_refused', { losses, renames: [] });
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
