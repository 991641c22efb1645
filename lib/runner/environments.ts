// The environments of a process, each looked up once: a command that gives a URL can be slow, or can prompt
// the user.
import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import {
  defaultEnvironment,
  findEnvironment,
  findTenants,
  knownNames,
  protectedEnvironments,
  type Surroundings,
  splitTenant,
} from '../config/environment.ts';
import type { TenantsConfig } from '../config/tenants.ts';
import { Problem, toProblem } from '../problem/problem.ts';
import type { ProtectedTarget, Target, TenantsPlace, World } from '../project/world.ts';

/** The part of the world that knows environments. */
type Environments = Required<
  Pick<World, 'environment' | 'tenants' | 'environmentNames' | 'protectedEnvironments'>
>;

/**
 * Looks environments up, and the tenants among them.
 * @param onSilence receives a message while a server sends nothing
 */
export function makeEnvironments(around: Surroundings, onSilence?: (message: string) => void): Environments {
  const { config } = around;
  const { stallTimeout } = config;
  const first = config.environment ?? defaultEnvironment;
  const known = new Map<string, Promise<Target>>();
  const once = (name: string, find: (name: string) => Promise<Target>): Promise<Target> => {
    const found = known.get(name) ?? find(name);
    known.set(name, found);
    found.catch(() => known.delete(name));
    return found;
  };
  const own = async (name: string): Promise<Target> => ({
    ...(await findEnvironment(around, name)),
    ...(stallTimeout !== undefined && { stallTimeout }),
    ...(onSilence && { onSilence }),
  });
  const unlisted = (name: string) => once(`tenants of ${name}`, () => own(name));
  const tenants = async (name = first) => {
    const rule = findTenants(config, name);
    return rule === null ? null : placeIn(config, await unlisted(name), rule);
  };
  const find = async (name: string): Promise<Target> => {
    refuseSeveral(name, findTenants(config, name));
    const one = splitTenant(config, name);
    if (one === null) return own(name);
    const { findTenant } = await import('../tenants/list.ts');
    return findTenant((await tenants(one.environment)) as TenantsPlace, one.tenant);
  };
  return {
    environment: (name = first, way) => {
      if (way === undefined) return once(name, find);
      const place = findTenants(config, name) === null ? splitTenant(config, name)?.environment : name;
      return place === undefined ? once(name, find) : unlisted(place);
    },
    tenants,
    environmentNames: () => knownNames(around),
    protectedEnvironments: () => listProtected(around),
  };
}

const placeIn = ({ external = {} }: Config, target: Target, rule: TenantsConfig): TenantsPlace => ({
  target,
  rule,
  external: Object.keys(external),
});

function refuseSeveral(environment: string, rule: TenantsConfig | null): void {
  if (rule === null) return;
  const of = rule.schemas === undefined ? 'databases' : 'schemas';
  throw new Problem('several_tenants', { environment, of });
}

// With the tenants of those that have some.
async function listProtected(around: Surroundings): Promise<ProtectedTarget[]> {
  const all = await protectedEnvironments(around);
  const found = await Promise.all(
    all.map(async (target): Promise<ProtectedTarget[]> => {
      const rule = findTenants(around.config, target.name);
      if (rule === null) return [target];
      try {
        return [target, ...(await listInTime(placeIn(around.config, target, rule)))];
      } catch (thrown) {
        return [{ ...target, unlisted: toProblem(thrown).message }];
      }
    }),
  );
  return found.flat();
}

// The time for a list, which every write to another environment waits for.
const listLimitMs = 3000;

// The session of a list that takes longer is ended.
async function listInTime({ target, ...place }: TenantsPlace): Promise<ProtectedTarget[]> {
  const { listTenants } = await import('../tenants/list.ts');
  const limit = new AbortController();
  const limited = { ...target, connectTimeoutMs: listLimitMs, signal: limit.signal };
  const late = new Problem('bad_tenants', {
    environment: target.name,
    reason: `no answer within ${listLimitMs / 1000} s`,
  });
  const listing = listTenants({ target: limited, ...place });
  const tenants = await Promise.race([listing, pause(listLimitMs, null, { ref: false })]);
  if (tenants !== null) return tenants.map((one) => ({ ...one.target, isTenant: true }));
  limit.abort();
  listing.catch(() => undefined);
  throw late;
}
