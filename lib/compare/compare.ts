// Compares two sources, and plans the steps from one to the other and back.
import { kinds } from '../kinds/index.ts';
import { type Catalog, shadowRole } from '../model/catalog.ts';
import { type Diff, type Difference, isEmpty, reverseDiff } from '../model/diff.ts';
import { listCurrentUsers } from '../model/reconcile.ts';
import type { Step } from '../model/step.ts';
import { plan } from '../plan/plan.ts';
import { expectedRole } from '../project/expected-role.ts';
import { withoutUnmanaged } from '../project/ignore.ts';
import { markRole } from '../project/shadow-catalog.ts';
import { readSource } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import { canonicalize } from './canonicalize.ts';
import { listChanges, type ObjectChange } from './changes.ts';

/**
 * The canonicalized difference between two states of a database, and the plans that lead from one to the
 * other.
 */
export interface Comparison extends Difference {
  /** True if there are no differences. */
  readonly same: boolean;
  /** From the first source to the second; made when it is first asked for. */
  readonly up: readonly Step[];
  /** The same steps without long locks, even with more transactions. */
  readonly online: readonly Step[];
  /** And back: the same with the sources exchanged. */
  readonly down: readonly Step[];
  /** The difference as people count it. */
  readonly changes: readonly ObjectChange[];
  /** Objects of either side that pgmage does not manage. */
  readonly unmanaged: readonly string[];
}

/**
 * Reads two sources and compares them, without ignored objects.
 * @throws Problem of the sources; `plan_cycle` when the steps are used
 */
export async function compare(workspace: Workspace, from: string, to: string): Promise<Comparison> {
  const [first, second] = await Promise.all([readSource(workspace, from), readSource(workspace, to)]);
  return compareCatalogs(workspace, first, second);
}

/**
 * Compares two catalogs. In files, the current user stands for a role of the database on the other side, or
 * else for `role`. It is the role that connects or the role that most objects belong to, whichever leaves
 * fewer differences.
 * @param role the role that runs the files, if both sides are files; default: that of the default environment
 * @throws Problem of the shadow; `plan_cycle` when the steps are used
 */
export async function compareCatalogs(
  workspace: Workspace,
  first: Catalog,
  second: Catalog,
  role?: string | null,
): Promise<Comparison> {
  const runner = ownerIn(first, second) ?? (role === undefined ? await expectedRole(workspace.world) : role);
  return withPlans(await canonicalizeByRole(workspace, [first, second], runner));
}

// Each plan is made when it is first asked for.
function withPlans(difference: Difference): Comparison {
  const { before, after } = difference;
  const { major } = before;
  const same = isEmpty(difference.diff);
  const once = (make: () => readonly Step[]) => {
    let made: readonly Step[] | undefined;
    return () => {
      made ??= same ? [] : make();
      return made;
    };
  };
  const up = once(() => plan({ difference, kinds, major }));
  const online = once(() => plan({ difference, kinds, major, online: true }));
  // The role that went there comes back.
  const down = once(() => plan({ difference: reverseDiff(difference), kinds, major, role: before.role }));
  return {
    ...difference,
    same,
    unmanaged: [...new Set([...before.unmanaged, ...after.unmanaged])],
    get up() {
      return up();
    },
    get online() {
      return online();
    },
    get down() {
      return down();
    },
    get changes() {
      return same ? [] : listChanges({ ...difference, up: up(), kinds });
    },
  };
}

// Two catalogs in the same words, with the files among them run by one role or another.
async function canonicalizeByRole(
  workspace: Workspace,
  pair: readonly [Catalog, Catalog],
  runner: string | null,
): Promise<Difference> {
  const runAs = async (role: string | null) => {
    const [one, other] = pair;
    return [await markRole(workspace, one, role), await markRole(workspace, other, role)] as const;
  };
  const inSameWords = ([one, other]: readonly [Catalog, Catalog]) =>
    canonicalize(
      workspace,
      withoutUnmanaged(workspace.project, one, other),
      withoutUnmanaged(workspace.project, other, one),
    );
  const own = await runAs(runner);
  const told = await inSameWords(own);
  const owner = pair.flatMap(listCurrentUsers).find((role) => role !== runner);
  if (isEmpty(told.diff) || owner === undefined) return told;
  const asOwner = await runAs(owner);
  if (asOwner.every((catalog, at) => catalog === own[at])) return told;
  const otherwise = await inSameWords(asOwner);
  return countFacts(otherwise.diff) < countFacts(told.diff) ? otherwise : told;
}

const countFacts = ({ added, removed, changed }: Diff) => added.length + removed.length + changed.length;

// The role of a database among them, or the one that ran the files already.
function ownerIn(...catalogs: readonly Catalog[]): string | null {
  const roles = catalogs.map(({ role, loaded }) => loaded?.as ?? (role === shadowRole ? null : role));
  return roles.find((role) => role !== null) ?? null;
}
