// The operations on migrations for programs: each loads its code when it is called.
import type { GenerateInput, GenerateReport } from '../commands/generate.ts';
import type { PullInput, PullPlan, PullReport } from '../commands/pull.ts';
import type { RollbackInput, RollbackPlan, RollbackReport } from '../commands/rollback.ts';
import type { SyncInput, SyncPlan, SyncReport } from '../commands/sync.ts';
import type { VerifyInput, VerifyReport } from '../commands/verify.ts';
import type { RenameOptions } from '../compare/renames.ts';
import type { Question } from '../project/confirmation.ts';
import type { ProgramOptions } from '../runner/program.ts';
import { withProgram } from './open.ts';

export type { GenerateInput, GenerateReport, MigrationReport } from '../commands/generate.ts';
export type { PullInput, PullPlan, PullReport } from '../commands/pull.ts';
export type { RollbackInput, RollbackPlan, RollbackReport } from '../commands/rollback.ts';
export type { SyncInput, SyncPlan, SyncReport } from '../commands/sync.ts';
export type { VerifyCheck, VerifyInput, VerifyReport } from '../commands/verify.ts';
export * from './review.ts';

/** The function that confirms a plan before anything changes. Without it, `yes` is required. */
interface Confirmed<Plan> {
  readonly ask?: Question<Plan>;
}

/** The function that says which object was renamed. Without it, only `rename` and comments do. */
type Renaming = Pick<RenameOptions, 'choose'>;

/** The options of {@link generate}. */
export type GenerateOptions = GenerateInput & Renaming & ProgramOptions;

/**
 * Writes the next migrations, from the recorded to the wanted schema: what `db:generate` does.
 * @throws Problem `broken_chain`, `rebase_refused`, `unproven`, `migrations_changed`; of the configuration,
 * the schema and the migrations
 */
export async function generate(options: GenerateOptions = {}): Promise<GenerateReport> {
  const { generate } = await import('../commands/generate.ts');
  return withProgram(options, (workspace) => generate(workspace, options, options.choose));
}

/** The options of {@link sync}. */
export type SyncOptions = SyncInput & Confirmed<SyncPlan> & Renaming & ProgramOptions;

/**
 * Brings a database to the wanted schema by its migrations: what `db:sync` does.
 * @throws Problem `broken_chain`, `ledger_broken`, `drifted`, `unrecorded`, `data_loss_refused`,
 * `confirmation_needed`, `protected_target`, `embedded_not_named`, `rows_in_the_way`, `missing_roles`,
 * `newer_syntax`, `migration_running`, `lock_unavailable`; of the configuration, the schema, the migrations
 * and the connection
 */
export async function sync(options: SyncOptions = {}): Promise<SyncReport> {
  const { sync } = await import('../commands/sync.ts');
  return withProgram(options, (workspace) => sync(workspace, options, options.ask, options.choose));
}

/** The options of {@link rollback}. */
export type RollbackOptions = RollbackInput & Confirmed<RollbackPlan> & ProgramOptions;

/**
 * Undoes the last migration, or all after a version: what `db:rollback` does.
 * @throws Problem `nothing_applied`, `unknown_version`, `no_way_back`, `broken_chain`, `ledger_broken`,
 * `drifted`, `data_loss_refused`, `confirmation_needed`, `protected_target`, `migration_running`; of the
 * configuration, the migrations and the connection
 */
export async function rollback(options: RollbackOptions = {}): Promise<RollbackReport> {
  const { rollback } = await import('../commands/rollback.ts');
  return withProgram(options, (workspace) => rollback(workspace, options, options.ask));
}

/**
 * Checks that files, ledger and database fit together: what `db:verify` does. A failed check has `faults` in
 * the report, and `sound` is false.
 * @throws Problem of the configuration, the schema, the migrations and the connection
 */
export async function verify(options: VerifyInput & ProgramOptions = {}): Promise<VerifyReport> {
  const { verify } = await import('../commands/verify.ts');
  return withProgram(options, (workspace) => verify(workspace, options));
}

/** The options of {@link pull}. */
export type PullOptions = PullInput & Confirmed<PullPlan> & ProgramOptions;

/**
 * Writes the schema of a database as schema files that load to the same schema again: what `db:pull` does.
 * @throws Problem `would_overwrite`, `not_reproduced`, `no_baseline`, `foreign_migrations`; of the
 * configuration, the source and the shadow
 */
export async function pull(options: PullOptions = {}): Promise<PullReport> {
  const { pull } = await import('../commands/pull.ts');
  return withProgram(options, (workspace) => pull(workspace, options, options.ask));
}
