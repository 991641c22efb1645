// Writes children as clauses of their parent's creation instead of as separate statements.
import type { Fact } from '../model/fact.ts';
import type { Scope } from '../model/kind.ts';
import { type FactActions, pushTo } from './actions.ts';
import type { Graph } from './graph.ts';
import { node } from './node.ts';

/** Children whose clauses a creation carries, by the parent's id, in their order. */
export type InlinedClauses = ReadonlyMap<string, readonly Fact[]>;

/**
 * Inlines a creation into its parent's if it waits only for nodes before the parent, or for inlined ones. The
 * order stays valid, because nodes that wait for it also come after the parent.
 */
export function inlineClauses(
  fates: FactActions,
  graph: Graph,
  order: readonly string[],
  scope: Scope,
): InlinedClauses {
  const successors = graph.successors();
  // The place of each node: its index in the order or, once inlined, that of its parent.
  const place = new Map(order.map((name, index) => [name, index]));
  const latest = new Map<string, number>();
  const folded = new Set<string>();
  for (const name of order) {
    const fact = name.startsWith('create ') ? fates.of(name.slice('create '.length))?.to : undefined;
    const host = fact && foldable(fates, graph, fact, scope) ? hostOf(graph, fact) : undefined;
    const hosted = host === undefined ? undefined : place.get(host);
    if (fact !== undefined && hosted !== undefined && (latest.get(name) ?? -1) <= hosted) {
      folded.add(fact.id);
      place.set(name, hosted);
    }
    const mine = place.get(name) as number;
    for (const next of successors.get(name) ?? []) latest.set(next, Math.max(latest.get(next) ?? -1, mine));
  }
  return byParent(fates, graph, folded, scope);
}

function hostOf(graph: Graph, { parent }: Fact): string {
  return graph.leader(node('create', parent as string));
}

function foldable(fates: FactActions, graph: Graph, fact: Fact, scope: Scope): boolean {
  const { clause } = fates.kind(fact.id).inline ?? {};
  if (clause === undefined || fact.parent === null || !fates.comes(fact.parent)) return false;
  const host = fates.of(fact.parent)?.to as Fact;
  const words = clause(fact, { ...scope, clauses: [] });
  if (words === null || implied(fates, graph, fact.parent)) return false;
  return words === '' || fates.kind(host.id).inline?.clause?.(host, { ...scope, clauses: [] }) !== '';
}

// A fact that the server creates with its origin, or implicitly, has no text that could contain a clause.
function implied(fates: FactActions, graph: Graph, id: string): boolean {
  const leader = graph.leader(node('create', id));
  const parent = fates.of(id)?.to?.parent;
  return leader !== node('create', id) && (parent == null || leader !== graph.leader(node('create', parent)));
}

function byParent(
  fates: FactActions,
  graph: Graph,
  folded: ReadonlySet<string>,
  scope: Scope,
): InlinedClauses {
  const children = new Map<string, Fact[]>();
  for (const { id, to } of fates.all.values()) {
    if (to === undefined || to.parent === null || !fates.comes(id)) continue;
    const merged =
      graph.leader(node('create', id)) !== node('create', id) &&
      foldable(fates, graph, to, scope) &&
      graph.leader(node('create', id)) === hostOf(graph, to);
    if (merged || folded.has(id)) pushTo(children, to.parent, to);
  }
  // Columns come before constraints, whatever their numbers.
  const ranks = new Map([...fates.kinds.keys()].map((name, index) => [name, index]));
  const rank = ({ kind }: Fact) => ranks.get(kind) as number;
  for (const facts of children.values()) facts.sort((a, b) => rank(a) - rank(b) || a.position - b.position);
  return children;
}
