// Brings a database to the wanted schema: writes the migrations that are missing, applies them, and looks
// again.

import type { RenameOptions } from '../compare/renames.ts';
import { extensionsOf } from '../kinds/named-objects.ts';
import { type Composition, compose, readRecordedSchema } from '../migrate/compose.ts';
import { readAhead } from '../migrate/read-ahead.ts';
import { isStuck } from '../migrate/replace.ts';
import { refuseUnfit } from '../migrate/schema-fit.ts';
import { type MigrationSession, waitForLocks } from '../migrate/target-state.ts';
import type { Connection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';
import { type Ask, confirm, questionOf } from '../project/confirmation.ts';
import { roleOf } from '../project/expected-role.ts';
import { refuseForeign } from '../project/foreign-migrations.ts';
import { withTarget } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import { findProtected, refuseProtected, writeTarget } from '../project/write-access.ts';
import {
  applyToTarget,
  listSyncLosses,
  lookAtTarget,
  type SyncInput,
  type SyncPlan,
  type SyncWork,
} from './sync-target.ts';

export type { SyncInput, SyncPlan } from './sync-target.ts';

/** The report of `db:sync`. */
export interface SyncReport extends SyncPlan {
  /** Names of the migrations that were applied; null: it was declined, or a dry run: nothing was written. */
  readonly applied: readonly string[] | null;
  readonly dryRun: boolean;
  /** Names of those that were only recorded, because the database had their work already. */
  readonly recorded: readonly string[];
}

/**
 * Brings an environment to the wanted schema by its migrations.
 * @param choose asks which objects were renamed; left out without a terminal
 * @throws Problem `broken_chain`, `ledger_broken`, `drifted`, `data_loss_refused`, `confirmation_needed`,
 * `migration_running`, `migrations_changed`, `not_as_proven`, `no_baseline`, `foreign_migrations`,
 * `hook_failed`, `protected_target`, `embedded_not_named`, `rows_in_the_way`, `missing_roles`,
 * `stuck_migration`, `newer_syntax`, `policy_denied`, `outside_schema`, `unclear_schema`;
 * of the schema, the migrations, the connection
 */
export async function sync(
  workspace: Workspace,
  input: SyncInput,
  ask: Ask<SyncPlan>,
  choose?: RenameOptions['choose'],
): Promise<SyncReport> {
  const { project, world } = workspace;
  refuseForeign(project, 'db:sync');
  // Found out beside all the rest: to start a program from one that has grown takes long.
  const author = world.author?.();
  const { dryRun = false, baseline = false } = input;
  const replaces = input.replace ?? (questionOf(ask) !== undefined && !input.yes);
  if (dryRun && baseline)
    throw new Problem('bad_option', { option: '--dry-run', reason: '--baseline records migrations' });
  const target = await (dryRun ? world.environment(input.env) : writeTarget(world, input, ask));
  // A wrong password is found out before the migrations are, which takes longer.
  await using ahead = await readAhead(workspace, target);
  const guarded = dryRun ? [] : findProtected(world, target, input);
  const composing = { given: input.rename, role: roleOf(target), choose: input.yes ? undefined : choose };
  const run = async (composition: Composition, reason: string | null) => {
    const wanted = await readRecordedSchema(workspace, composition.files);
    await refuseUnfit(workspace, target, wanted);
    const work = async (connection: Connection) => {
      await refuseProtected(project, connection, target, await guarded);
      const session = { workspace, connection, target, files: composition.files, early: ahead.content };
      return syncIn(session, { composition, wanted, input, author, replaces, reason }, ask);
    };
    await ahead.content;
    return withTarget(workspace, target, work, extensionsOf(wanted));
  };
  const first = await compose(workspace, input, composing);
  const report = await run(first, null).catch(async (thrown: unknown) => {
    if (!isStuck(thrown)) throw thrown;
    const { files, reason } = thrown.data;
    return run(await compose(workspace, input, { ...composing, without: files[0] }), reason);
  });
  if (report.applied !== null && report.applied.length > 0) await world.afterSync?.();
  return report;
}

async function syncIn(opened: MigrationSession, work: SyncWork, ask: Ask<SyncPlan>): Promise<SyncReport> {
  const { input } = work;
  const { workspace, connection, target } = opened;
  const locks = input.dryRun ? {} : { locks: waitForLocks(workspace, connection, target) };
  const session = { ...opened, ...locks };
  const look = await lookAtTarget(session, work);
  const { plan, recorded } = look;
  if (input.dryRun) return { ...plan, applied: null, dryRun: true, recorded };
  const ended = { ...plan, dryRun: false, recorded };
  if (look.isDone) return { ...ended, applied: [] };
  const what = `db:sync of ${session.target.name}`;
  const losses = await listSyncLosses(session, work, look, plan);
  const renames = plan.possible.map(({ option }) => option);
  if (!(await confirm({ what, plan, losses, renames }, input, ask))) return { ...ended, applied: null };
  return { ...ended, applied: await applyToTarget(session, work, look) };
}
