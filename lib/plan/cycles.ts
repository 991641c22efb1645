// The order of a plan, also where needs run in circles: what ties them is done apart, or begins as a
// placeholder.
import type { Fact } from '../model/fact.ts';
import { Problem } from '../problem/problem.ts';
import type { FactActions } from './actions.ts';
import { cycleThrough, type Graph, sort } from './graph.ts';
import { findOverlaps, orderAlongLinks, orderDownward } from './links.ts';
import { byName, type Operation, type PlanNode } from './node.ts';
import {
  buildGraph,
  orderBeforeChanges,
  orderEarlyChanges,
  orderOverloads,
  orderPermitted,
  orderUnnotedUses,
  type Relief,
} from './order.ts';
import { arrangeForReading, orderNamedFirst, orderPartsFirst, type ReadingOrder } from './reading-order.ts';

const phases: Record<Operation, number> = { empty: 0, drop: 0, alter: 1, create: 2, fill: 2, finish: 3 };

type Compare = (a: PlanNode, b: PlanNode) => number;

/**
 * The graph of a plan and an order of its nodes.
 * @param reading where the plan is made to be read
 * @throws Problem `plan_cycle` when needs contradict each other
 */
export function orderNodes(
  fates: FactActions,
  reading?: ReadingOrder,
): { graph: Graph<PlanNode>; order: readonly PlanNode[] } {
  const separate = new Set<PlanNode>();
  const placed = new Map(selfish(fates));
  const tiers = collectWishes(fates, reading);
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
    const isVain = (wish: [PlanNode, PlanNode]) =>
      wishes.has(wish) && wish.every((node) => on.has(graph.leader(node)));
    const vain = tiers.map((tier) => tier.filter(isVain)).find(({ length }) => length > 0) ?? [];
    for (const wish of vain) wishes.delete(wish);
    if (vain.length > 0) continue;
    // Implied drops that tie their causes together (two tables with foreign keys to each other) become
    // separate steps.
    const ties = graph.ties(on).filter((node) => node.op === 'drop' && !separate.has(node));
    for (const node of ties) separate.add(node);
    if (ties.length > 0) continue;
    const found = placeable(fates, relief, successors, stuck.sort(compare));
    if (found === undefined) throw new Problem('plan_cycle', { objects: stuck.map(({ fact }) => fact) });
    placed.set(found.node, (other) => found.cycle.has(graph.leader(other)));
  }
}

// Wishes that cause a cycle are given up in this order.
function collectWishes(fates: FactActions, reading?: ReadingOrder): [PlanNode, PlanNode][][] {
  const named = reading === undefined ? { weak: [], strong: [] } : orderNamedFirst(fates, reading);
  const firm = [...orderBeforeChanges(fates), ...findOverlaps(fates), ...orderAlongLinks(fates)];
  return [
    named.weak,
    named.strong,
    [...orderOverloads(fates), ...orderEarlyChanges(fates), ...orderUnnotedUses(fates)],
    orderPermitted(fates),
    orderDownward(fates),
    [...firm, ...(reading ? orderPartsFirst(fates) : [])],
  ];
}

// An object that depends on itself begins as a placeholder.
function selfish(fates: FactActions): [PlanNode, (other: PlanNode) => boolean][] {
  return [...fates.all.keys()]
    .filter(
      (id) => fates.comes(id) && fates.after.needs.get(id)?.has(id) && fates.kind(id).order?.placeholder,
    )
    .map((id) => fates.node('create', id))
    .map((node) => [node, (other) => other === node]);
}

// The kind that is created last and dropped first: it depends on the others, even in the parts that stay.
function placeable(
  fates: FactActions,
  { placed }: Relief,
  successors: ReadonlyMap<PlanNode, ReadonlySet<PlanNode>>,
  stuck: readonly PlanNode[],
): { node: PlanNode; cycle: ReadonlySet<PlanNode> } | undefined {
  const kinds = [...fates.kinds.values()];
  const rank = ({ fact }: PlanNode) => kinds.indexOf(fates.kind(fact));
  const nodes = stuck.filter((node) => (node.op === 'create' || node.op === 'drop') && !placed.has(node));
  for (const node of nodes.sort((a, b) => rank(b) - rank(a))) {
    if (kinds[rank(node)]?.order?.placeholder === undefined) continue;
    const cycle = cycleThrough(successors, node);
    if (cycle.size > 1) return { node, cycle };
  }
  return undefined;
}

/** The rank of a step by its kind: see `OrderRules`. */
export function rankOf(fates: FactActions, { fact: id }: PlanNode): number {
  const { rank = 0 } = fates.kind(id).order ?? {};
  const fate = fates.of(id);
  return typeof rank === 'number' ? rank : rank((fate?.to ?? fate?.from) as Fact);
}

// Drops first, then changes, then creations. Within each, by the kinds' order; drops in reverse.
function comparison(fates: FactActions): Compare {
  const ranks = new Map([...fates.kinds.keys()].map((name, index) => [name, index]));
  const keys = new Map<PlanNode, readonly [number, number, number, string]>();
  const key = (node: PlanNode) => {
    let found = keys.get(node);
    if (found === undefined) {
      const kind = fates.kind(node.fact);
      const rank = ranks.get(kind.name) as number;
      const fact = fates.of(node.fact)?.to ?? fates.of(node.fact)?.from;
      const sign = phases[node.op] === 0 ? -1 : 1;
      found = [
        phases[node.op],
        sign * rankOf(fates, node),
        sign * rank,
        `${String(fact?.position ?? 0).padStart(10, '0')}`,
      ];
      keys.set(node, found);
    }
    return found;
  };
  return (a, b) => {
    const x = key(a);
    const y = key(b);
    for (let i = 0; i < 4; i++) if (x[i] !== y[i]) return (x[i] as number) < (y[i] as number) ? -1 : 1;
    return byName(a, b);
  };
}
