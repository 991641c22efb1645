// An order of a plan for people: related objects stand together, if their dependencies allow it.
import { getParent } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import type { FactActions } from './actions.ts';
import { byName, type PlanNode } from './node.ts';

/** The wanted reading order of a plan. */
export interface ReadingOrder {
  /** The order of two facts if nothing else decides it. */
  compare(a: Fact, b: Fact): number;
  /**
   * The id of the fact that this one follows at once, when it can: a comment its table; its own where it
   * stands alone.
   */
  head(fact: Fact): string;
  /** Pairs of facts where the text of one names the other: the named one comes first, if possible. */
  readonly mentions: readonly (readonly [fact: string, named: string])[];
}

/**
 * Named objects should come before the texts that name them. For texts that may run at once, this wish is
 * given up last.
 */
export function orderNamedFirst(
  fates: FactActions,
  { mentions }: ReadingOrder,
): { readonly weak: [PlanNode, PlanNode][]; readonly strong: [PlanNode, PlanNode][] } {
  const wishes = mentions
    .filter(([id, named]) => id !== named && fates.comes(id) && fates.comes(named))
    .map(([id, named]) => ({
      wish: [fates.node('create', named), fates.node('create', id)] as [PlanNode, PlanNode],
      isText: fates.kind(named).opaque !== undefined,
    }));
  const chosen = (text: boolean) => wishes.filter(({ isText }) => isText === text).map(({ wish }) => wish);
  return { weak: chosen(false), strong: chosen(true) };
}

/**
 * Dependencies of the parts of an object should come before the object, so that its statement can contain the
 * parts: tables come after the tables that they refer to.
 */
export function orderPartsFirst(fates: FactActions): [first: PlanNode, second: PlanNode][] {
  const inside = (fact: Fact | undefined, whole: string): boolean =>
    fact !== undefined && (fact.id === whole || inside(getParent(fates.after, fact), whole));
  return [...fates.all.values()].flatMap(({ id, to }) => {
    const whole = to?.parent ?? null;
    if (
      whole === null ||
      !fates.comes(id) ||
      !fates.comes(whole) ||
      fates.kind(id).inline?.clause === undefined
    )
      return [];
    return [...(fates.after.needs.get(id)?.keys() ?? [])]
      .filter((needed) => fates.comes(needed) && !inside(fates.after.facts.get(needed), whole))
      .map((needed): [PlanNode, PlanNode] => [fates.node('create', needed), fates.node('create', whole)]);
  });
}

/** The nodes in reading order: each after its dependencies, directly followed by what belongs to it. */
export function arrangeForReading(
  successors: ReadonlyMap<PlanNode, ReadonlySet<PlanNode>>,
  fates: FactActions,
  { compare, head }: ReadingOrder,
): PlanNode[] {
  const factOf = (node: PlanNode): Fact => {
    const fate = fates.of(node.fact);
    return (fate?.to ?? fate?.from) as Fact;
  };
  const inOrder = (nodes: Iterable<PlanNode>) =>
    [...nodes].sort((a, b) => compare(factOf(a), factOf(b)) || byName(a, b));
  const needed = new Map<PlanNode, Set<PlanNode>>();
  const followers = new Map<string, PlanNode[]>();
  for (const [node, next] of successors) {
    for (const other of next) needed.set(other, (needed.get(other) ?? new Set()).add(node));
    const leader = head(factOf(node));
    followers.set(leader, [...(followers.get(leader) ?? []), node]);
  }
  const order: PlanNode[] = [];
  const done = new Set<PlanNode>();
  const told = new Set<string>();
  const isReady = (node: PlanNode) =>
    !done.has(node) && [...(needed.get(node) ?? [])].every((other) => done.has(other));
  const emit = (node: PlanNode): void => {
    order.push(node);
    done.add(node);
    told.add(node.fact);
    const late = [...(successors.get(node) ?? [])].filter((other) => told.has(head(factOf(other))));
    for (const other of inOrder(new Set([...(followers.get(node.fact) ?? []), ...late])))
      if (isReady(other)) emit(other);
  };
  const visit = (node: PlanNode): void => {
    if (done.has(node)) return;
    for (const other of inOrder(needed.get(node) ?? [])) visit(other);
    if (!done.has(node)) emit(node);
  };
  for (const node of inOrder(successors.keys())) visit(node);
  return order;
}
