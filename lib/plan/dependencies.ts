// The dependencies between the steps of a plan, so that independent ones can run in parallel.

import type { OrderedActions } from './inline-clauses.ts';
import { pushTo } from './lists.ts';
import type { PlanNode } from './node.ts';

/**
 * For each step the indices of its dependencies, without indirect ones.
 * @param groups the nodes of the plan with their statements, in its order
 * @param rank the rank of a node's kind: a ranked node acts on all that was created before it, or later nodes
 * act on it; below zero: it directly follows its object
 */
export function computeDependencies(
  ordered: OrderedActions,
  groups: readonly { readonly node: PlanNode; readonly steps: readonly unknown[] }[],
  rank: (node: PlanNode) => number,
): number[][] {
  const seat = placeNodes(ordered);
  const before = new Map<PlanNode, PlanNode[]>();
  for (const [first, seconds] of ordered.graph.successors())
    for (const second of seconds) if (seat(first) !== seat(second)) pushTo(before, seat(second), first);
  // The last step of a node; for a node without steps, the steps that it waits for.
  const ends = new Map<PlanNode, readonly number[]>();
  const waits: number[][] = [];
  // All since the last step that has a rank, and that one.
  let since: number[] = [];
  for (const { node, steps } of groups) {
    const firsts = seat(node) === node ? (before.get(node) ?? []) : [seat(node)];
    const ranked = steps.length > 0 && rank(node) > 0;
    const needed = firsts.flatMap((first) => ends.get(first) ?? []);
    const awaited = [...new Set(ranked ? [...needed, ...since] : needed)];
    if (ranked) since = [];
    for (const at of steps.keys()) {
      since.push(waits.length);
      waits.push(at === 0 ? awaited : [waits.length - 1]);
    }
    ends.set(node, steps.length > 0 ? [waits.length - 1] : awaited);
    // A step that directly follows its object comes before any other use of the object.
    if (steps.length > 0 && rank(node) < 0) for (const first of firsts) ends.set(first, [waits.length - 1]);
  }
  return waits;
}

/** The place of each node: an inlined one is part of its parent's creation. */
export function placeNodes({ fates, graph, folded }: OrderedActions): (node: PlanNode) => PlanNode {
  const hosts = new Map<PlanNode, PlanNode>();
  for (const [parent, facts] of folded)
    for (const { id } of facts)
      hosts.set(fates.node('create', id), graph.leader(fates.node('create', parent)));
  return function seat(node: PlanNode): PlanNode {
    const host = hosts.get(node);
    return host === undefined || host === node ? node : seat(host);
  };
}
