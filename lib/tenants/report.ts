// The results of tenants, as plain data of a bounded size: a thousand of them are one report.
import type { AuditEntry } from '../ledger/audit-entries.ts';
import { toProblem } from '../problem/problem.ts';
import { describeAddress } from '../project/target-address.ts';
import type { Workspace } from '../project/workspace.ts';
import type { Tenant } from './list.ts';

/** The state of a tenant, as it is found or left. */
export type TenantState =
  /** Files, ledger and database match each other and the wanted schema. */
  | 'in_sync'
  /** Migrations are not applied. */
  | 'behind'
  /** It is not as the schema wants it, and no migration says so. */
  | 'out_of_sync'
  /** It was changed by other means than migrations. */
  | 'drifted'
  /** The ledger does not fit the files, or a check fails. */
  | 'faulty'
  /** A migration failed half-way, outside of a transaction. */
  | 'half_way'
  /** Migrations were applied, or undone. */
  | 'changed'
  /** There was nothing to undo. */
  | 'unchanged'
  /** It was read, and this command does not judge it. */
  | 'read'
  /** It could not be read, or its work failed. */
  | 'failed'
  /** The work ended before this tenant's turn. */
  | 'not_begun';

/** The problem of a tenant. */
export interface TenantProblem {
  readonly code: string;
  readonly message: string;
  /** The message of the server or the system; null: there is none. */
  readonly detail: string | null;
  readonly hint: string;
}

/** One tenant in a report. */
export interface TenantResult {
  readonly name: string;
  /** Its URL without password and parameters. */
  readonly address: string;
  readonly state: TenantState;
  /** The number of applied migrations; null: unknown, or there are none. */
  readonly applied: number | null;
  /** Names of migrations that are not applied. */
  readonly pending: readonly string[];
  /** More about the state: drift, faults, what was done; the first of many. */
  readonly details: readonly string[];
  /** Why its work failed; null: it did not. */
  readonly problem: TenantProblem | null;
}

/** One tenant in the report of `db:history`. */
export interface TenantHistory extends TenantResult {
  /** The last thing that was done; null: nothing was. */
  readonly last: AuditEntry | null;
}

/** The results of all tenants of an environment. */
export interface TenantsReport<Result extends TenantResult = TenantResult> {
  /** The environment's name. */
  readonly environment: string;
  /** The canary first. */
  readonly tenants: readonly Result[];
}

const shown = 5;

/** The first of some lines, and how many there are more. */
export function firstLines(lines: readonly string[]): string[] {
  const more = lines.length - shown;
  return more <= 1 ? [...lines] : [...lines.slice(0, shown), `and ${more} more`];
}

/** Makes the result of a tenant. */
export function makeResult(
  { project }: Workspace,
  { name, target }: Tenant,
  state: TenantState,
  more: Partial<Pick<TenantResult, 'applied' | 'pending' | 'details' | 'problem'>> = {},
): TenantResult {
  const { applied = null, pending = [], details = [], problem = null } = more;
  const address = describeAddress(project, target);
  return { name, address, state, applied, pending, details: firstLines(details), problem };
}

/** Makes the result of a tenant whose work failed. */
export function makeFailure(workspace: Workspace, tenant: Tenant, thrown: unknown): TenantResult {
  const { code, message, hint, data } = toProblem(thrown);
  const detail = ('detail' in data && data.detail) || null;
  const isHalfWay = code === 'broke_off' || ('halfWay' in data && data.halfWay !== undefined);
  const state = isHalfWay ? 'half_way' : 'failed';
  return makeResult(workspace, tenant, state, { problem: { code, message, detail, hint } });
}

/** True if the work of a tenant failed. */
export const isFailed = ({ problem }: TenantResult): boolean => problem !== null;
