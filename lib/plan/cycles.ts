// The order of a plan, also where needs run in circles: what ties them is done apart, or begins as a
// placeholder.
import { Problem } from '../problem/problem.ts';
import type { FactActions } from './actions.ts';
import { cycleThrough, type Graph, sort } from './graph.ts';
import { findOverlaps, orderAlongLinks, orderDownward } from './links.ts';
import { type Deed, node } from './node.ts';
import { buildGraph, orderBeforeChanges, type Relief } from './order.ts';
import { arrangeForReading, orderNamedFirst, orderPartsFirst, type ReadingOrder } from './reading-order.ts';

const phases: Record<Deed, number> = { empty: 0, drop: 0, alter: 1, create: 2, fill: 2, finish: 3 };

type Compare = (a: string, b: string) => number;

/**
 * The graph of a plan and an order of its nodes.
 * @param reading where the plan is made to be read
 * @throws Problem `plan_cycle` when needs contradict each other
 */
export function orderNodes(
  fates: FactActions,
  reading?: ReadingOrder,
): { graph: Graph; order: readonly string[] } {
  const separate = new Set<string>();
  const placed = new Map(selfish(fates));
  const named = reading === undefined ? { weak: [], strong: [] } : orderNamedFirst(fates, reading);
  const firm = [...orderBeforeChanges(fates), ...findOverlaps(fates), ...orderAlongLinks(fates)];
  // Wishes that cause a cycle are given up in this order.
  const tiers = [
    named.weak,
    named.strong,
    orderDownward(fates),
    [...firm, ...(reading ? orderPartsFirst(fates) : [])],
  ];
  const wishes = new Set(tiers.flat());
  const relief: Relief = { separate, placed, wishes };
  const compare = comparison(fates);
  for (;;) {
    const graph = buildGraph(fates, relief);
    const successors = graph.successors();
    const { order, stuck } = sort(successors, compare);
    if (stuck.length === 0)
      return { graph, order: reading === undefined ? order : arrangeForReading(successors, fates, reading) };
    const on = new Set(stuck);
    const isVain = (wish: [string, string]) =>
      wishes.has(wish) && wish.every((name) => on.has(graph.leader(name)));
    const vain = tiers.map((tier) => tier.filter(isVain)).find(({ length }) => length > 0) ?? [];
    for (const wish of vain) wishes.delete(wish);
    if (vain.length > 0) continue;
    // Implied drops that tie their causes together (two tables with foreign keys to each other) become
    // separate steps.
    const ties = graph.ties(on).filter((name) => name.startsWith('drop ') && !separate.has(name));
    for (const name of ties) separate.add(name);
    if (ties.length > 0) continue;
    const found = placeable(fates, relief, successors, stuck.sort(compare));
    if (found === undefined)
      throw new Problem('plan_cycle', { objects: stuck.map((name) => name.slice(name.indexOf(' ') + 1)) });
    placed.set(found.name, (other) => found.cycle.has(graph.leader(other)));
  }
}

// An object that depends on itself begins as a placeholder.
function selfish(fates: FactActions): [string, (other: string) => boolean][] {
  return [...fates.all.keys()]
    .filter(
      (id) => fates.comes(id) && fates.after.needs.get(id)?.has(id) && fates.kind(id).order?.placeholder,
    )
    .map((id) => [node('create', id), (other) => other === node('create', id)]);
}

// The kind that is created last and dropped first: it depends on the others, even in the parts that stay.
function placeable(
  fates: FactActions,
  { placed }: Relief,
  successors: ReadonlyMap<string, ReadonlySet<string>>,
  stuck: readonly string[],
): { name: string; cycle: ReadonlySet<string> } | undefined {
  const kinds = [...fates.kinds.values()];
  const rank = (name: string) => kinds.indexOf(fates.kind(name.slice(name.indexOf(' ') + 1)));
  const names = stuck.filter((name) => /^(create|drop) /.test(name) && !placed.has(name));
  for (const name of names.sort((a, b) => rank(b) - rank(a))) {
    if (kinds[rank(name)]?.order?.placeholder === undefined) continue;
    const cycle = cycleThrough(successors, name);
    if (cycle.size > 1) return { name, cycle };
  }
  return undefined;
}

// Drops first, then changes, then creations. Within each, by the kinds' order; drops in reverse.
function comparison(fates: FactActions): Compare {
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
        sign * (kind.order?.rank ?? 0),
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
