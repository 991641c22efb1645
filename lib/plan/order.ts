// The order of steps: dependencies of the states before and after, as edges of a graph.
import { collectReachable } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import { qualify } from '../model/quote.ts';
import { makeUnnotedUses } from '../model/unnoted-uses.ts';
import type { FactActions } from './actions.ts';
import { Graph } from './graph.ts';
import { findLinkAbove } from './heirs.ts';
import { addLinkEdges, findHeirs, findReaching } from './links.ts';
import { pushTo } from './lists.ts';
import type { Operation, PlanNode } from './node.ts';
import { getSharedName, isOverload } from './overloads.ts';

/** The exceptions that keep the graph free of cycles. */
export interface Relief {
  /** Drops that are not merged into their cause, because that would have to wait for itself. */
  readonly separate: ReadonlySet<PlanNode>;
  /**
   * Creations and drops that go by way of a placeholder, and which nodes would be on a cycle with them
   * otherwise.
   */
  readonly placed: ReadonlyMap<PlanNode, (other: PlanNode) => boolean>;
  /** Preferred orders, which apply unless another edge contradicts them. */
  readonly wishes: ReadonlySet<readonly [first: PlanNode, second: PlanNode]>;
}

/** The graph of all actions, with implicit effects of the server merged into their cause. */
export function buildGraph(fates: FactActions, relief: Relief): Graph<PlanNode> {
  const graph = new Graph<PlanNode>();
  for (const { id, action } of fates.all.values()) {
    if (fates.goes(id)) graph.add(fates.node('drop', id));
    if (fates.comes(id)) graph.add(fates.node('create', id));
    if (action === 'alter') graph.add(fates.node('alter', id));
    if (fates.putAside(id)) graph.add(fates.node('finish', id));
  }
  for (const node of relief.placed.keys()) placeholderEdges(graph, fates, node);
  for (const { id } of fates.all.values()) {
    goingEdges(graph, fates, relief, id);
    comingEdges(graph, fates, relief, id);
  }
  slotEdges(graph, fates);
  addLinkEdges(graph, fates);
  for (const [first, second] of relief.wishes) graph.edge(first, second);
  mergeImplied(graph, fates, relief.separate);
  return graph;
}

function placeholderEdges(graph: Graph<PlanNode>, fates: FactActions, { op, fact }: PlanNode): void {
  const operations: readonly [Operation, Operation] = op === 'drop' ? ['empty', 'drop'] : ['create', 'fill'];
  const [first, second] = [fates.node(operations[0], fact), fates.node(operations[1], fact)];
  for (const node of [first, second]) graph.add(node);
  graph.edge(first, second);
}

function goingEdges(graph: Graph<PlanNode>, fates: FactActions, { placed }: Relief, id: string): void {
  const going = fates.goes(id);
  const staying = going && stays(fates, id);
  const freed = (theirs: PlanNode) => placed.get(fates.node('drop', id))?.(theirs) ?? false;
  const edges = (mine: PlanNode, theirs: PlanNode) =>
    graph.edge(freed(theirs) ? fates.node('empty', id) : mine, theirs);
  for (const needed of fates.before.needs.get(id)?.keys() ?? []) {
    edges(going ? end(fates, id) : fates.node('alter', id), end(fates, needed));
    if (!going || staying) continue;
    if (!fates.putAside(needed) || isNamedIn(fates, needed, id))
      edges(fates.node('drop', id), fates.node('drop', needed));
    if (fates.isBlocked(needed))
      for (const altered of collectReachable([needed], (one) => reaching(fates, one)))
        edges(fates.node('drop', id), fates.node('alter', altered));
  }
  if (going && !staying) graph.edge(fates.node('drop', id), fates.node('create', id));
  graph.edge(fates.node('create', id), fates.node('finish', id));
}

/**
 * A fact is dropped before its dependencies change or are set aside, if possible, so that their steps need
 * not consider it.
 */
export function orderBeforeChanges(fates: FactActions): [PlanNode, PlanNode][] {
  return [...fates.all.keys()].flatMap((id) =>
    fates.goes(id) && !stays(fates, id)
      ? [...(fates.before.needs.get(id)?.keys() ?? [])].map((needed): [PlanNode, PlanNode] => [
          fates.node('drop', id),
          fates.node(fates.putAside(needed) ? 'drop' : 'alter', needed),
        ])
      : [],
  );
}

/** An overload goes before another one comes, so that a call by their name means the new one alone. */
export function orderOverloads(fates: FactActions): [PlanNode, PlanNode][] {
  const coming = new Map<string | undefined, Fact[]>();
  for (const { action, to } of fates.all.values())
    if (action === 'create' && to !== undefined) pushTo(coming, getSharedName(to), to);
  return [...fates.all.values()].flatMap(({ id, action, from }) =>
    action === 'drop' && from !== undefined
      ? (coming.get(getSharedName(from)) ?? [])
          .filter((to) => isOverload(from, to))
          .map((to): [PlanNode, PlanNode] => [fates.node('drop', id), fates.node('create', to.id)])
      : [],
  );
}

/** The change of a fact before changes whose SQL has the names that it gives. */
export function orderEarlyChanges(fates: FactActions): [PlanNode, PlanNode][] {
  const isEarly = (id: string) => fates.of(id)?.action === 'alter' && fates.kind(id).order?.moves;
  if (![...fates.all.keys()].some(isEarly)) return [];
  return [...fates.all.keys()].flatMap((id) =>
    [...(fates.after.needs.get(id)?.keys() ?? [])]
      .filter(isEarly)
      .map((needed): [PlanNode, PlanNode] => [fates.node('alter', needed), fates.node('alter', id)]),
  );
}

/** New facts before those that may use them in their SQL, which the server does not note. */
export function orderUnnotedUses(fates: FactActions): [PlanNode, PlanNode][] {
  const usesOf = makeUnnotedUses(fates.after, fates.kinds);
  return [...fates.all.keys()].flatMap((id) =>
    usesOf(id).flatMap((used): [PlanNode, PlanNode][] => [
      [fates.node('create', used), fates.node('create', id)],
      [fates.node('create', used), fates.node('alter', id)],
    ]),
  );
}

/** Puts the facts that the server may want for a statement before that statement. */
export function orderPermitted(fates: FactActions): [PlanNode, PlanNode][] {
  const operations = ['create', 'alter'] as const;
  return [...fates.all.values()].flatMap(({ id, action, to }) => {
    const { allowedBy } = fates.kind(id).order ?? {};
    if (allowedBy === undefined || to === undefined || action === 'drop') return [];
    return allowedBy(to, fates.after).flatMap((first) =>
      operations.flatMap((op) =>
        operations.map((next): [PlanNode, PlanNode] => [fates.node(op, first), fates.node(next, id)]),
      ),
    );
  });
}

// A part of an object that is set aside stays with it.
function stays(fates: FactActions, id: string): boolean {
  return fates.putAside(`${causeOf(fates, id)}`);
}

// A fact whose name contains another's (a function's argument types) could not be called by it once that one
// is set aside.
function isNamedIn(fates: FactActions, needed: string, id: string): boolean {
  const fact = fates.before.facts.get(needed);
  return fact !== undefined && id.includes(qualify(fact.path));
}

// When the old one is really gone.
function end(fates: FactActions, id: string): PlanNode {
  return fates.node(fates.putAside(id) ? 'finish' : 'drop', id);
}

// The cause that also drops this fact; preferably at once, otherwise when it is no longer set aside.
function causeOf(fates: FactActions, id: string): string | undefined {
  const from = fates.of(id)?.from as Fact;
  const causes = [
    ...[...(fates.before.dies.get(id) ?? [])].filter(
      (other) => !severed(fates, from, other) && !(fates.dropsAlone(other) && fates.heirs(id).length > 0),
    ),
    ...(from.outlives ? [] : findHeirs(fates, 'before', from).filter((other) => !fates.dropsAlone(other))),
  ].filter((other) => fates.goes(other));
  return causes.find((other) => !fates.putAside(other)) ?? causes[0];
}

// True if its parent stays and is detached from the parent of the other fact: a detached partition.
function severed(fates: FactActions, fact: Fact, other: string): boolean {
  const link = findLinkAbove(fates.before, fact, fates.before.facts.get(other));
  return link !== undefined && fates.goes(link) && !fates.goes(fact.parent as string);
}

function comingEdges(graph: Graph<PlanNode>, fates: FactActions, { placed }: Relief, id: string): void {
  const mine = fates.node('create', id);
  for (const needed of fates.after.needs.get(id)?.keys() ?? []) {
    const theirs = fates.node('create', needed);
    // On a cycle, a placeholder is enough for the others, and only what fills it waits for them.
    const made = (waiting: PlanNode) =>
      placed.get(theirs)?.(waiting) === false ? fates.node('fill', needed) : theirs;
    const waiting = (awaited: PlanNode) => (placed.get(mine)?.(awaited) ? fates.node('fill', id) : mine);
    graph.edge(made(mine), waiting(theirs));
    graph.edge(made(fates.node('alter', id)), fates.node('alter', id));
    graph.edge(fates.node('alter', needed), waiting(fates.node('alter', needed)));
  }
}

// A name is free only once the object that had it is gone.
function slotEdges(graph: Graph<PlanNode>, fates: FactActions): void {
  const leaving = new Map<string, string>();
  for (const { id, from } of fates.all.values())
    if (from !== undefined && fates.goes(id))
      for (const slot of fates.kind(id).order?.slots?.(from) ?? []) leaving.set(slot, id);
  for (const { id, to } of fates.all.values())
    if (to !== undefined && fates.comes(id))
      for (const slot of fates.kind(id).order?.slots?.(to) ?? []) {
        const other = leaving.get(slot);
        if (other !== undefined && other !== id)
          graph.edge(fates.node('drop', other), fates.node('create', id));
      }
}

function mergeImplied(graph: Graph<PlanNode>, fates: FactActions, separate: ReadonlySet<PlanNode>): void {
  for (const { id, from, to, action } of fates.all.values()) {
    if (from !== undefined && fates.goes(id) && !separate.has(fates.node('drop', id))) {
      const cause = causeOf(fates, id);
      if (cause !== undefined) graph.merge(fates.node('drop', id), end(fates, cause));
      if (from.outlives)
        for (const origin of from.origins) graph.edge(fates.node('drop', origin), fates.node('drop', id));
    }
    if (to === undefined) continue;
    const [origin] = findReaching(fates, to);
    if (fates.comes(id)) {
      const maker = fates.kind(id).inline?.madeBy?.(to, fates.scope) ?? null;
      const made = findHeirs(fates, 'after', to).find((other) => fates.comes(other));
      // Its origin was there before, and is inherited from now on.
      const extended = from === undefined ? findHeirs(fates, 'after', to)[0] : undefined;
      if (maker !== null) graph.merge(fates.node('create', id), fates.node('create', maker));
      else if (made !== undefined && to.outlives)
        graph.edge(fates.node('create', id), fates.node('create', made));
      else if (made !== undefined) graph.merge(fates.node('create', id), fates.node('create', made));
      else if (extended !== undefined && !to.outlives)
        graph.merge(fates.node('create', id), fates.node('alter', extended));
      else if (fates.kind(id).inline?.inseparable && fates.comes(to.parent as string))
        graph.merge(fates.node('create', id), fates.node('create', to.parent as string));
    } else if (action === 'alter' && origin !== undefined && inherits(fates, id, origin))
      graph.merge(fates.node('alter', id), fates.node('alter', origin));
    else if (action === 'alter')
      for (const other of reaching(fates, id))
        graph.edge(fates.node('alter', other), fates.node('alter', id));
  }
}

// The origins whose commands change this fact, too, in part: the rest is its own command, which follows.
function reaching(fates: FactActions, id: string): string[] {
  const { to, attributes = [] } = fates.of(id) ?? {};
  const recurses = fates.kind(id).order?.recurses ?? [];
  const shared = attributes.filter((name) => recurses.includes(name));
  return to === undefined || shared.length === 0
    ? []
    : findReaching(fates, to).filter((origin) => {
        const theirs = fates.of(origin);
        return theirs?.action === 'alter' && shared.some((name) => theirs.attributes.includes(name));
      });
}

// True if all changes reach this fact through its origin.
function inherits(fates: FactActions, id: string, origin: string): boolean {
  const mine = fates.of(id);
  const theirs = fates.of(origin);
  const recurses = fates.kind(id).order?.recurses ?? [];
  return (
    theirs?.action === 'alter' &&
    (mine?.attributes ?? []).every((name) => recurses.includes(name) && theirs.attributes.includes(name))
  );
}
