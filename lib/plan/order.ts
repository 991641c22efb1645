// Which step has to wait for which: needs of the states before and after, as edges of a graph.
import { type Catalog, edge } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import type { Fates } from './fates.ts';
import { Graph } from './graph.ts';

/**
 * What a node of the plan's graph does: `finish` drops what was put aside, `fill` makes of a placeholder what is wanted,
 * and `empty` makes a placeholder of what is going to be dropped.
 */
export type Deed = 'drop' | 'alter' | 'create' | 'finish' | 'fill' | 'empty';

/** What keeps the graph from having cycles. */
export interface Relief {
  /** Drops that are not merged into their cause, because that would have to wait for itself. */
  readonly separate: ReadonlySet<string>;
  /** Creations and drops that go by way of a placeholder, and which nodes would be on a cycle with them otherwise. */
  readonly placed: ReadonlyMap<string, (other: string) => boolean>;
}

/** The node's name: the deed and the fact's id. */
export function node(deed: Deed, id: string): string {
  return `${deed} ${id}`;
}

/** The graph of everything that the fates ask for, with what the server does by itself merged into its cause. */
export function graphOf(fates: Fates, relief: Relief): Graph {
  const graph = new Graph();
  for (const { id, action } of fates.all.values()) {
    if (fates.goes(id)) graph.add(node('drop', id));
    if (fates.comes(id)) graph.add(node('create', id));
    if (action === 'alter') graph.add(node('alter', id));
    if (fates.putAside(id)) graph.add(node('finish', id));
  }
  for (const name of relief.placed.keys()) placeholderEdges(graph, name);
  for (const { id } of fates.all.values()) {
    goingEdges(graph, fates, relief, id);
    comingEdges(graph, fates, relief, id);
  }
  slotEdges(graph, fates);
  const parts = completions(fates, 'create');
  linkEdges(graph, fates, parts);
  completionEdges(graph, fates, parts);
  mergeImplied(graph, fates, relief.separate);
  return graph;
}

function placeholderEdges(graph: Graph, name: string): void {
  const id = name.slice(name.indexOf(' ') + 1);
  const [first, second]: readonly [Deed, Deed] =
    name === node('drop', id) ? ['empty', 'drop'] : ['create', 'fill'];
  for (const deed of [first, second]) graph.add(node(deed, id));
  graph.edge(node(first, id), node(second, id));
}

function goingEdges(graph: Graph, fates: Fates, { placed }: Relief, id: string): void {
  const going = fates.goes(id);
  // What is part of something put aside stays with it.
  const staying = going && fates.putAside(`${causeOf(fates, id)}`);
  const freed = (theirs: string) => placed.get(node('drop', id))?.(theirs) ?? false;
  const edges = (mine: string, theirs: string) =>
    graph.edge(freed(theirs) ? node('empty', id) : mine, theirs);
  for (const needed of fates.before.needs.get(id)?.keys() ?? []) {
    edges(going ? end(fates, id) : node('alter', id), end(fates, needed));
    if (!going || staying) continue;
    edges(node('drop', id), node('drop', needed));
    edges(node('drop', id), node('alter', needed));
  }
  if (going && !staying) graph.edge(node('drop', id), node('create', id));
  graph.edge(node('create', id), node('finish', id));
}

// When the old one is really gone.
function end(fates: Fates, id: string): string {
  return node(fates.putAside(id) ? 'finish' : 'drop', id);
}

// What takes this going fact along by itself; preferably at once, else when it is no longer kept aside.
function causeOf(fates: Fates, id: string): string | undefined {
  const from = fates.of(id)?.from as Fact;
  const causes = [
    ...[...(fates.before.dies.get(id) ?? [])].filter((other) => !severed(fates, from, other)),
    ...(from.outlives ? [] : heirOf(fates, 'before', from)),
  ].filter((other) => fates.goes(other));
  return causes.find((other) => !fates.putAside(other)) ?? causes[0];
}

// Whether what it belongs to stays, and is taken off what the other one belongs to: a partition that is detached.
function severed(fates: Fates, fact: Fact, other: string): boolean {
  const link = linkAbove(fates.before, fact, fates.before.facts.get(other));
  return link !== undefined && fates.goes(link) && !fates.goes(fact.parent as string);
}

function comingEdges(graph: Graph, fates: Fates, { placed }: Relief, id: string): void {
  const mine = node('create', id);
  for (const needed of fates.after.needs.get(id)?.keys() ?? []) {
    const theirs = node('create', needed);
    // On a cycle, a placeholder is enough for the others, and only what fills it waits for them.
    const made = (waiting: string) =>
      placed.get(theirs)?.(waiting) === false ? node('fill', needed) : theirs;
    const waiting = (awaited: string) => (placed.get(mine)?.(awaited) ? node('fill', id) : mine);
    graph.edge(made(mine), waiting(theirs));
    graph.edge(made(node('alter', id)), node('alter', id));
    graph.edge(node('alter', needed), waiting(node('alter', needed)));
  }
}

// A name is free only once the object that had it is gone.
function slotEdges(graph: Graph, fates: Fates): void {
  const leaving = new Map<string, string>();
  for (const { id, from } of fates.all.values())
    if (from !== undefined && fates.goes(id))
      for (const slot of fates.kind(id).slots?.(from) ?? []) leaving.set(slot, id);
  for (const { id, to } of fates.all.values())
    if (to !== undefined && fates.comes(id))
      for (const slot of fates.kind(id).slots?.(to) ?? []) {
        const other = leaving.get(slot);
        if (other !== undefined && other !== id) graph.edge(node('drop', other), node('create', id));
      }
}

// What is to be merged when two facts are linked must be there before; what was inherited can go only after the link has.
function linkEdges(graph: Graph, fates: Fates, parts: ReadonlyMap<string, ReadonlySet<string>>): void {
  for (const { id, from, to, action } of fates.all.values()) {
    if (to !== undefined && to.parent !== null && action !== 'drop')
      for (const [upper, link] of uppers(fates, 'after', to))
        if (fates.comes(link) && upper !== null && !given(fates, link)) {
          graph.edge(node(action === 'alter' ? 'alter' : 'create', id), node('create', link));
          // What is not complete is passed over, and another one made in its place.
          for (const part of parts.get(id) ?? []) graph.edge(node('create', part), node('create', link));
        }
    if (from !== undefined && from.parent !== null && action !== 'create')
      for (const [, link] of uppers(fates, 'before', from))
        if (fates.goes(link)) graph.edge(node('drop', link), node(action === 'alter' ? 'alter' : 'drop', id));
  }
}

// Whether a link is part of the creation of what it links, which then makes what is inherited.
function given(fates: Fates, link: string): boolean {
  return fates.kind(link).inseparable === true && fates.comes(fates.after.facts.get(link)?.parent as string);
}

// The links that complete what they link to, and come or go, by that.
function completions(fates: Fates, deed: 'create' | 'drop'): Map<string, Set<string>> {
  const parts = new Map<string, Set<string>>();
  for (const [key, link] of fates[deed === 'create' ? 'after' : 'before'].links) {
    if (!fates.kind(link).completes || !(deed === 'create' ? fates.comes(link) : fates.goes(link))) continue;
    const whole = key.slice(key.indexOf('\n') + 1);
    parts.set(whole, (parts.get(whole) ?? new Set()).add(link));
  }
  return parts;
}

// Whoever refers to what others complete waits for all of them, except they themselves, and goes before them.
function completionEdges(graph: Graph, fates: Fates, coming: ReadonlyMap<string, ReadonlySet<string>>): void {
  const going = completions(fates, 'drop');
  if (coming.size + going.size === 0) return;
  const others = (parts: typeof coming, needed: string, id: string) => {
    const links = parts.get(needed);
    return links === undefined || links.has(id) ? [] : links;
  };
  for (const { id } of fates.all.values()) {
    for (const needed of fates.after.needs.get(id)?.keys() ?? [])
      for (const link of others(coming, needed, id)) graph.edge(node('create', link), node('create', id));
    for (const needed of fates.before.needs.get(id)?.keys() ?? [])
      for (const link of others(going, needed, id)) graph.edge(node('drop', id), node('drop', link));
  }
}

// The links of a fact's parent to the parents of what the fact is inherited from, or linked to.
function uppers(fates: Fates, side: 'before' | 'after', fact: Fact): [string | null, string][] {
  const { facts, links, needs } = fates[side];
  const above = [...fact.origins];
  for (const link of linksFrom(fates, side).get(fact.id) ?? [])
    for (const other of needs.get(link)?.keys() ?? [])
      if (links.get(edge(fact.id, other)) === link) above.push(other);
  return above.flatMap((origin): [string | null, string][] => {
    const link = linkAbove(fates[side], fact, facts.get(origin));
    return link === undefined ? [] : [[facts.get(origin)?.parent ?? null, link]];
  });
}

// The link between what two facts are parts of: their parents, or these' parents.
function linkAbove(catalog: Catalog, lower: Fact, upper: Fact | undefined): string | undefined {
  if (lower.parent === null || upper == null || upper.parent === null) return undefined;
  const next = catalog.facts.get(lower.parent);
  const link = catalog.links.get(edge(lower.parent, upper.parent));
  return link ?? (next && linkAbove(catalog, next, catalog.facts.get(upper.parent)));
}

const linkIndex = new WeakMap<ReadonlyMap<string, string>, Map<string, string[]>>();

function linksFrom(fates: Fates, side: 'before' | 'after'): Map<string, string[]> {
  const { links } = fates[side];
  let index = linkIndex.get(links);
  if (index === undefined) {
    index = new Map();
    for (const [key, link] of links) {
      const from = key.slice(0, key.indexOf('\n'));
      const known = index.get(from);
      if (known === undefined) index.set(from, [link]);
      else known.push(link);
    }
    linkIndex.set(links, index);
  }
  return index;
}

function mergeImplied(graph: Graph, fates: Fates, separate: ReadonlySet<string>): void {
  for (const { id, from, to, action } of fates.all.values()) {
    if (from !== undefined && fates.goes(id) && !separate.has(node('drop', id))) {
      const cause = causeOf(fates, id);
      if (cause !== undefined) graph.merge(node('drop', id), end(fates, cause));
      if (from.outlives)
        for (const origin of from.origins) graph.edge(node('drop', origin), node('drop', id));
    }
    if (to === undefined) continue;
    const [origin] = heirOf(fates, 'after', to);
    if (fates.comes(id)) {
      const made = heirOf(fates, 'after', to).find((other) => fates.comes(other));
      if (made !== undefined && to.outlives) graph.edge(node('create', id), node('create', made));
      else if (made !== undefined) graph.merge(node('create', id), node('create', made));
      else if (fates.kind(id).inseparable && fates.comes(to.parent as string))
        graph.merge(node('create', id), node('create', to.parent as string));
    } else if (action === 'alter' && origin !== undefined && inherits(fates, id, origin))
      graph.merge(node('alter', id), node('alter', origin));
  }
}

/** The origins whose commands reach this fact: those along links that are there throughout. */
function heirOf(fates: Fates, side: 'before' | 'after', fact: Fact): string[] {
  return fact.origins.filter((origin) => {
    const link = linkAbove(fates[side], fact, fates[side].facts.get(origin));
    return link !== undefined && !(side === 'before' ? fates.goes(link) : fates.comes(link));
  });
}

// Whether all that changes reaches this fact through its origin.
function inherits(fates: Fates, id: string, origin: string): boolean {
  const mine = fates.of(id);
  const theirs = fates.of(origin);
  const recurses = fates.kind(id).recurses ?? [];
  return (
    theirs?.action === 'alter' &&
    (mine?.attributes ?? []).every((name) => recurses.includes(name) && theirs.attributes.includes(name))
  );
}
