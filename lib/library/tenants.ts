// The operations on the tenants of an environment, for programs: each loads its code when it is called.
import type { RenameOptions } from '../compare/renames.ts';
import type { Question } from '../project/confirmation.ts';
import type { ProgramOptions } from '../runner/program.ts';
import type { TenantsPlan } from '../tenants/change.ts';
import type { TenantsInput } from '../tenants/each.ts';
import type { TenantsHistoryReport } from '../tenants/history.ts';
import type { TenantsRollbackInput, TenantsRollbackReport } from '../tenants/rollback.ts';
import type { TenantsStatusInput, TenantsStatusReport } from '../tenants/status.ts';
import type { TenantsSyncInput, TenantsSyncReport } from '../tenants/sync.ts';
import type { TenantsVerifyReport } from '../tenants/verify.ts';
import { withProgram } from './open.ts';

export type { TenantsConfig } from '../config/tenants.ts';
export type { TenantsChangeInput, TenantsMigration, TenantsPlan } from '../tenants/change.ts';
export type { TenantsInput } from '../tenants/each.ts';
export type { TenantsHistoryReport } from '../tenants/history.ts';
export type {
  TenantHistory,
  TenantProblem,
  TenantResult,
  TenantState,
  TenantsReport,
} from '../tenants/report.ts';
export type { TenantsRollbackInput, TenantsRollbackReport } from '../tenants/rollback.ts';
export type { TenantsStatusInput, TenantsStatusReport } from '../tenants/status.ts';
export type { TenantsSyncInput, TenantsSyncReport } from '../tenants/sync.ts';
export type { TenantsVerifyReport } from '../tenants/verify.ts';

/** The function that confirms a plan before anything changes. Without it, `yes` is required. */
interface TenantsAsked {
  readonly ask?: Question<TenantsPlan>;
}

/**
 * Compares the wanted schema with each tenant: what `db:status` does for an environment with tenants.
 * @throws Problem `bad_tenants`; of the configuration, the schema and the migrations
 */
export async function tenantsStatus(
  options: TenantsStatusInput & ProgramOptions = {},
): Promise<TenantsStatusReport> {
  const { tenantsStatus } = await import('../tenants/status.ts');
  return withProgram(options, (workspace) => tenantsStatus(workspace, options));
}

/** The options of {@link tenantsSync}. */
export type TenantsSyncOptions = TenantsSyncInput &
  TenantsAsked &
  Pick<RenameOptions, 'choose'> &
  ProgramOptions;

/**
 * Brings all tenants to the wanted schema, the canary first: what `db:sync` does for an environment with
 * tenants. What fails in a tenant is in its result.
 * @throws Problem `bad_tenants`, `protected_target`, `data_loss_refused`, `confirmation_needed`; of the
 * configuration, the schema and the migrations
 */
export async function tenantsSync(options: TenantsSyncOptions = {}): Promise<TenantsSyncReport> {
  const { tenantsSync } = await import('../tenants/sync.ts');
  return withProgram(options, (workspace) => tenantsSync(workspace, options, options.ask, options.choose));
}

/** The options of {@link tenantsRollback}. */
export type TenantsRollbackOptions = TenantsRollbackInput & TenantsAsked & ProgramOptions;

/**
 * Undoes migrations in all tenants: what `db:rollback` does for an environment with tenants.
 * @throws Problem `bad_tenants`, `nothing_applied`, `unknown_version`, `broken_chain`, `protected_target`,
 * `data_loss_refused`, `confirmation_needed`; of the configuration and the migrations
 */
export async function tenantsRollback(options: TenantsRollbackOptions = {}): Promise<TenantsRollbackReport> {
  const { tenantsRollback } = await import('../tenants/rollback.ts');
  return withProgram(options, (workspace) => tenantsRollback(workspace, options, options.ask));
}

/**
 * Checks the files, and that each tenant fits them: what `db:verify` does for an environment with tenants.
 * @throws Problem `bad_tenants`; of the configuration, the schema and the migrations
 */
export async function tenantsVerify(
  options: TenantsInput & ProgramOptions = {},
): Promise<TenantsVerifyReport> {
  const { tenantsVerify } = await import('../tenants/verify.ts');
  return withProgram(options, (workspace) => tenantsVerify(workspace, options));
}

/**
 * Reads how many migrations each tenant has, and its last entry of the audit: what `db:history` does for an
 * environment with tenants.
 * @throws Problem `bad_tenants`; of the configuration
 */
export async function tenantsHistory(
  options: TenantsInput & ProgramOptions = {},
): Promise<TenantsHistoryReport> {
  const { tenantsHistory } = await import('../tenants/history.ts');
  return withProgram(options, (workspace) => tenantsHistory(workspace, options));
}
