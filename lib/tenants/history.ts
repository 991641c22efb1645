// `db:history` of tenants: of each one, how far it is and what was done last.
import { readLedger } from '../ledger/tables.ts';
import { snapshot } from '../pg/snapshot.ts';
import { withTarget } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import { eachTenant, openTenants, type TenantsInput } from './each.ts';
import { makeResult, type TenantHistory, type TenantsReport } from './report.ts';

/** The report of `db:history` of tenants. */
export type TenantsHistoryReport = TenantsReport<TenantHistory>;

/**
 * Reads how many migrations each tenant has, and its last entry of the audit.
 * @throws Problem `bad_tenants`; of the connection to the list
 */
export async function tenantsHistory(
  workspace: Workspace,
  input: TenantsInput = {},
): Promise<TenantsHistoryReport> {
  const { place, tenants, jobs } = await openTenants(workspace, input);
  const results = await eachTenant(workspace, tenants, { jobs }, async (tenant): Promise<TenantHistory> => {
    const { applied, deeds } = await withTarget(workspace, tenant.target, (connection) =>
      snapshot(connection, readLedger),
    );
    const result = makeResult(workspace, tenant, 'read', { applied: applied.length });
    return { ...result, last: deeds.at(-1) ?? null };
  });
  return {
    environment: place.target.name,
    tenants: results.map((one) => ('last' in one ? one : { ...one, last: null })),
  };
}
