// The operations that look at changes before they run, for programs.
import type { LintInput, LintReport } from '../commands/lint.ts';
import type { PlanReport, PlanSyncInput } from '../commands/plan.ts';
import type { SyncPlan, SyncReport } from '../commands/sync.ts';
import type { SyncPlanInput } from '../commands/sync-plan.ts';
import type { Question } from '../project/confirmation.ts';
import type { ProgramOptions } from '../runner/program.ts';
import { withProgram } from './open.ts';

export type { LintInput, LintReport } from '../commands/lint.ts';
export type { PlannedMigration, PlanReport, PlanSyncInput } from '../commands/plan.ts';
export type {
  Level,
  OwnRule,
  PolicyConfig,
  RuleInput,
  RuleOptions,
  SizedLevel,
} from '../config/policy.ts';
export type { ColumnFacts, RuleFault, TableFacts } from '../kinds/schema-rules.ts';
export type { PolicyVerdict } from '../lint/gate.ts';
export type { LintFinding } from '../lint/verdict.ts';

/**
 * Checks the schema and the migrations, or files, against the policy and the rules: what `db:lint` does.
 * @throws Problem `invalid_sql`, `bad_config`, `missing_file`; of the configuration and the connection
 */
export async function lint(options: LintInput & ProgramOptions = {}): Promise<LintReport> {
  const { lint } = await import('../commands/lint.ts');
  return withProgram(options, (workspace) => lint(workspace, options));
}

/**
 * Plans what `db:sync` would do, or from the files alone what `db:generate` would: what `db:plan` does.
 * @throws Problem `bad_option`, `unwritable_file`; of the configuration, the schema, the migrations and the
 * connection
 */
export async function planSync(options: PlanSyncInput & ProgramOptions = {}): Promise<PlanReport> {
  const { planSync } = await import('../commands/plan.ts');
  return withProgram(options, (workspace) => planSync(workspace, options));
}

/** The options of {@link syncPlan}. */
export interface SyncPlanOptions extends SyncPlanInput, ProgramOptions {
  /** The file of the plan that was approved. */
  readonly plan: string;
  /** The function that confirms it before anything changes. Without it, `yes` is required. */
  readonly ask?: Question<SyncPlan>;
}

/**
 * Applies a plan that {@link planSync} wrote with `out`: what `db:sync --plan` does.
 * @throws Problem `bad_plan`, `plan_moved`, `bad_option`, and those of {@link sync}
 */
export async function syncPlan(options: SyncPlanOptions): Promise<SyncReport> {
  const { syncPlan } = await import('../commands/sync-plan.ts');
  return withProgram(options, (workspace) => syncPlan(workspace, options.plan, options, options.ask));
}

/** A plan as Markdown for a comment of GitHub or GitLab: what `db:plan --format markdown` prints. */
export async function planMarkdown(report: PlanReport): Promise<string> {
  return (await import('../report/plan-markdown.ts')).planMarkdown(report);
}
