// Work on the tenants of an environment: the first one alone, then the others, several at once. Each has a
// session of its own only while its work is done.

import { setTimeout } from 'node:timers/promises';
import { runJobs } from '../flow/worker-pool.ts';
import { formatCount } from '../problem/amount.ts';
import { Problem } from '../problem/problem.ts';
import type { Workspace } from '../project/workspace.ts';
import type { TenantsPlace } from '../project/world.ts';
import { listTenants, type Tenant } from './list.ts';
import { makeFailure, makeResult, type TenantResult } from './report.ts';

/** The options of every command on tenants. */
export interface TenantsInput {
  /** The environment; default: the configured one. */
  readonly env?: string;
  /** The number of tenants that are worked on at once; default: 4. */
  readonly jobs?: number;
}

/** An environment with its tenants. */
export interface OpenTenants {
  readonly place: TenantsPlace;
  /** The canary first. */
  readonly tenants: readonly Tenant[];
  readonly jobs: number;
}

/** The end of the work, and its text when it is interrupted. */
export interface TenantLoop<Result extends TenantResult> {
  readonly jobs: number;
  /** True for a result after which no other tenant is begun. */
  isLast?(result: Result, tenant: Tenant): boolean;
  /** Makes the text of an interrupt; left out: the work changes nothing. */
  interrupted?(standing: TenantStanding): string;
}

/** How far the work is, by the names of tenants. */
export interface TenantStanding {
  readonly done: readonly string[];
  readonly failed: readonly string[];
  readonly underWay: readonly string[];
  readonly notBegun: number;
}

const [usualJobs, mostJobs] = [4, 64];

// So many tenants are one line of progress.
const tellEvery = 100;

// An interrupt waits so long for tenants that are under way. The process ends after five seconds.
const patienceMs = 3_000;

/**
 * Lists the tenants of an environment.
 * @throws Problem `bad_tenants`, `bad_option`; of the connection
 */
export async function openTenants(
  { world }: Workspace,
  { env, jobs = usualJobs }: TenantsInput,
): Promise<OpenTenants> {
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > mostJobs)
    throw new Problem('bad_option', { option: '--jobs', reason: `it is a number from 1 to ${mostJobs}` });
  const place = await world.tenants?.(env);
  if (!place)
    throw new Problem('bad_option', { option: 'env', reason: `${env ?? 'the environment'} has no tenants` });
  return { place, tenants: await listTenants(place), jobs };
}

/** The workspace in which the environment is that tenant. Shadows and catalogs are shared by all. */
export function asTenant(workspace: Workspace, { target }: Tenant): Workspace {
  return { ...workspace, world: { ...workspace.world, environment: async () => target } };
}

/** The same for the work on one of many: its progress has the name of the tenant. */
export function atTenant(workspace: Workspace, tenant: Tenant): Workspace {
  const { world } = workspace;
  const progress = (message: string) => world.progress(`${tenant.name}: ${message}`);
  return asTenant({ ...workspace, world: { ...world, progress } }, tenant);
}

/** The same workspace, where the person who runs it is found out once. */
export function withOneAuthor(workspace: Workspace): Workspace {
  const author = workspace.world.author?.();
  author?.catch(() => undefined);
  return author === undefined
    ? workspace
    : { ...workspace, world: { ...workspace.world, author: () => author } };
}

/**
 * Does some work for each tenant. A tenant whose work throws has the problem in its result.
 * @returns the results in the order of the tenants; those that were not begun say so
 */
export async function eachTenant<Result extends TenantResult>(
  workspace: Workspace,
  tenants: readonly Tenant[],
  loop: TenantLoop<Result>,
  work: (tenant: Tenant) => Promise<Result>,
): Promise<(Result | TenantResult)[]> {
  const turn = new Turn(workspace, tenants, loop, work);
  const forget = loop.interrupted && workspace.world.onInterrupt?.(() => turn.interrupt());
  try {
    const [first, ...others] = tenants;
    if (first !== undefined) await turn.take(first);
    // The catalogs that all tenants have in common are known now.
    if (others.length > 0) await workspace.shadows.closeIdle();
    const sessions = Array.from({ length: loop.jobs }, (_, at) => at);
    await runJobs(
      sessions,
      others.map((tenant) => ({ does: () => turn.take(tenant) })),
    );
  } finally {
    forget?.();
  }
  return tenants.map((tenant) => turn.results.get(tenant) ?? makeResult(workspace, tenant, 'not_begun'));
}

class Turn<Result extends TenantResult> {
  readonly results = new Map<Tenant, Result | TenantResult>();
  readonly #workspace: Workspace;
  readonly #tenants: readonly Tenant[];
  readonly #loop: TenantLoop<Result>;
  readonly #work: (tenant: Tenant) => Promise<Result>;
  readonly #underWay = new Map<Tenant, Promise<void>>();
  #isEnded = false;

  constructor(
    workspace: Workspace,
    tenants: readonly Tenant[],
    loop: TenantLoop<Result>,
    work: (tenant: Tenant) => Promise<Result>,
  ) {
    this.#workspace = workspace;
    this.#tenants = tenants;
    this.#loop = loop;
    this.#work = work;
  }

  async take(tenant: Tenant): Promise<void> {
    if (this.#isEnded) return;
    const done = this.#do(tenant);
    this.#underWay.set(tenant, done);
    await done;
    this.#underWay.delete(tenant);
  }

  async #do(tenant: Tenant): Promise<void> {
    const result = await this.#work(tenant).catch((thrown: unknown) =>
      makeFailure(this.#workspace, tenant, thrown),
    );
    this.results.set(tenant, result);
    const { size } = this.results;
    if (size % tellEvery === 0)
      this.#workspace.world.progress(`${size} of ${formatCount(this.#tenants.length, 'tenant')}`);
    if (this.#loop.isLast?.(result as Result, tenant)) this.#isEnded = true;
  }

  // No other tenant is begun; those under way may still end in time.
  async interrupt(): Promise<string> {
    this.#isEnded = true;
    const begun = new Map(this.#underWay);
    await Promise.race([Promise.all(begun.values()), setTimeout(patienceMs)]);
    // The interrupt itself ends their sessions: those that fail now did not fail by themselves.
    const isDone = (tenant: Tenant) => this.results.get(tenant)?.problem === null;
    const underWay = [...begun.keys()].filter((tenant) => !isDone(tenant)).map(({ name }) => name);
    const results = [...this.results].filter(([tenant]) => isDone(tenant) || !begun.has(tenant));
    const names = (isWanted: boolean) =>
      results.filter(([tenant]) => isDone(tenant) === isWanted).map(([{ name }]) => name);
    const notBegun = this.#tenants.length - results.length - underWay.length;
    return this.#loop.interrupted?.({ done: names(true), failed: names(false), underWay, notBegun }) ?? '';
  }
}
