// `db:status` of tenants.
import { isSound, readStatus, readStatusBase, type StatusReport } from '../commands/status.ts';
import { describeChange } from '../compare/changes.ts';
import { describe } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import { atTenant, eachTenant, openTenants, type TenantsInput } from './each.ts';
import type { Tenant } from './list.ts';
import { makeResult, type TenantResult, type TenantState, type TenantsReport } from './report.ts';

/** The options of `db:status` of tenants. */
export interface TenantsStatusInput extends TenantsInput {
  /** Fail where a database holds objects that pgmage does not manage. */
  readonly strict?: boolean;
}

/** The report of `db:status` of tenants. */
export interface TenantsStatusReport extends TenantsReport {
  /** The path of the wanted schema. */
  readonly schema: string;
  /** The number of migrations. */
  readonly files: number;
}

/**
 * Compares the wanted schema with each tenant. A tenant that cannot be read has a problem in the report.
 * @throws Problem `bad_tenants`; of the schema, the migrations and the connection to the list
 */
export async function tenantsStatus(
  workspace: Workspace,
  input: TenantsStatusInput = {},
): Promise<TenantsStatusReport> {
  const { place, tenants, jobs } = await openTenants(workspace, input);
  const base = await readStatusBase(workspace);
  // A problem of the schema is one problem, not one of each tenant.
  await base.wanted;
  const results = await eachTenant(workspace, tenants, { jobs }, async (tenant) => {
    const report = await readStatus(atTenant(workspace, tenant), base, tenant.target, input.strict);
    return summarize(workspace, tenant, report);
  });
  const { project } = workspace;
  const schema = describe(project, project.schema);
  return { environment: place.target.name, schema, files: base.files.length, tenants: results };
}

function summarize(workspace: Workspace, tenant: Tenant, report: StatusReport): TenantResult {
  const { record, changes } = report;
  const texts = {
    in_sync: [],
    half_way: record?.unfinished.map(describeChange) ?? [],
    faulty: record?.faults ?? [],
    drifted: record?.drift.map(describeChange) ?? [],
    behind: [],
    out_of_sync: changes.map(({ standing, text }) => `${standing}: ${text}`),
  };
  const state = stateOf(report);
  return makeResult(workspace, tenant, state, {
    applied: record?.applied ?? null,
    pending: record?.pending ?? [],
    details: texts[state],
  });
}

// A state that db:sync refuses comes first.
function stateOf(
  report: StatusReport,
): Extract<TenantState, 'in_sync' | 'half_way' | 'faulty' | 'drifted' | 'behind' | 'out_of_sync'> {
  const { record } = report;
  if (isSound(report)) return 'in_sync';
  if (record === null) return 'out_of_sync';
  if (record.faults.some((fault) => !fault.includes(' failed half-way: '))) return 'faulty';
  if (record.unfinished.length > 0 || record.faults.length > 0) return 'half_way';
  if (record.drift.length > 0) return 'drifted';
  return record.pending.length > 0 ? 'behind' : 'out_of_sync';
}
