// Writes children as clauses of their parent's creation instead of as separate statements.
import type { Fact } from '../model/fact.ts';
import type { FactActions } from './actions.ts';
import type { Graph } from './graph.ts';
import { pushTo } from './lists.ts';
import type { PlanNode } from './node.ts';

/** Children whose clauses a creation carries, by the parent's id, in their order. */
export type InlinedClauses = ReadonlyMap<string, readonly Fact[]>;

/** The actions of a plan in their order, with the creations that are inlined into others. */
export interface OrderedActions {
  readonly fates: FactActions;
  readonly graph: Graph<PlanNode>;
  readonly order: readonly PlanNode[];
  readonly folded: InlinedClauses;
}

/**
 * Inlines a creation into its parent's if it waits only for nodes before the parent, or for inlined ones. The
 * order stays valid, because nodes that wait for it also come after the parent.
 */
export function inlineClauses(
  fates: FactActions,
  graph: Graph<PlanNode>,
  order: readonly PlanNode[],
): OrderedActions {
  const successors = graph.successors();
  // The place of each node: its index in the order or, once inlined, that of its parent.
  const place = new Map(order.map((node, index) => [node, index]));
  const latest = new Map<PlanNode, number>();
  const folded = new Set<string>();
  for (const node of order) {
    const fact = node.op === 'create' ? fates.of(node.fact)?.to : undefined;
    const host = fact && foldable(fates, graph, fact) ? hostOf(fates, graph, fact) : undefined;
    const hosted = host === undefined ? undefined : place.get(host);
    if (fact !== undefined && hosted !== undefined && (latest.get(node) ?? -1) <= hosted) {
      folded.add(fact.id);
      place.set(node, hosted);
    }
    const mine = place.get(node) as number;
    for (const next of successors.get(node) ?? []) latest.set(next, Math.max(latest.get(next) ?? -1, mine));
  }
  return { fates, graph, order, folded: byParent(fates, graph, folded) };
}

function hostOf(fates: FactActions, graph: Graph<PlanNode>, { parent }: Fact): PlanNode {
  return graph.leader(fates.node('create', parent as string));
}

function foldable(fates: FactActions, graph: Graph<PlanNode>, fact: Fact): boolean {
  const scope = { ...fates.scope, clauses: [] };
  const { clause } = fates.kind(fact.id).inline ?? {};
  if (clause === undefined || fact.parent === null || !fates.comes(fact.parent)) return false;
  const host = fates.of(fact.parent)?.to as Fact;
  const words = clause(fact, scope);
  if (words === null || implied(fates, graph, fact.parent)) return false;
  return words === '' || fates.kind(host.id).inline?.clause?.(host, scope) !== '';
}

// A fact that the server creates with its origin, or implicitly, has no text that could contain a clause.
function implied(fates: FactActions, graph: Graph<PlanNode>, id: string): boolean {
  const leader = graph.leader(fates.node('create', id));
  const parent = fates.of(id)?.to?.parent;
  return (
    leader !== fates.node('create', id) &&
    (parent == null || leader !== graph.leader(fates.node('create', parent)))
  );
}

function byParent(fates: FactActions, graph: Graph<PlanNode>, folded: ReadonlySet<string>): InlinedClauses {
  const children = new Map<string, Fact[]>();
  for (const { id, to } of fates.all.values()) {
    if (to === undefined || to.parent === null || !fates.comes(id)) continue;
    const merged =
      graph.leader(fates.node('create', id)) !== fates.node('create', id) &&
      foldable(fates, graph, to) &&
      graph.leader(fates.node('create', id)) === hostOf(fates, graph, to);
    if (merged || folded.has(id)) pushTo(children, to.parent, to);
  }
  // Columns come before constraints, whatever their numbers.
  const ranks = new Map([...fates.kinds.keys()].map((name, index) => [name, index]));
  const rank = ({ kind }: Fact) => ranks.get(kind) as number;
  for (const facts of children.values()) facts.sort((a, b) => rank(a) - rank(b) || a.position - b.position);
  return children;
}
