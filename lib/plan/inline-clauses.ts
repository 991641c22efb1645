// Which children are written as clauses of their parent's creation rather than as statements of their own.
import type { Fact } from '../model/fact.ts';
import type { Scope } from '../model/kind.ts';
import { type Fates, push } from './actions.ts';
import type { Graph } from './graph.ts';
import { node } from './node.ts';

/** Children whose clauses a creation carries, by the parent's id, in their order. */
export type Folded = ReadonlyMap<string, readonly Fact[]>;

/**
 * Folds those creations into their parent's that wait only for what comes before the parent anyway, or is folded into
 * it too. The order stays valid without them, because whatever waits for them comes after the parent as well.
 */
export function fold(fates: Fates, graph: Graph, order: readonly string[], scope: Scope): Folded {
  const successors = graph.successors();
  // Where each node is written: its place in the order or, once folded, that of its parent.
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

function foldable(fates: Fates, graph: Graph, fact: Fact, scope: Scope): boolean {
  const { clause } = fates.kind(fact.id);
  if (clause === undefined || fact.parent === null || !fates.comes(fact.parent)) return false;
  const host = fates.of(fact.parent)?.to as Fact;
  const words = clause(fact, { ...scope, clauses: [] });
  if (words === null || implied(fates, graph, fact.parent)) return false;
  return words === '' || fates.kind(host.id).clause?.(host, { ...scope, clauses: [] }) !== '';
}

// What the server makes along with an origin, or without a word, has no text that could carry a clause.
function implied(fates: Fates, graph: Graph, id: string): boolean {
  const leader = graph.leader(node('create', id));
  const parent = fates.of(id)?.to?.parent;
  return leader !== node('create', id) && (parent == null || leader !== graph.leader(node('create', parent)));
}

function byParent(fates: Fates, graph: Graph, folded: ReadonlySet<string>, scope: Scope): Folded {
  const children = new Map<string, Fact[]>();
  for (const { id, to } of fates.all.values()) {
    if (to === undefined || to.parent === null || !fates.comes(id)) continue;
    const merged =
      graph.leader(node('create', id)) !== node('create', id) &&
      foldable(fates, graph, to, scope) &&
      graph.leader(node('create', id)) === hostOf(graph, to);
    if (merged || folded.has(id)) push(children, to.parent, to);
  }
  // Columns before constraints, whatever their numbers.
  const ranks = new Map([...fates.kinds.keys()].map((name, index) => [name, index]));
  const rank = ({ kind }: Fact) => ranks.get(kind) as number;
  for (const facts of children.values()) facts.sort((a, b) => rank(a) - rank(b) || a.position - b.position);
  return children;
}
