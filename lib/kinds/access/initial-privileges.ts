// The privileges of a grantee on an object that the plan has just created.
import { shadowRole } from '../../model/catalog.ts';
import { type Fact, ownName } from '../../model/fact.ts';
import type { Scope } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';
import { formatClass, getTarget } from '../schemas/targets.ts';
import { keepKnownPrivileges, type Privileges, unitePrivileges } from './privileges.ts';

// Default privileges in force at a creation: drops and changes come before creations, and new ones after
// them.
function inForce(
  path: readonly string[],
  securable: string,
  { before, after }: Scope,
): Privileges | undefined {
  const id = `default privilege:${qualify(path)} ON ${securable}`;
  const fact = before.facts.has(id) ? (after.facts.get(id) as Fact<Privileges> | undefined) : undefined;
  return fact?.payload;
}

/** The role that owns the objects that the plan creates. */
export function findCreator({ role, before }: Scope): string {
  return role ?? before.loaded?.as ?? shadowRole;
}

/**
 * The privileges of a grant's grantee on its new object.
 * @param usually its privileges without default privileges
 */
export function computeInitialPrivileges(
  grant: Pick<Fact, 'path' | 'parent'>,
  usually: Privileges,
  scope: Scope,
): Privileges {
  const target = getTarget(grant, scope);
  const grantee = ownName(grant.path);
  const role = findCreator(scope);
  const securable = formatClass(target, scope);
  const everywhere = inForce([role, grantee], securable, scope) ?? usually;
  const here = inForce([role, target.path[0] ?? '', grantee], securable, scope);
  // The wanted privileges may come from a newer server.
  return keepKnownPrivileges(
    here === undefined ? everywhere : unitePrivileges(everywhere, here),
    scope.major,
  );
}
