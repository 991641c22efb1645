// The two ends of each link between facts (a partition's attachment).
import type { FactActions } from './actions.ts';
import { pushTo } from './lists.ts';

interface LinkEnds {
  /** Dependent → its links. */
  readonly from: ReadonlyMap<string, readonly string[]>;
  /** Referenced → the links to it. */
  readonly to: ReadonlyMap<string, readonly string[]>;
}

const known = new WeakMap<ReadonlyMap<string, string>, LinkEnds>();

/** The links of a catalog by both of their ends. */
export function endsOf(links: ReadonlyMap<string, string>): LinkEnds {
  let ends = known.get(links);
  if (ends === undefined) {
    const [dependents, referenced] = [new Map<string, string[]>(), new Map<string, string[]>()];
    for (const [key, link] of links) {
      const [from, to] = key.split('\n') as [string, string];
      pushTo(dependents, from, link);
      pushTo(referenced, to, link);
    }
    ends = { from: dependents, to: referenced };
    known.set(links, ends);
  }
  return ends;
}

/** Dependent → its links, on one side of a plan. */
export const linksFrom = (fates: FactActions, side: 'before' | 'after') => endsOf(fates[side].links).from;

/** The links to a fact on one side of a plan. */
export const linksTo = (
  fates: FactActions,
  side: 'before' | 'after',
  id: string | null | undefined,
): readonly string[] => endsOf(fates[side].links).to.get(`${id}`) ?? [];
