// The operations that look at changes before they run, for programs.
import type { LintInput, LintReport } from '../commands/lint.ts';
import type { PlanReport, PlanSyncInput } from '../commands/plan.ts';
import type { ProgramOptions } from '../runner/program.ts';

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
  await using workspace = await opened(options);
  return lint(workspace, options);
}

/**
 * Plans what `db:sync` would do, or from the files alone what `db:generate` would: what `db:plan` does.
 * @throws Problem `bad_option`, `unwritable_file`; of the configuration, the schema, the migrations and the
 * connection
 */
export async function planSync(options: PlanSyncInput & ProgramOptions = {}): Promise<PlanReport> {
  const { planSync } = await import('../commands/plan.ts');
  await using workspace = await opened(options);
  return planSync(workspace, options);
}

/** A plan as Markdown for a comment of GitHub or GitLab: what `db:plan --format markdown` prints. */
export async function planMarkdown(report: PlanReport): Promise<string> {
  return (await import('../report/plan-markdown.ts')).planMarkdown(report);
}

async function opened(options: ProgramOptions) {
  const { openProgram } = await import('../runner/program.ts');
  return openProgram(options);
}
