// The order around links between facts (a partition's attachment), and what reaches facts along them.
import { edgeKey } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import type { FactActions } from './actions.ts';
import type { Graph } from './graph.ts';
import { findLinkAbove } from './heirs.ts';
import { endsOf, linksFrom, linksTo } from './link-ends.ts';
import { pushTo } from './lists.ts';
import type { PlanNode } from './node.ts';
import { findRivals } from './rivals.ts';

/**
 * Adds the edges of links. Facts to merge must exist before their parents are linked, and an inherited fact
 * can go only after the link. A reference to an object that links complete waits for all of these links.
 */
export function addLinkEdges(graph: Graph<PlanNode>, fates: FactActions): void {
  const parts = completions(fates, 'create');
  mergingEdges(graph, fates, parts);
  keepingEdges(graph, fates);
  turnEdges(graph, fates);
  passingEdges(graph, fates);
  completionEdges(graph, fates, parts);
}

function mergingEdges(
  graph: Graph<PlanNode>,
  fates: FactActions,
  parts: ReadonlyMap<string, ReadonlySet<string>>,
): void {
  for (const { id, from, to, action } of fates.all.values()) {
    if (to !== undefined && to.parent !== null && action !== 'drop')
      for (const [upper, link, above] of uppers(fates, 'after', to))
        if (fates.comes(link) && isLate(fates, to, above)) {
          graph.edge(fates.node('create', link), fates.node('create', above));
          graph.edge(fates.node('create', link), fates.node('create', id));
        } else if (fates.comes(link) && upper !== null && !given(fates, link)) {
          graph.edge(fates.node(action === 'alter' ? 'alter' : 'create', id), fates.node('create', link));
          // An incomplete fact is skipped, and the server creates another one in its place.
          for (const part of parts.get(id) ?? []) {
            const below = newBelow(fates, part, to);
            if (below === undefined) graph.edge(fates.node('create', part), fates.node('create', link));
            else graph.edge(fates.node('create', link), fates.node('create', below));
          }
        }
    if (to !== undefined && action === 'alter')
      for (const origin of findHeirs(fates, 'after', to))
        for (const op of from?.origins.includes(origin) ? [] : (['create', 'alter'] as const))
          graph.edge(fates.node('alter', id), fates.node(op, origin));
    if (to !== undefined && to.parent !== null && fates.kind(id).order?.mistakable && fates.comes(id))
      for (const link of linksFrom(fates, 'after').has(id)
        ? []
        : (linksFrom(fates, 'after').get(to.parent) ?? []))
        graph.edge(fates.node('create', link), fates.node('create', id));
    if (from !== undefined && from.parent !== null && action !== 'create')
      for (const [, link] of uppers(fates, 'before', from))
        if (fates.goes(link))
          graph.edge(fates.node('drop', link), fates.node(action === 'alter' ? 'alter' : 'drop', id));
  }
}

// The new link along which a part comes to a fact that is complete until then; undefined: the part has to be
// there before.
function newBelow(fates: FactActions, link: string, upper: Fact): string | undefined {
  const { after } = fates;
  const part = after.facts.get(after.facts.get(link)?.parent as string);
  const below = part && findLinkAbove(after, part, upper);
  return below && fates.comes(below) && !isLate(fates, part as Fact, upper.id) ? below : undefined;
}

// If the server can choose, it takes the first of several candidates for the first existing one.
function turnEdges(graph: Graph<PlanNode>, fates: FactActions): void {
  const parts = fates.contested.filter(({ part, upper }) => fates.comes(part.id) && !fates.comes(upper.id));
  const places = new Map(parts.map(({ part, upper }) => [part.id, upper.position]));
  for (const { part } of parts)
    for (const other of findRivals(fates.after, fates.kinds, part))
      if ((places.get(part.id) as number) < (places.get(other.id) ?? 0))
        graph.edge(fates.node('create', part.id), fates.node('create', other.id));
}

// The server creates the linkable parts that a new heir lacks; parts that the heir must lack are dropped
// after that.
function passingEdges(graph: Graph<PlanNode>, fates: FactActions): void {
  for (const { id, to } of fates.all.values())
    if (to !== undefined && fates.kind(id).order?.mistakable && fates.comes(id))
      for (const link of lacking(fates, to))
        if (fates.comes(link)) graph.edge(fates.node('create', link), fates.node('create', id));
}

// The links to heirs that have no counterpart of a fact, or one that is not complete itself.
function lacking(fates: FactActions, fact: Fact): string[] {
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

// An inherited part that stays is detached before it is changed or dropped. A change of its origin detaches
// it, too, if the part does not inherit from it any more.
function keepingEdges(graph: Graph<PlanNode>, fates: FactActions): void {
  for (const { id, action, from, to } of fates.all.values())
    for (const origin of from === undefined ? [] : findHeirs(fates, 'before', from))
      if (!to?.origins.includes(origin))
        graph.edge(fates.node('alter', origin), fates.node(action === 'alter' ? 'alter' : 'drop', id));
  for (const { id } of fates.all.values())
    for (const { heir, link } of fates.goes(id) ? fates.heirs(id) : []) {
      if (fates.goes(link)) {
        if (!fates.goes(heir) || !fates.goes(`${fates.before.facts.get(heir)?.parent}`))
          graph.edge(fates.node('drop', link), fates.node('drop', id));
      } else if (fates.dropsAlone(id) || !fates.goes(heir)) {
        graph.edge(fates.node('drop', id), fates.node('alter', heir));
        graph.edge(fates.node('drop', id), fates.node('drop', heir));
      }
    }
}

/** New links before old ones of the same fact, where their kind wishes so. */
export function findOverlaps(fates: FactActions): [PlanNode, PlanNode][] {
  const going = new Map<string, string[]>();
  for (const { id, from } of fates.all.values())
    if (from !== undefined && fates.goes(id) && fates.kind(id).order?.overlaps)
      pushTo(going, `${from.kind} ${from.parent}`, id);
  return [...fates.all.values()].flatMap(({ id, to }) =>
    (to !== undefined && fates.comes(id) ? (going.get(`${to.kind} ${to.parent}`) ?? []) : [])
      .filter((old) => old !== id)
      .map((old): [PlanNode, PlanNode] => [fates.node('create', id), fates.node('drop', old)]),
  );
}

/**
 * A link above comes before those below: the server passes some of its parts only to the next level
 * (identity, to existing partitions).
 */
export function orderDownward(fates: FactActions): [PlanNode, PlanNode][] {
  const { facts, needs, links } = fates.after;
  const isNew = (link: string) => fates.comes(link) && !fates.kind(link).order?.completes;
  return [...fates.all.keys()].filter(isNew).flatMap((id) => {
    const heir = facts.get(id)?.parent as string;
    const above = [...(needs.get(id)?.keys() ?? [])].filter(
      (other) => links.get(edgeKey(heir, other)) === id,
    );
    return above
      .flatMap((other) => linksFrom(fates, 'after').get(other) ?? [])
      .filter(isNew)
      .map((link): [PlanNode, PlanNode] => [fates.node('create', link), fates.node('create', id)]);
  });
}

/** Facts that a link passes on are ready before it, and change or go only after it has gone. */
export function orderAlongLinks(fates: FactActions): [PlanNode, PlanNode][] {
  return [...fates.all.values()].flatMap(({ id, from, to, action }) => {
    const coming =
      to === undefined || to.parent === null || action === 'drop' ? [] : uppers(fates, 'after', to);
    const going = from === undefined || from.parent === null ? [] : uppers(fates, 'before', from);
    return [
      ...coming.flatMap(([, link, above]): [PlanNode, PlanNode][] => {
        if (!fates.comes(link) || isLate(fates, to as Fact, above)) return [];
        const heir = fates.after.facts.get(link)?.parent as string;
        const last = fates.node('create', given(fates, link) ? heir : link);
        // No other object may have the name that the server will derive from an origin.
        return [last, fates.node('create', heir)].flatMap((next): [PlanNode, PlanNode][] => [
          [fates.node('create', above), next],
          [fates.node('alter', above), next],
        ]);
      }),
      ...going.flatMap(([, link, above]): [PlanNode, PlanNode][] =>
        fates.goes(link)
          ? [
              [fates.node('drop', link), fates.node('drop', above)],
              [fates.node('drop', link), fates.node('alter', above)],
            ]
          : [],
      ),
      // A new fact is not passed on along a link that goes, nor is one that goes along a new link.
      ...linksTo(fates, 'before', to?.parent).map((link): [PlanNode, PlanNode] => [
        fates.node('drop', link),
        fates.node('create', id),
      ]),
      ...linksTo(fates, 'after', from?.parent).map((link): [PlanNode, PlanNode] => [
        fates.node('drop', id),
        fates.node('create', link),
      ]),
    ];
  });
}

// A fact that the server could mistake for another one when it links their parents is created afterwards,
// together with the facts above it. So is an incomplete fact, which the server skips.
function isLate(fates: FactActions, fact: Fact, above: string): boolean {
  const upper = fates.after.facts.get(above);
  if (
    !fates.kind(fact.id).order?.mistakable ||
    upper === undefined ||
    upper.parent === null ||
    !fates.comes(above)
  )
    return false;
  if (lacking(fates, fact).length > 0) return true;
  if (!fates.comes(upper.parent) || findRivals(fates.after, fates.kinds, upper).length > 1) return true;
  return uppers(fates, 'after', upper).some(
    ([, link, top]) => fates.comes(link) && isLate(fates, upper, top),
  );
}

// True if a link is part of the creation of its heir, which then creates the inherited facts.
function given(fates: FactActions, link: string): boolean {
  return (
    fates.kind(link).inline?.inseparable === true &&
    fates.comes(fates.after.facts.get(link)?.parent as string)
  );
}

// The links that complete their target, and that the plan creates or drops.
function completions(fates: FactActions, op: 'create' | 'drop'): Map<string, Set<string>> {
  const parts = new Map<string, Set<string>>();
  for (const [key, link] of fates[op === 'create' ? 'after' : 'before'].links) {
    if (!fates.kind(link).order?.completes || !(op === 'create' ? fates.comes(link) : fates.goes(link)))
      continue;
    const whole = key.slice(key.indexOf('\n') + 1);
    parts.set(whole, (parts.get(whole) ?? new Set()).add(link));
  }
  return parts;
}

// A reference to a fact that others complete waits for all of them, and goes before them.
function completionEdges(
  graph: Graph<PlanNode>,
  fates: FactActions,
  coming: ReadonlyMap<string, ReadonlySet<string>>,
): void {
  const going = completions(fates, 'drop');
  if (coming.size + going.size === 0) return;
  const others = (parts: typeof coming, needed: string, id: string) => {
    const links = parts.get(needed);
    return links === undefined || links.has(id) ? [] : links;
  };
  for (const { id } of fates.all.values()) {
    for (const needed of fates.after.needs.get(id)?.keys() ?? [])
      for (const link of others(coming, needed, id))
        if (!isOwnPart(fates, id, needed, link))
          graph.edge(fates.node('create', link), fates.node('create', id));
    for (const needed of fates.before.needs.get(id)?.keys() ?? [])
      for (const link of others(going, needed, id))
        graph.edge(fates.node('drop', id), fates.node('drop', link));
  }
}

// True if the target of a link is itself linked, and the other end is created by the later link.
function isOwnPart(fates: FactActions, id: string, needed: string, link: string): boolean {
  const fact = fates.after.facts.get(needed) as Fact;
  const isLink = fates.kind(id).order?.completes && fates.after.facts.get(id)?.parent === needed;
  return isLink === true && newBelow(fates, link, fact) !== undefined;
}

// The links from a fact's parent to the parents of its origins or linked facts, with the fact at the other
// end.
function uppers(
  fates: FactActions,
  side: 'before' | 'after',
  fact: Fact,
): [upper: string | null, link: string, above: string][] {
  const { facts, links, needs } = fates[side];
  const above = [...fact.origins];
  for (const link of linksFrom(fates, side).get(fact.id) ?? [])
    for (const other of needs.get(link)?.keys() ?? [])
      if (links.get(edgeKey(fact.id, other)) === link) above.push(other);
  return above.flatMap((origin): [string | null, string, string][] => {
    const link = findLinkAbove(fates[side], fact, facts.get(origin));
    return link === undefined ? [] : [[facts.get(origin)?.parent ?? null, link, origin]];
  });
}

/** The origins whose commands reach this fact: those along links that are there throughout. */
export function findHeirs(fates: FactActions, side: 'before' | 'after', fact: Fact): string[] {
  return fact.origins.filter((origin) => {
    const link = findLinkAbove(fates[side], fact, fates[side].facts.get(origin));
    return link !== undefined && !(side === 'before' ? fates.goes(link) : fates.comes(link));
  });
}

/** Those of them that a fact of the state after had before, too: their changes reach it. */
export function findReaching(fates: FactActions, fact: Fact): string[] {
  const had = fates.before.facts.get(fact.id)?.origins ?? [];
  return findHeirs(fates, 'after', fact).filter((origin) => had.includes(origin));
}
