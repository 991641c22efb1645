// Which steps of a plan have to wait for which, so that the others can run beside each other.
import { push } from './actions.ts';
import type { Graph } from './graph.ts';
import type { Folded } from './inline-clauses.ts';
import { node } from './node.ts';

/**
 * For each step the places of those that must be done before it. What these wait for is not told again.
 * @param groups the nodes of the plan with their statements, in its order
 * @param rank of a node's kind: what has one acts on what is made before it, or is acted on by what comes later; below
 * zero: it follows its object at once
 */
export function waitsOf(
  graph: Graph,
  folded: Folded,
  groups: readonly { readonly name: string; readonly steps: readonly unknown[] }[],
  rank: (name: string) => number,
): number[][] {
  const seat = seats(graph, folded);
  const before = new Map<string, string[]>();
  for (const [first, seconds] of graph.successors())
    for (const second of seconds) if (seat(first) !== seat(second)) push(before, seat(second), first);
  // Where a node is done: with its last step, or, if it has none, with those that it waits for.
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
    // What comes right after its object is done before anything else is done with that.
    if (steps.length > 0 && rank(name) < 0) for (const first of firsts) ends.set(first, [waits.length - 1]);
  }
  return waits;
}

/** Where each node is written: what is folded into a creation is done with it. */
export function seats(graph: Graph, folded: Folded): (name: string) => string {
  const hosts = new Map<string, string>();
  for (const [parent, facts] of folded)
    for (const { id } of facts) hosts.set(node('create', id), graph.leader(node('create', parent)));
  return function seat(name: string): string {
    const host = hosts.get(name);
    return host === undefined || host === name ? name : seat(host);
  };
}
