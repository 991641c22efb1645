// The nodes of a plan's graph: an operation on a fact.

/**
 * The operation of a node: `finish` drops an object that was set aside, `fill` turns a placeholder into the
 * wanted object, and `empty` turns an object into a placeholder before its drop.
 */
export type Operation = 'drop' | 'alter' | 'create' | 'finish' | 'fill' | 'empty';

/**
 * One operation on one fact. A plan has one object for each node (`PlanNodes`), so that nodes are map
 * keys.
 */
export interface PlanNode {
  readonly op: Operation;
  /** The fact's id. */
  readonly fact: string;
}

/** The nodes of one plan. */
export class PlanNodes {
  readonly #known = new Map<Operation, Map<string, PlanNode>>();

  /** The node of an operation on a fact: the same object each time. */
  of(op: Operation, fact: string): PlanNode {
    const nodes = this.#known.get(op);
    if (nodes === undefined) {
      this.#known.set(op, new Map());
      return this.of(op, fact);
    }
    const known = nodes.get(fact);
    if (known !== undefined) return known;
    const node = { op, fact };
    nodes.set(fact, node);
    return node;
  }
}

/** The order of nodes that nothing else orders: the same for every run. */
export function byName(a: PlanNode, b: PlanNode): number {
  if (a.op !== b.op) return a.op < b.op ? -1 : 1;
  return a.fact < b.fact ? -1 : 1;
}
