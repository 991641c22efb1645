// A change of all tenants, as `db:sync` and `db:rollback` make it: look at each, ask once with the worst case
// over all, then change the canary, then the others.

import type { MigrationReport } from '../commands/generate.ts';
import type { RenameReport } from '../compare/renames.ts';
import { formatCount } from '../problem/amount.ts';
import { Problem } from '../problem/problem.ts';
import { type Ask, type Consent, confirm } from '../project/confirmation.ts';
import type { Workspace } from '../project/workspace.ts';
import type { TenantsPlace } from '../project/world.ts';
import { findProtected, type ProtectedDatabase, type WriteNames } from '../project/write-access.ts';
import { eachTenant, type OpenTenants, type TenantStanding, type TenantsInput } from './each.ts';
import type { Tenant } from './list.ts';
import { isFailed, type TenantResult } from './report.ts';
import { type TenantCase, type WorstCase, WorstCaseSum, type WorstCosts } from './worst-case.ts';

/** The options of every change of tenants. */
export interface TenantsChangeInput extends TenantsInput, Consent, WriteNames {
  /** Go on with the others after a tenant other than the canary failed. */
  readonly keepGoing?: boolean;
}

/** A migration, and the number of tenants that it is applied to or undone in. */
export interface TenantsMigration extends MigrationReport {
  readonly tenants: number;
}

/** The plan of a change, over all tenants. */
export interface TenantsPlan extends WorstCosts {
  readonly environment: string;
  /** The migrations that are applied or undone, in this order. */
  readonly migrations: readonly TenantsMigration[];
  /** Objects that are dropped and added and may be renames. */
  readonly possible: readonly RenameReport[];
  /** The number of all tenants, and of those that are changed. */
  readonly tenants: number;
  readonly changing: number;
  /** The tenant that is changed before all others; null: none is changed. */
  readonly canary: string | null;
  /** Tenants that cannot be changed, and are left out. */
  readonly failed: readonly TenantResult[];
}

/** The result of a look at a tenant. */
export interface TenantLook extends TenantResult {
  /** The work that it needs; null: none. */
  readonly todo: TenantTodo | null;
}

/** The work that was agreed for one tenant: nothing else is done there. */
export interface TenantTodo {
  readonly migrations: readonly string[];
  readonly losses: readonly string[];
}

/** How one kind of change looks at a tenant, and changes it. */
export interface TenantsChange {
  /** The command: `db:sync`. */
  readonly command: string;
  /** The command that goes on after an interrupt. */
  readonly again: string;
  /** All migrations, in the order in which they run. */
  readonly migrations: readonly MigrationReport[];
  readonly possible: readonly RenameReport[];
  /** Is done once, after the consent and before the first tenant is changed. */
  begin?(): Promise<void>;
  /** Looks at a tenant. @param add takes its share of the worst case */
  look(tenant: Tenant, add: (share: TenantCase) => void): Promise<TenantLook>;
  /** Changes a tenant, unless more than agreed would be done. */
  change(tenant: Tenant, todo: TenantTodo): Promise<TenantResult>;
}

/** The result of a change. */
export interface TenantsOutcome {
  readonly plan: TenantsPlan;
  readonly results: readonly TenantResult[];
  /** false: it was declined, or a dry run; nothing was changed. */
  readonly done: boolean;
}

/**
 * Makes a change of all tenants.
 * @param isTrial true to look only
 * @throws Problem `data_loss_refused`, `confirmation_needed`
 */
export async function changeTenants(
  workspace: Workspace,
  { place, tenants, jobs }: OpenTenants,
  change: TenantsChange,
  { input, ask, isTrial = false }: TenantsAsking,
): Promise<TenantsOutcome> {
  const { name: environment } = place.target;
  const isLast = isLastAfter(tenants[0] as Tenant, input);
  const sum = new WorstCaseSum();
  const looked = await eachTenant(workspace, tenants, { jobs, isLast }, (tenant) =>
    change.look(tenant, (share) => sum.add(share)),
  );
  const todos = todosOf(tenants, looked);
  const chosen = tenants.filter((tenant) => todos.has(tenant));
  const plan = makePlan(environment, change, sum.sum(), { looked, chosen });
  const before = looked.map(withoutTodo);
  if (isTrial) return { plan, results: before, done: false };
  const isStopped = looked.some((one, at) => isLast(one, tenants[at] as Tenant));
  if (isStopped) return { plan, results: looked.map(notBegun), done: true };
  if (chosen.length === 0) return { plan, results: before, done: true };
  if (!(await agree(plan, change, { input, ask }))) return { plan, results: before, done: false };
  await change.begin?.();
  const loop = {
    jobs,
    isLast,
    interrupted: (standing: TenantStanding) => interruptText(environment, change.again, standing),
  };
  const changed = await eachTenant(workspace, chosen, loop, (tenant) =>
    change.change(tenant, todos.get(tenant) as TenantTodo),
  );
  const results = new Map(chosen.map((tenant, at) => [tenant, changed[at] as TenantResult]));
  return {
    plan,
    results: tenants.map((tenant, at) => results.get(tenant) ?? (before[at] as TenantResult)),
    done: true,
  };
}

// A failure ends the work; with `keepGoing` only that of the first one.
const isLastAfter =
  (first: Tenant, { keepGoing }: TenantsChangeInput) =>
  (result: TenantResult, tenant: Tenant) =>
    isFailed(result) && (!keepGoing || tenant === first);

function todosOf(
  tenants: readonly Tenant[],
  looked: readonly (TenantResult | TenantLook)[],
): ReadonlyMap<Tenant, TenantTodo> {
  return new Map(
    looked.flatMap((one, at): [Tenant, TenantTodo][] =>
      'todo' in one && one.todo !== null ? [[tenants[at] as Tenant, one.todo]] : [],
    ),
  );
}

function makePlan(
  environment: string,
  { migrations, possible }: TenantsChange,
  sum: WorstCase,
  { looked, chosen }: { readonly looked: readonly TenantResult[]; readonly chosen: readonly Tenant[] },
): TenantsPlan {
  const counts = new Map(sum.migrations.map(({ name, tenants }) => [name, tenants]));
  return {
    ...sum,
    environment,
    migrations: migrations.flatMap((one) => {
      const tenants = counts.get(one.name);
      return tenants === undefined ? [] : [{ ...one, tenants }];
    }),
    possible,
    tenants: looked.length,
    changing: chosen.length,
    canary: chosen[0]?.name ?? null,
    failed: looked.filter(isFailed).map(withoutTodo),
  };
}

/** The options of a change, and how it is asked about. */
export interface TenantsAsking {
  readonly input: TenantsChangeInput;
  readonly ask: Ask<TenantsPlan>;
  readonly isTrial?: boolean;
}

function agree(
  plan: TenantsPlan,
  { command }: TenantsChange,
  { input, ask }: TenantsAsking,
): Promise<boolean> {
  const losses = plan.losses.map(
    ({ name, tenants }) => `${name} (in ${tenants} of ${formatCount(plan.tenants, 'tenant')})`,
  );
  const renames = plan.possible.map(({ option }) => option);
  return confirm({ what: `${command} of ${plan.environment}`, plan, losses, renames }, input, ask);
}

function withoutTodo(result: TenantResult | TenantLook): TenantResult {
  if (!('todo' in result)) return result;
  const { todo: _, ...rest } = result;
  return rest;
}

// Nothing has been changed yet: a tenant that would have been is not begun.
const notBegun = (result: TenantResult | TenantLook): TenantResult =>
  'todo' in result && result.todo !== null
    ? { ...withoutTodo(result), state: 'not_begun' }
    : withoutTodo(result);

/**
 * Refuses a tenant in which more would be done than was agreed.
 * @throws Problem `tenant_moved`
 */
export function refuseMoved({ target }: Tenant, agreed: TenantTodo, now: TenantTodo): void {
  const known = new Set([...agreed.migrations, ...agreed.losses]);
  const [more] = [...now.migrations, ...now.losses].filter((one) => !known.has(one));
  if (more !== undefined) throw new Problem('tenant_moved', { environment: target.name, moved: more });
}

/**
 * Refuses protected tenants that the command line does not name, and finds the protected environments that
 * none of them may be.
 * @throws Problem `protected_target`
 */
export async function guardTenants(
  { world }: Workspace,
  { target }: TenantsPlace,
  input: WriteNames,
): Promise<readonly ProtectedDatabase[]> {
  if (target.protected && ![input.env, input.confirm].includes(target.name))
    throw new Problem('protected_target', { environment: target.name });
  return findProtected(world, target, input);
}

function interruptText(environment: string, again: string, standing: TenantStanding): string {
  const { done, failed, underWay, notBegun } = standing;
  const part = (title: string, names: readonly string[]) =>
    names.length === 0 ? [] : [`${title}: ${shortList(names)}.`];
  return [
    ...part('Done', done),
    ...part('Failed', failed),
    ...part('Under way', underWay),
    `Not begun: ${notBegun} ${notBegun === 1 ? 'tenant' : 'tenants'}.`,
    ...(underWay.length > 0 ? ['What was not committed in a tenant under way is rolled back.'] : []),
    `Run ${again} to go on: db:status --env ${environment} shows the state of each tenant.`,
  ].join(' ');
}

const mostNames = 20;

function shortList(names: readonly string[]): string {
  const more = names.length - mostNames;
  return more <= 0 ? names.join(', ') : `${names.slice(0, mostNames).join(', ')} and ${more} more`;
}
