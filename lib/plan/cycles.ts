// The order of a plan, also where needs run in circles: what ties them is done apart, or begins as a placeholder.
import { Problem } from '../problem/problem.ts';
import type { Fates } from './actions.ts';
import { cycleThrough, type Graph, sort } from './graph.ts';
import { along, downward, overlaps } from './links.ts';
import { type Deed, node } from './node.ts';
import { beforeChanges, graphOf, type Relief } from './order.ts';
import { arranged, namedFirst, partsFirst, type Reading } from './reading-order.ts';

const phases: Record<Deed, number> = { empty: 0, drop: 0, alter: 1, create: 2, fill: 2, finish: 3 };

type Compare = (a: string, b: string) => number;

/**
 * The graph of a plan and an order of its nodes.
 * @param reading where the plan is made to be read
 * @throws Problem `plan_cycle` when needs contradict each other
 */
export function ordered(fates: Fates, reading?: Reading): { graph: Graph; order: readonly string[] } {
  const separate = new Set<string>();
  const placed = new Map(selfish(fates));
  const named = reading === undefined ? { weak: [], strong: [] } : namedFirst(fates, reading);
  const firm = [...beforeChanges(fates), ...overlaps(fates), ...along(fates)];
  // Where wishes are in the way, they are given up in this order.
  const tiers = [named.weak, named.strong, downward(fates), [...firm, ...(reading ? partsFirst(fates) : [])]];
  const wishes = new Set(tiers.flat());
  const relief: Relief = { separate, placed, wishes };
  const compare = comparison(fates);
  for (;;) {
    const graph = graphOf(fates, relief);
    const successors = graph.successors();
    const { order, stuck } = sort(successors, compare);
    if (stuck.length === 0)
      return { graph, order: reading === undefined ? order : arranged(successors, fates, reading) };
    const on = new Set(stuck);
    const isVain = (wish: [string, string]) =>
      wishes.has(wish) && wish.every((name) => on.has(graph.leader(name)));
    const vain = tiers.map((tier) => tier.filter(isVain)).find(({ length }) => length > 0) ?? [];
    for (const wish of vain) wishes.delete(wish);
    if (vain.length > 0) continue;
    // Where implied drops tie their causes together (two tables with foreign keys to each other), they are done apart.
    const ties = graph.ties(on).filter((name) => name.startsWith('drop ') && !separate.has(name));
    for (const name of ties) separate.add(name);
    if (ties.length > 0) continue;
    const found = placeable(fates, relief, successors, stuck.sort(compare));
    if (found === undefined)
      throw new Problem('plan_cycle', { objects: stuck.map((name) => name.slice(name.indexOf(' ') + 1)) });
    placed.set(found.name, (other) => found.cycle.has(graph.leader(other)));
  }
}

// What needs itself begins as a placeholder of its own.
function selfish(fates: Fates): [string, (other: string) => boolean][] {
  return [...fates.all.keys()]
    .filter((id) => fates.comes(id) && fates.after.needs.get(id)?.has(id) && fates.kind(id).placeholder)
    .map((id) => [node('create', id), (other) => other === node('create', id)]);
}

// The kind that is made last and dropped first: it reads the others, also in what stays of it.
function placeable(
  fates: Fates,
  { placed }: Relief,
  successors: ReadonlyMap<string, ReadonlySet<string>>,
  stuck: readonly string[],
): { name: string; cycle: ReadonlySet<string> } | undefined {
  const kinds = [...fates.kinds.values()];
  const rank = (name: string) => kinds.indexOf(fates.kind(name.slice(name.indexOf(' ') + 1)));
  const names = stuck.filter((name) => /^(create|drop) /.test(name) && !placed.has(name));
  for (const name of names.sort((a, b) => rank(b) - rank(a))) {
    if (kinds[rank(name)]?.placeholder === undefined) continue;
    const cycle = cycleThrough(successors, name);
    if (cycle.size > 1) return { name, cycle };
  }
  return undefined;
}

// Drops first, then changes, then what is new; within each by the kinds' order, drops from the last kind to the first.
function comparison(fates: Fates): Compare {
  const ranks = new Map([...fates.kinds.keys()].map((name, index) => [name, index]));
  const keys = new Map<string, readonly [number, number, number, string]>();
  const key = (name: string) => {
    let found = keys.get(name);
    if (found === undefined) {
      const space = name.indexOf(' ');
      const deed = name.slice(0, space) as Deed;
      const id = name.slice(space + 1);
      const kind = fates.kind(id);
      const rank = ranks.get(kind.name) as number;
      const fact = fates.of(id)?.to ?? fates.of(id)?.from;
      const sign = phases[deed] === 0 ? -1 : 1;
      found = [
        phases[deed],
        sign * (kind.rank ?? 0),
        sign * rank,
        `${String(fact?.position ?? 0).padStart(10, '0')}`,
      ];
      keys.set(name, found);
    }
    return found;
  };
  return (a, b) => {
    const x = key(a);
    const y = key(b);
    for (let i = 0; i < 4; i++) if (x[i] !== y[i]) return (x[i] as number) < (y[i] as number) ? -1 : 1;
    return a < b ? -1 : 1;
  };
}
