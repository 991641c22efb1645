// The dependencies between the steps of a plan, so that independent ones can run in parallel.
import { pushTo } from './actions.ts';
import type { Graph } from './graph.ts';
import type { InlinedClauses } from './inline-clauses.ts';
import { node } from './node.ts';

/**
 * For each step the indices of its dependencies, without indirect ones.
 * @param groups the nodes of the plan with their statements, in its order
 * @param rank the rank of a node's kind: a ranked node acts on all that was created before it, or later nodes
 * act on it; below zero: it directly follows its object
 */
export function computeDependencies(
  graph: Graph,
  folded: InlinedClauses,
  groups: readonly { readonly name: string; readonly steps: readonly unknown[] }[],
  rank: (name: string) => number,
): number[][] {
  const seat = placeNodes(graph, folded);
  const before = new Map<string, string[]>();
  for (const [first, seconds] of graph.successors())
    for (const second of seconds) if (seat(first) !== seat(second)) pushTo(before, seat(second), first);
  // The last step of a node; for a node without steps, the steps that it waits for.
  const ends = new Map<string, readonly number[]>();
  const waits: number[][] = [];
  // All since the last step that has a rank, and that one.
  let since: number[] = [];
  for (const { name, steps } of groups) {
    const firsts = seat(name) === name ? (before.get(name) ?? []) : [seat(name)];
    const ranked = steps.length > 0 && rank(name) > 0;
    const needed = firsts.flatMap((first) => ends.get(first) ?? []);
    const awaited = [...new Set(ranked ? [...needed, ...since] : needed)];
    if (ranked) since = [];
    for (const at of steps.keys()) {
      since.push(waits.length);
      waits.push(at === 0 ? awaited : [waits.length - 1]);
    }
    ends.set(name, steps.length > 0 ? [waits.length - 1] : awaited);
    // A step that directly follows its object comes before any other use of the object.
    if (steps.length > 0 && rank(name) < 0) for (const first of firsts) ends.set(first, [waits.length - 1]);
  }
  return waits;
}

/** The place of each node: an inlined one is part of its parent's creation. */
export function placeNodes(graph: Graph, folded: InlinedClauses): (name: string) => string {
  const hosts = new Map<string, string>();
  for (const [parent, facts] of folded)
    for (const { id } of facts) hosts.set(node('create', id), graph.leader(node('create', parent)));
  return function seat(name: string): string {
    const host = hosts.get(name);
    return host === undefined || host === name ? name : seat(host);
  };
}
