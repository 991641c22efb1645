// The one public door. Importing it loads next to nothing: each function brings its room along when it is
// called.

import type { BackupsInput } from './backup/find.ts';
import type { MadeBackup } from './backup/report.ts';
import type { BackupInput } from './commands/backup.ts';
import type { BackupsReport, VerifyBackupsInput } from './commands/backups.ts';
import type { PruneInput, PruneReport } from './commands/backups-prune.ts';
import type { CloneReport } from './commands/clone.ts';
import type { DataAnalyzeInput, DataAnalyzeReport } from './commands/data-analyze.ts';
import type { DataDiffInput, DataDiffReport } from './commands/data-diff.ts';
import type { DataHistoryInput, DataHistoryReport } from './commands/data-history.ts';
import type { DataSyncInput, DataSyncReport, SyncFiles } from './commands/data-sync.ts';
import type { DataUndoInput, DataUndoPlan, DataUndoReport } from './commands/data-undo.ts';
import type { DataVerifyReport } from './commands/data-verify.ts';
import type { DifferenceInput, DifferenceReport } from './commands/diff.ts';
import type { RestoreInput, RestorePlan, RestoreReport } from './commands/restore.ts';
import type { ScriptInput, ScriptPlan, ScriptReport } from './commands/restore-script.ts';
import type { StatusInput, StatusReport } from './commands/status.ts';
import type { CloneInput } from './copy/options.ts';
import type { ClonePlan } from './copy/plan.ts';
import type { ComparisonInput } from './data-sync/comparison.ts';
import type { RowSyncPlan } from './data-sync/sync-plan.ts';
import { withProgram } from './library/open.ts';
import type { Workspace } from './project/workspace.ts';
import type { Paper } from './report/paper.ts';
import type { ProgramOptions } from './runner/program.ts';

export type { BackupsInput } from './backup/find.ts';
export type { BackupReport, MadeBackup } from './backup/report.ts';
// Operations
export type { BackupInput } from './commands/backup.ts';
export type { BackupsReport, VerifyBackupsInput } from './commands/backups.ts';
export type { PruneInput, PruneReport } from './commands/backups-prune.ts';
export type { CloneReport } from './commands/clone.ts';
export type { AnalyzedScript, DataAnalyzeInput, DataAnalyzeReport } from './commands/data-analyze.ts';
export type { DataDiffInput, DataDiffReport, TableDifference } from './commands/data-diff.ts';
export type { DataHistoryInput, DataHistoryReport, DataRun } from './commands/data-history.ts';
export type { DataSyncInput, DataSyncReport, SyncFiles } from './commands/data-sync.ts';
export type { DataUndoInput, DataUndoPlan, DataUndoReport, UndoneTable } from './commands/data-undo.ts';
export type { DataVerifyReport, VerifiedTable } from './commands/data-verify.ts';
export type { DifferenceInput, DifferenceReport } from './commands/diff.ts';
export type { RestoreInput, RestorePlan, RestoreReport } from './commands/restore.ts';
export type { ScriptInput, ScriptPlan, ScriptReport } from './commands/restore-script.ts';
export type { StatusInput, StatusReport } from './commands/status.ts';
export type { AttributeChange, ObjectChange, Presence } from './compare/changes.ts';
export type { Caution, TableSize } from './compare/impact.ts';
export type { RenameReport } from './compare/renames.ts';
// Configuration
export {
  type Config,
  defineConfig,
  type EnvironmentConfig,
  type FailureEvent,
  type TaskEvent,
} from './config/config.ts';
export type { DataConfig, DataIdsConfig, DataTableConfig } from './config/data.ts';
export type { CloneInput } from './copy/options.ts';
export type { ClonePlan } from './copy/plan.ts';
export type { ComparisonInput } from './data-sync/comparison.ts';
export type { ResumedBatches, SyncedTable, SyncRun } from './data-sync/finish.ts';
export type { RowDetail } from './data-sync/row-details.ts';
export type { PairingNote } from './data-sync/shape.ts';
export type { SinceUse } from './data-sync/since-shape.ts';
export type { PlannedTable, RowSyncPlan } from './data-sync/sync-plan.ts';
export * from './library/generated.ts';
// Migrations
export * from './library/migrations.ts';
export * from './library/tenants.ts';
// The parts of a database
export type { Catalog, Need } from './model/catalog.ts';
export type { Changed, Diff } from './model/diff.ts';
export type { Fact, Json, Payload } from './model/fact.ts';
export type { Action, Hazard, Step, TableLock } from './model/step.ts';
export type { Code, Problems } from './problem/codes.ts';
// Problems
export type { Where } from './problem/location.ts';
export { Problem } from './problem/problem.ts';
export type { Project } from './project/project.ts';
export type { Retry } from './project/retry.ts';
export type { Target, World } from './project/world.ts';

// Tasks
export type { Paper } from './report/paper.ts';
export type { TaskContext } from './runner/context.ts';
export type { Outcome } from './runner/outcome.ts';
export type { ProgramOptions } from './runner/program.ts';

/** The sources to compare; see {@link DifferenceInput} and {@link ProgramOptions}. */
export type PlanOptions = DifferenceInput & ProgramOptions;

/**
 * Compares two sources and plans the way from one to the other and back: what `db:diff` does.
 * @throws Problem of the configuration, the sources and the plan
 */
export async function plan(options: PlanOptions = {}): Promise<DifferenceReport> {
  const { difference } = await import('./commands/diff.ts');
  return withProgram(options, (workspace) => difference(workspace, options));
}

/**
 * Compares the wanted schema with a database: what `db:status` does.
 * @throws Problem of the configuration and the sources
 */
export async function status(options: StatusInput & ProgramOptions = {}): Promise<StatusReport> {
  const { status } = await import('./commands/status.ts');
  return withProgram(options, (workspace) => status(workspace, options));
}

/** The steps of a plan as a script for psql: what `db:diff --sql` prints. */
export async function script(steps: DifferenceReport['up']): Promise<string> {
  const { renderScript: scriptOf } = await import('./report/script.ts');
  return scriptOf(steps);
}

/** A report as text for people. */
export async function differenceText(report: DifferenceReport, paper: Paper): Promise<string> {
  return (await import('./report/difference.ts')).differenceText(report, paper);
}

/** A report as text for people. */
export async function statusText(report: StatusReport, paper: Paper): Promise<string> {
  return (await import('./report/status.ts')).statusText(report, paper);
}

/**
 * The function that confirms a plan before data is replaced. Without it, `yes` is required, and `force` where
 * rows are lost.
 */
export interface Asked<Plan> {
  readonly ask?: (plan: Plan) => Promise<boolean>;
}

/** From where to where, and what of it; see {@link CloneInput}, {@link Asked} and {@link ProgramOptions}. */
export type CloneOptions = CloneInput & Asked<ClonePlan> & ProgramOptions;

/**
 * Replaces the content of one database by a copy of another one, completely or not at all: what `db:clone`
 * does.
 * @throws Problem `bad_option`, `protected_target`, `clone_refused`, `data_loss_refused`,
 * `confirmation_needed`, `migration_running`, `not_as_source`, `client_failed`; of both connections
 */
export async function clone(options: CloneOptions): Promise<CloneReport> {
  const { clone } = await import('./commands/clone.ts');
  return withProgram(options, (workspace) => clone(workspace, options, options.ask));
}

/**
 * Backs a database up into a file or a folder with a manifest, and reads it again: what `db:backup` does.
 * @throws Problem `no_server`, `no_client`, `client_failed`, `backup_running`, `changed_meanwhile`,
 * `lock_timeout`, `no_space`, `unwritable_file`, `backup_damaged`; of the configuration and the connection
 */
export async function backup(options: BackupInput & ProgramOptions = {}): Promise<MadeBackup> {
  const { backup } = await import('./commands/backup.ts');
  return withProgram(options, (workspace) => backup(workspace, options));
}

/**
 * Lists the backups of a folder, the oldest first: what `db:backups` does.
 * @throws Problem `unreadable_file`; of the configuration
 */
export async function backups(options: BackupsInput & ProgramOptions = {}): Promise<BackupsReport> {
  const { backups } = await import('./commands/backups.ts');
  return withProgram(options, (workspace) => backups(workspace, options));
}

/**
 * Reads backups whole, and restores them for a trial with `drill`: what `db:backups verify` does. One that is
 * damaged has `faults` in the report.
 * @param options `file`: one of them; default: all
 * @throws Problem `missing_file`, `unreadable_file`, `unwritable_file`, `protected_drill`; of the server of a
 * drill
 */
export async function verifyBackups(
  options: VerifyBackupsInput & ProgramOptions & { readonly file?: string } = {},
): Promise<BackupsReport> {
  const { verifyBackups } = await import('./commands/backups.ts');
  return withProgram(options, (workspace) => verifyBackups(workspace, options, options.file));
}

/**
 * Finds the backups that no rule keeps, and with `yes` deletes them: what `db:backups prune` does.
 * @throws Problem `bad_option`, `unreadable_file`, `unwritable_file`; of the configuration
 */
export async function pruneBackups(options: PruneInput & ProgramOptions = {}): Promise<PruneReport> {
  const { prune } = await import('./commands/backups-prune.ts');
  return withProgram(options, (workspace) => prune(workspace, options));
}

/** The file, and the target; see {@link RestoreInput}, {@link Asked} and {@link ProgramOptions}. */
export type RestoreOptions<Input = RestoreInput, Plan = RestorePlan> = Input &
  Asked<Plan> &
  ProgramOptions & { readonly file: string };

/**
 * Replaces the content of a database by a backup, completely or not at all: what `db:restore` does.
 * @throws Problem `no_server`, `protected_target`, `missing_file`, `backup_damaged`, `unfit_target`,
 * `no_client`, `data_loss_refused`, `confirmation_needed`, `migration_running`, `not_as_backed_up`,
 * `client_failed`; of the configuration and the connection
 */
export async function restore(options: RestoreOptions): Promise<RestoreReport> {
  const { restore } = await import('./commands/restore.ts');
  return withProgram(options, (workspace) => restore(workspace, options.file, options, options.ask));
}

/**
 * Loads SQL or an archive of pg_dump, completely or not at all: what `db:restore --without-manifest` does.
 * @throws Problem as {@link restore}, `script_refused`; of the backup before, and of the script's statements
 */
export async function restoreScript(options: RestoreOptions<ScriptInput, ScriptPlan>): Promise<ScriptReport> {
  const { restoreScript } = await import('./commands/restore-script.ts');
  return withProgram(options, (workspace) => restoreScript(workspace, options.file, options, options.ask));
}

/**
 * Finds the rows that differ between two databases, and changes nothing: what `data:diff` does.
 * @throws Problem `bad_option`, `bad_config`, `bad_mask`, `sync_refused`, `ambiguous_key`, `lock_timeout`,
 * `unwritable_file`; of the configuration and both connections
 */
export async function dataDiff(options: DataDiffInput & ProgramOptions): Promise<DataDiffReport> {
  const { dataDiff } = await import('./commands/data-diff.ts');
  return withProgram(options, (workspace) => dataDiff(workspace, options));
}

/**
 * Counts and hashes the rows of every table of two databases: what `data:verify` does.
 * @throws Problem `bad_option`, `bad_config`, `bad_mask`, `sync_refused`, `ambiguous_key`, `lock_timeout`; of
 * the configuration and both connections
 */
export async function dataVerify(options: ComparisonInput & ProgramOptions): Promise<DataVerifyReport> {
  const { dataVerify } = await import('./commands/data-verify.ts');
  return withProgram(options, (workspace) => dataVerify(workspace, options));
}

/**
 * Reads migration scripts, and says which can run again: what `data:analyze` does.
 * @throws Problem `bad_option`, `missing_file`, `unreadable_file`, `file_too_big`, `not_utf8`,
 * `unwritable_file`
 */
export async function dataAnalyze(options: DataAnalyzeInput & ProgramOptions): Promise<DataAnalyzeReport> {
  const { dataAnalyze } = await import('./commands/data-analyze.ts');
  await using workspace = await opened(options);
  return dataAnalyze(workspace.project.root, options);
}

/** See {@link DataSyncInput}, {@link SyncFiles}, {@link Asked} and {@link ProgramOptions}. */
export type DataSyncOptions = DataSyncInput & SyncFiles & Asked<RowSyncPlan> & ProgramOptions;

/**
 * Makes the rows of a target equal to those of its source: what `data:sync` does.
 * @throws Problem `bad_option`, `protected_target`, `sync_refused`, `ambiguous_key`, `too_many_deletions`,
 * `triggers_fire`, `side_effects`, `confirmation_needed`, `migration_running`, `lock_unavailable`,
 * `not_as_source`, `unwritable_file`; of the configuration and both connections
 */
export async function dataSync(options: DataSyncOptions): Promise<DataSyncReport> {
  const { dataSync } = await import('./commands/data-sync.ts');
  return withProgram(options, (workspace) => dataSync(workspace, options, options.ask));
}

/**
 * Lists the runs that changed the rows of a database: what `data:history` does.
 * @throws Problem `ledger_unsafe`; of the configuration and the connection
 */
export async function dataHistory(
  options: DataHistoryInput & ProgramOptions = {},
): Promise<DataHistoryReport> {
  const { dataHistory } = await import('./commands/data-history.ts');
  return withProgram(options, (workspace) => dataHistory(workspace, options));
}

/** The run to take back; see {@link DataUndoInput}, {@link Asked} and {@link ProgramOptions}. */
export type DataUndoOptions = DataUndoInput & { readonly run: string } & Asked<DataUndoPlan> & ProgramOptions;

/**
 * Takes a run back: what `data:undo` does.
 * @throws Problem `no_run`, `missing_file`, `undo_damaged`, `protected_target`, `confirmation_needed`,
 * `migration_running`, `side_effects`, `triggers_fire`; of the configuration and the connection
 */
export async function dataUndo(options: DataUndoOptions): Promise<DataUndoReport> {
  const { dataUndo } = await import('./commands/data-undo.ts');
  return withProgram(options, (workspace) => dataUndo(workspace, options.run, options, options.ask));
}

async function opened(options: ProgramOptions): Promise<Workspace> {
  const { openProgram } = await import('./runner/program.ts');
  return openProgram(options);
}
