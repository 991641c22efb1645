// What a grantee may do with an object that the plan has just made.
import { shadowRole } from '../../model/catalog.ts';
import type { Fact } from '../../model/fact.ts';
import type { Scope } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';
import { formatClass, getTarget } from '../schemas/targets.ts';
import { keepKnownPrivileges, type Privileges, unitePrivileges } from './privileges.ts';

// Those that stay in force: what is dropped or altered is so before anything is made, and what is new comes after.
function inForce(
  path: readonly string[],
  securable: string,
  { before, after }: Scope,
): Privileges | undefined {
  const id = `default privilege:${qualify(path)} ON ${securable}`;
  const fact = before.facts.has(id) ? (after.facts.get(id) as Fact<Privileges> | undefined) : undefined;
  return fact?.payload;
}

/** The role that owns what the plan makes. */
export function findCreator({ role, before }: Scope): string {
  return role ?? before.loaded?.as ?? shadowRole;
}

/**
 * What a grant's grantee may do with the grant's target when that has just been made.
 * @param usually what it may do where there are no default privileges
 */
export function computeInitialPrivileges(
  grant: Pick<Fact, 'path' | 'parent'>,
  usually: Privileges,
  scope: Scope,
): Privileges {
  const target = getTarget(grant, scope);
  const grantee = grant.path.at(-1) as string;
  const role = findCreator(scope);
  const securable = formatClass(target, scope);
  const everywhere = inForce([role, grantee], securable, scope) ?? usually;
  const here = inForce([role, target.path[0] as string, grantee], securable, scope);
  // What is wanted may come from a newer server.
  return keepKnownPrivileges(
    here === undefined ? everywhere : unitePrivileges(everywhere, here),
    scope.major,
  );
}
