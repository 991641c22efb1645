// Two catalogs → what differs, and the steps from one to the other and back.
import { kinds } from '../kinds/index.ts';
import type { Catalog } from '../model/catalog.ts';
import { type Diff, diff, isEmpty } from '../model/diff.ts';
import type { Step } from '../model/step.ts';
import { plan } from '../plan/index.ts';
import { type Change, changesOf } from './changes.ts';
import type { Context } from './context.ts';
import { withoutIgnored } from './ignored.ts';

/** The way from one state of a database to another. */
export interface Comparison {
  readonly diff: Diff;
  /** Whether nothing differs. */
  readonly same: boolean;
  /** From the first catalog to the second; made when it is first asked for. */
  readonly up: readonly Step[];
  /** And back: the same with the catalogs exchanged. */
  readonly down: readonly Step[];
  /** The difference as people count it. */
  readonly changes: readonly Change[];
  /** What either holds and pgmage does not manage. */
  readonly unmanaged: readonly string[];
}

/**
 * Compares two catalogs, without what the configuration ignores.
 * @param major the major version of the server that both ways will run on
 * @throws Problem `plan_cycle`, when the steps are asked for
 */
export function compare(
  first: Catalog,
  second: Catalog,
  major: number,
  ignore: Context['ignore'],
): Comparison {
  const before = withoutIgnored(first, ignore);
  const after = withoutIgnored(second, ignore);
  const difference = diff(before, after, kinds);
  const same = isEmpty(difference);
  let up: readonly Step[] | undefined;
  return {
    diff: difference,
    same,
    unmanaged: [...new Set([...before.unmanaged, ...after.unmanaged])],
    get up() {
      up ??= same ? [] : plan({ before, after, kinds, major });
      return up;
    },
    get down() {
      // The role that went there comes back.
      return same ? [] : plan({ before: after, after: before, kinds, major, role: before.role });
    },
    get changes() {
      return same ? [] : changesOf({ diff: difference, before, after, up: this.up, kinds });
    },
  };
}
