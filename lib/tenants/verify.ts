// `db:verify` of tenants: the files are checked once, then each database.
import { type VerifyCheck, verifyFiles, verifyQueries, verifyTarget } from '../commands/verify.ts';
import { readMigrations } from '../project/migration-folder.ts';
import type { Workspace } from '../project/workspace.ts';
import { asTenant, atTenant, eachTenant, openTenants, type TenantsInput } from './each.ts';
import type { Tenant } from './list.ts';
import { makeResult, type TenantsReport } from './report.ts';

/** The report of `db:verify` of tenants. */
export interface TenantsVerifyReport extends TenantsReport {
  /** True if every check succeeds, of the files and of each tenant. */
  readonly sound: boolean;
  /** The checks of the files. */
  readonly checks: readonly VerifyCheck[];
  /** The task or command that applies the migrations. */
  readonly appliedBy: string;
}

/**
 * Checks the files, and that each tenant fits them. Changes nothing.
 * @throws Problem `bad_tenants`; of the schema, the migrations and the connection to the list
 */
export async function tenantsVerify(
  workspace: Workspace,
  input: TenantsInput = {},
): Promise<TenantsVerifyReport> {
  const { place, tenants, jobs } = await openTenants(workspace, input);
  const files = await readMigrations(workspace.project);
  const first = asTenant(workspace, tenants[0] as Tenant);
  const checks = [...(await verifyFiles(first, files, undefined)), ...(await verifyQueries(workspace))];
  const results = await eachTenant(workspace, tenants, { jobs }, async (tenant) => {
    const own = await verifyTarget(atTenant(workspace, tenant), tenant.target, files);
    const pending = own.find(({ is }) => is === 'pending')?.faults ?? [];
    const details = own.filter(({ is }) => is !== 'pending').flatMap(({ faults }) => faults);
    const applied = files.length - pending.length;
    const state = details.length > 0 ? 'faulty' : pending.length > 0 ? 'behind' : 'in_sync';
    return makeResult(workspace, tenant, state, { applied, pending, details });
  });
  const isSound = checks.every(({ faults }) => faults.length === 0);
  return {
    environment: place.target.name,
    sound: isSound && results.every(({ state }) => state === 'in_sync'),
    checks,
    appliedBy: workspace.project.layout?.command ?? 'db:sync',
    tenants: results,
  };
}
