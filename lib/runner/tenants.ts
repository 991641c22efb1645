// The tasks on tenants: db:status, db:sync, db:rollback, db:verify and db:history, where the environment has
// tenants.
import { Problem } from '../problem/problem.ts';
import type { Overrides } from '../project/options.ts';
import {
  tenantsHistoryText,
  tenantsRollbackPlanText,
  tenantsRollbackText,
  tenantsStatusText,
  tenantsSyncPlanText,
  tenantsSyncText,
  tenantsVerifyText,
} from '../report/tenants.ts';
import type { TenantsInput } from '../tenants/each.ts';
import { tenantsHistory } from '../tenants/history.ts';
import type { TenantResult } from '../tenants/report.ts';
import { type TenantsRollbackInput, tenantsRollback } from '../tenants/rollback.ts';
import { type TenantsStatusInput, tenantsStatus } from '../tenants/status.ts';
import { type TenantsSyncInput, tenantsSync } from '../tenants/sync.ts';
import { tenantsVerify } from '../tenants/verify.ts';
import { askAboutPlan, askAboutRename } from './asking.ts';
import { makeWorkspace, type TaskContext } from './context.ts';
import type { Outcome } from './outcome.ts';

/** Options of tasks that are for one database. */
interface SingleOptions {
  readonly format?: string;
  readonly replace?: boolean;
  readonly check?: boolean;
}

/** `db:status` of tenants. */
export async function status(
  context: TaskContext,
  options: TenantsStatusInput & SingleOptions & Overrides,
): Promise<Outcome> {
  refuseSingle(options);
  await using workspace = makeWorkspace(context, options);
  const facts = await tenantsStatus(workspace, options);
  const isSound = facts.tenants.every(({ state }) => state === 'in_sync');
  const code = failed(facts.tenants) ? 1 : options.check && !isSound ? 2 : 0;
  return { facts, text: (paper) => tenantsStatusText(facts, paper), code };
}

/** `db:sync` of tenants. */
export async function sync(
  context: TaskContext,
  options: TenantsSyncInput & SingleOptions & Overrides,
): Promise<Outcome> {
  refuseSingle(options);
  await using workspace = makeWorkspace(context, options);
  const ask = askAboutPlan(context, tenantsSyncPlanText);
  const facts = await tenantsSync(workspace, options, ask, askAboutRename(context));
  const isFine = !failed(facts.tenants) && (facts.done || facts.dryRun);
  return { facts, text: (paper) => tenantsSyncText(facts, paper), code: isFine ? 0 : 1 };
}

/** `db:rollback` of tenants. */
export async function rollback(
  context: TaskContext,
  options: TenantsRollbackInput & Overrides,
): Promise<Outcome> {
  await using workspace = makeWorkspace(context, options);
  const facts = await tenantsRollback(workspace, options, askAboutPlan(context, tenantsRollbackPlanText));
  const isFine = !failed(facts.tenants) && facts.done;
  return { facts, text: (paper) => tenantsRollbackText(facts, paper), code: isFine ? 0 : 1 };
}

/** `db:verify` of tenants. */
export async function verify(
  context: TaskContext,
  options: TenantsInput & SingleOptions & Overrides,
): Promise<Outcome> {
  refuseSingle(options);
  await using workspace = makeWorkspace(context, options);
  const facts = await tenantsVerify(workspace, options);
  const code = facts.sound ? 0 : options.check && !failed(facts.tenants) ? 2 : 1;
  return { facts, text: (paper) => tenantsVerifyText(facts, paper), code };
}

/** `db:history` of tenants. */
export async function history(context: TaskContext, options: TenantsInput): Promise<Outcome> {
  await using workspace = makeWorkspace(context);
  const facts = await tenantsHistory(workspace, options);
  const code = failed(facts.tenants) ? 1 : 0;
  return { facts, text: (paper) => tenantsHistoryText(facts, paper), code };
}

const failed = (tenants: readonly TenantResult[]) => tenants.some(({ problem }) => problem !== null);

function refuseSingle({ format, replace }: SingleOptions): void {
  const refused = format !== undefined ? '--format' : replace !== undefined ? '--replace' : null;
  const reason = 'it is for one database: name one tenant, --env ENVIRONMENT:NAME';
  if (refused !== null) throw new Problem('bad_option', { option: refused, reason });
}
