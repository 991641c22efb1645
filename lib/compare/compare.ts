// Compares two sources, and plans the steps from one to the other and back.
import { kinds } from '../kinds/index.ts';
import { type Catalog, shadowRole } from '../model/catalog.ts';
import { type Diff, isEmpty, reverseDiff } from '../model/diff.ts';
import { listCurrentUsers } from '../model/reconcile.ts';
import type { Step } from '../model/step.ts';
import { plan } from '../plan/plan.ts';
import { expectedRole } from '../project/expected-role.ts';
import { withoutUnmanaged } from '../project/ignore.ts';
import { markRole } from '../project/shadow-catalog.ts';
import { readSource } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import { type CanonicalPair, canonicalize } from './canonicalize.ts';
import { listChanges, type ObjectChange } from './changes.ts';

/** The way from one state of a database to another. */
export interface Comparison {
  /** The two states, in the same form where they are equal. */
  readonly before: Catalog;
  readonly after: Catalog;
  readonly diff: Diff;
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
  const { before, after, difference } = await canonicalizeByRole(workspace, [first, second], runner);
  const { major } = before;
  const same = isEmpty(difference);
  let up: readonly Step[] | undefined;
  let online: readonly Step[] | undefined;
  let down: readonly Step[] | undefined;
  const forward = () => {
    up ??= same ? [] : plan({ before, after, difference, kinds, major });
    return up;
  };
  return {
    before,
    after,
    diff: difference,
    same,
    unmanaged: [...new Set([...before.unmanaged, ...after.unmanaged])],
    get up() {
      return forward();
    },
    get online() {
      online ??= same ? [] : plan({ before, after, difference, kinds, major, online: true });
      return online;
    },
    get down() {
      // The role that went there comes back.
      const back = { before: after, after: before, difference: reverseDiff(difference) };
      down ??= same ? [] : plan({ ...back, kinds, major, role: before.role });
      return down;
    },
    get changes() {
      return same ? [] : listChanges({ diff: difference, before, after, up: forward(), kinds });
    },
  };
}

// Two catalogs in the same words, with the files among them run by one role or another.
async function canonicalizeByRole(
  workspace: Workspace,
  pair: readonly [Catalog, Catalog],
  runner: string | null,
): Promise<CanonicalPair> {
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
  if (isEmpty(told.difference) || owner === undefined) return told;
  const asOwner = await runAs(owner);
  if (asOwner.every((catalog, at) => catalog === own[at])) return told;
  const otherwise = await inSameWords(asOwner);
  return countFacts(otherwise.difference) < countFacts(told.difference) ? otherwise : told;
}

const countFacts = ({ added, removed, changed }: Diff) => added.length + removed.length + changed.length;

// The role of a database among them, or the one that ran the files already.
function ownerIn(...catalogs: readonly Catalog[]): string | null {
  const roles = catalogs.map(({ role, loaded }) => loaded?.as ?? (role === shadowRole ? null : role));
  return roles.find((role) => role !== null) ?? null;
}
