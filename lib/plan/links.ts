// What links between facts (a partition's attachment) ask of the order, and what reaches facts along them.
import { edge } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import { type Fates, push } from './actions.ts';
import type { Graph } from './graph.ts';
import { linkAbove } from './heirs.ts';
import { node } from './node.ts';
import { rivals } from './rivals.ts';

/**
 * Adds the edges that come of links: what is to be merged when two facts are linked must be there before, and what was
 * inherited can go only after the link has; whoever refers to what links complete waits for all of these.
 */
export function linkEdges(graph: Graph, fates: Fates): void {
  const parts = completions(fates, 'create');
  mergingEdges(graph, fates, parts);
  keepingEdges(graph, fates);
  turnEdges(graph, fates);
  passingEdges(graph, fates);
  completionEdges(graph, fates, parts);
}

function mergingEdges(graph: Graph, fates: Fates, parts: ReadonlyMap<string, ReadonlySet<string>>): void {
  for (const { id, from, to, action } of fates.all.values()) {
    if (to !== undefined && to.parent !== null && action !== 'drop')
      for (const [upper, link, above] of uppers(fates, 'after', to))
        if (fates.comes(link) && isLate(fates, to, above)) {
          graph.edge(node('create', link), node('create', above));
          graph.edge(node('create', link), node('create', id));
        } else if (fates.comes(link) && upper !== null && !given(fates, link)) {
          graph.edge(node(action === 'alter' ? 'alter' : 'create', id), node('create', link));
          // What is not complete is passed over, and another one made in its place.
          for (const part of parts.get(id) ?? []) {
            const below = newBelow(fates, part, to);
            if (below === undefined) graph.edge(node('create', part), node('create', link));
            else graph.edge(node('create', link), node('create', below));
          }
        }
    if (to !== undefined && to.parent !== null && fates.kind(id).mistakable && fates.comes(id))
      for (const link of linksFrom(fates, 'after').has(id)
        ? []
        : (linksFrom(fates, 'after').get(to.parent) ?? []))
        graph.edge(node('create', link), node('create', id));
    if (from !== undefined && from.parent !== null && action !== 'create')
      for (const [, link] of uppers(fates, 'before', from))
        if (fates.goes(link)) graph.edge(node('drop', link), node(action === 'alter' ? 'alter' : 'drop', id));
  }
}

// The new link along which a part comes to a fact that is complete until then; undefined: the part has to be there before.
function newBelow(fates: Fates, link: string, upper: Fact): string | undefined {
  const { after } = fates;
  const part = after.facts.get(after.facts.get(link)?.parent as string);
  const below = part && linkAbove(after, part, upper);
  return below && fates.comes(below) && !isLate(fates, part as Fact, upper.id) ? below : undefined;
}

// Where the server chooses, the first of several fits the first of those that are there already.
function turnEdges(graph: Graph, fates: Fates): void {
  const parts = fates.contested.filter(({ part, upper }) => fates.comes(part.id) && !fates.comes(upper.id));
  const places = new Map(parts.map(({ part, upper }) => [part.id, upper.position]));
  for (const { part } of parts)
    for (const other of rivals(fates.after, fates.kinds, part))
      if ((places.get(part.id) as number) < (places.get(other.id) ?? 0))
        graph.edge(node('create', part.id), node('create', other.id));
}

// The server makes what a new heir lacks of what can be linked; what an heir is to lack comes after that.
function passingEdges(graph: Graph, fates: Fates): void {
  for (const { id, to } of fates.all.values())
    if (to !== undefined && fates.kind(id).mistakable && fates.comes(id))
      for (const link of lacking(fates, to))
        if (fates.comes(link)) graph.edge(node('create', link), node('create', id));
}

// The links to heirs that have no counterpart of a fact, or one that is not complete itself.
function lacking(fates: Fates, fact: Fact): string[] {
  const { facts, links } = fates.after;
  const heirs = endsOf(links).to.get(fact.parent as string) ?? [];
  if (heirs.length === 0) return [];
  const parts = new Map(
    (endsOf(links).to.get(fact.id) ?? []).map((link) => {
      const part = facts.get(facts.get(link)?.parent as string);
      return [part?.parent, part];
    }),
  );
  return heirs.filter((link) => {
    const part = parts.get(facts.get(link)?.parent);
    return part === undefined || lacking(fates, part).length > 0;
  });
}

// What stays of what is inherited is let go of first, and only then changes or goes by itself.
function keepingEdges(graph: Graph, fates: Fates): void {
  for (const { id } of fates.all.values())
    for (const { heir, link } of fates.goes(id) ? fates.heirs(id) : []) {
      if (fates.goes(link)) {
        if (!fates.goes(heir)) graph.edge(node('drop', link), node('drop', id));
      } else if (fates.dropsAlone(id) || !fates.goes(heir)) {
        graph.edge(node('drop', id), node('alter', heir));
        graph.edge(node('drop', id), node('drop', heir));
      }
    }
}

/** New links before old ones of the same fact, where their kind wishes so. */
export function overlaps(fates: Fates): [string, string][] {
  const going = new Map<string, string[]>();
  for (const { id, from } of fates.all.values())
    if (from !== undefined && fates.goes(id) && fates.kind(id).overlaps)
      push(going, `${from.kind} ${from.parent}`, id);
  return [...fates.all.values()].flatMap(({ id, to }) =>
    (to !== undefined && fates.comes(id) ? (going.get(`${to.kind} ${to.parent}`) ?? []) : [])
      .filter((old) => old !== id)
      .map((old): [string, string] => [node('create', id), node('drop', old)]),
  );
}

/**
 * A link above before those below: the server hands some of what comes along it to the next level alone (identity, to what is
 * a partition already).
 */
export function downward(fates: Fates): [string, string][] {
  const { facts, needs, links } = fates.after;
  const isNew = (link: string) => fates.comes(link) && !fates.kind(link).completes;
  return [...fates.all.keys()].filter(isNew).flatMap((id) => {
    const heir = facts.get(id)?.parent as string;
    const above = [...(needs.get(id)?.keys() ?? [])].filter((other) => links.get(edge(heir, other)) === id);
    return above
      .flatMap((other) => linksFrom(fates, 'after').get(other) ?? [])
      .filter(isNew)
      .map((link): [string, string] => [node('create', link), node('create', id)]);
  });
}

/** What is inherited along a link is ready before it is there, and changes or goes only after it has gone. */
export function along(fates: Fates): [string, string][] {
  return [...fates.all.values()].flatMap(({ from, to, action }) => {
    const coming =
      to === undefined || to.parent === null || action === 'drop' ? [] : uppers(fates, 'after', to);
    const going = from === undefined || from.parent === null ? [] : uppers(fates, 'before', from);
    return [
      ...coming.flatMap(([, link, above]): [string, string][] => {
        if (!fates.comes(link) || isLate(fates, to as Fact, above)) return [];
        const heir = fates.after.facts.get(link)?.parent as string;
        const last = node('create', given(fates, link) ? heir : link);
        // What the server names after an origin must not have that name before.
        return [last, node('create', heir)].flatMap((next): [string, string][] => [
          [node('create', above), next],
          [node('alter', above), next],
        ]);
      }),
      ...going.flatMap(([, link, above]): [string, string][] =>
        fates.goes(link)
          ? [
              [node('drop', link), node('drop', above)],
              [node('drop', link), node('alter', above)],
            ]
          : [],
      ),
    ];
  });
}

// What can be mistaken for another one when its parent is linked is made after that, together with what is above it.
// So is what is not complete: the server passes it over.
function isLate(fates: Fates, fact: Fact, above: string): boolean {
  const upper = fates.after.facts.get(above);
  if (!fates.kind(fact.id).mistakable || upper === undefined || upper.parent === null || !fates.comes(above))
    return false;
  if (lacking(fates, fact).length > 0) return true;
  if (!fates.comes(upper.parent) || rivals(fates.after, fates.kinds, upper).length > 1) return true;
  return uppers(fates, 'after', upper).some(
    ([, link, top]) => fates.comes(link) && isLate(fates, upper, top),
  );
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
      for (const link of others(coming, needed, id))
        if (!isOwnPart(fates, id, needed, link)) graph.edge(node('create', link), node('create', id));
    for (const needed of fates.before.needs.get(id)?.keys() ?? [])
      for (const link of others(going, needed, id)) graph.edge(node('drop', id), node('drop', link));
  }
}

// Whether what a link completes is linked itself, and the other one comes along with what is linked later.
function isOwnPart(fates: Fates, id: string, needed: string, link: string): boolean {
  const fact = fates.after.facts.get(needed) as Fact;
  const isLink = fates.kind(id).completes && fates.after.facts.get(id)?.parent === needed;
  return isLink === true && newBelow(fates, link, fact) !== undefined;
}

// The links of a fact's parent to the parents of what the fact is inherited from, or linked to, with that.
function uppers(
  fates: Fates,
  side: 'before' | 'after',
  fact: Fact,
): [upper: string | null, link: string, above: string][] {
  const { facts, links, needs } = fates[side];
  const above = [...fact.origins];
  for (const link of linksFrom(fates, side).get(fact.id) ?? [])
    for (const other of needs.get(link)?.keys() ?? [])
      if (links.get(edge(fact.id, other)) === link) above.push(other);
  return above.flatMap((origin): [string | null, string, string][] => {
    const link = linkAbove(fates[side], fact, facts.get(origin));
    return link === undefined ? [] : [[facts.get(origin)?.parent ?? null, link, origin]];
  });
}

interface LinkEnds {
  readonly from: Map<string, string[]>;
  readonly to: Map<string, string[]>;
}

const ends = new WeakMap<ReadonlyMap<string, string>, LinkEnds>();

function endsOf(links: ReadonlyMap<string, string>): LinkEnds {
  let known = ends.get(links);
  if (known === undefined) {
    known = { from: new Map(), to: new Map() };
    for (const [key, link] of links) {
      const [from, to] = key.split('\n') as [string, string];
      push(known.from, from, link);
      push(known.to, to, link);
    }
    ends.set(links, known);
  }
  return known;
}

const linksFrom = (fates: Fates, side: 'before' | 'after') => endsOf(fates[side].links).from;

/** The origins whose commands reach this fact: those along links that are there throughout. */
export function heirOf(fates: Fates, side: 'before' | 'after', fact: Fact): string[] {
  return fact.origins.filter((origin) => {
    const link = linkAbove(fates[side], fact, fates[side].facts.get(origin));
    return link !== undefined && !(side === 'before' ? fates.goes(link) : fates.comes(link));
  });
}
