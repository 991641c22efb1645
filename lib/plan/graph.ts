// A graph of nodes that can be merged, and its order.

/** Nodes, and `before → after` edges among them; merged nodes act as one. */
export class Graph<Node> {
  readonly #leader = new Map<Node, Node>();
  readonly #edges = new Map<Node, Set<Node>>();

  add(node: Node): void {
    if (!this.#leader.has(node)) this.#leader.set(node, node);
  }

  has(node: Node): boolean {
    return this.#leader.has(node);
  }

  /** The node that represents this one. */
  leader(node: Node): Node {
    let at = node;
    for (let up = this.#leader.get(at); up !== undefined && up !== at; up = this.#leader.get(at)) at = up;
    return at;
  }

  /** `node` happens together with `leader`. Both must have been added. */
  merge(node: Node, leader: Node): void {
    const a = this.leader(node);
    const b = this.leader(leader);
    if (a !== b) this.#leader.set(a, b);
  }

  /** `first` happens before `second`. Edges to nodes that were never added are dropped. */
  edge(first: Node, second: Node): void {
    if (!this.has(first) || !this.has(second)) return;
    const out = this.#edges.get(first);
    if (out === undefined) this.#edges.set(first, new Set([second]));
    else out.add(second);
  }

  /** Merged nodes that tie their leader to another one of `stuck`, to which it is not tied itself. */
  ties(stuck: ReadonlySet<Node>): Node[] {
    const leaders = (node: Node) => [...(this.#edges.get(node) ?? [])].map((second) => this.leader(second));
    return [...this.#edges.keys()].filter((first) => {
      const mine = this.leader(first);
      if (mine === first || !stuck.has(mine)) return false;
      const own = new Set([mine, ...leaders(mine)]);
      return leaders(first).some((other) => !own.has(other) && stuck.has(other));
    });
  }

  /** The edges among leaders. */
  successors(): Map<Node, Set<Node>> {
    const merged = new Map<Node, Set<Node>>();
    for (const node of this.#leader.keys()) if (this.leader(node) === node) merged.set(node, new Set());
    for (const [first, seconds] of this.#edges) {
      const a = this.leader(first);
      for (const second of seconds) {
        const b = this.leader(second);
        if (a !== b) merged.get(a)?.add(b);
      }
    }
    return merged;
  }
}

/**
 * Orders nodes so that every edge points forward; among nodes that could come next, the least by `compare`
 * comes.
 * @returns the order, and the nodes on cycles and between them, none unless rules contradict
 */
export function sort<Node>(
  successors: ReadonlyMap<Node, ReadonlySet<Node>>,
  compare: (a: Node, b: Node) => number,
): { readonly order: Node[]; readonly stuck: Node[] } {
  const waiting = new Map<Node, number>();
  for (const node of successors.keys()) waiting.set(node, 0);
  for (const out of successors.values())
    for (const node of out) waiting.set(node, (waiting.get(node) ?? 0) + 1);
  const ready = new Heap(
    [...waiting].filter(([, count]) => count === 0).map(([node]) => node),
    compare,
  );
  const order: Node[] = [];
  for (let node = ready.take(); node !== undefined; node = ready.take()) {
    order.push(node);
    waiting.delete(node);
    for (const next of successors.get(node) ?? []) {
      const left = (waiting.get(next) as number) - 1;
      waiting.set(next, left);
      if (left === 0) ready.put(next);
    }
  }
  return { order, stuck: onCycles(successors, new Set(waiting.keys())) };
}

/** The nodes on cycles through one node, itself included. */
export function cycleThrough<Node>(
  successors: ReadonlyMap<Node, ReadonlySet<Node>>,
  node: Node,
): ReadonlySet<Node> {
  const predecessors = new Map<Node, Set<Node>>();
  const behind = reachable(successors, node);
  for (const first of behind)
    for (const second of successors.get(first) ?? [])
      predecessors.set(second, (predecessors.get(second) ?? new Set()).add(first));
  return reachable(predecessors, node);
}

function reachable<Node>(edges: ReadonlyMap<Node, ReadonlySet<Node>>, start: Node): Set<Node> {
  const found = new Set([start]);
  // It grows while it is walked.
  for (const at of found) for (const next of edges.get(at) ?? []) found.add(next);
  return found;
}

// A node that only comes after a cycle is not part of it.
function onCycles<Node>(successors: ReadonlyMap<Node, ReadonlySet<Node>>, stuck: Set<Node>): Node[] {
  for (let before = -1; before !== stuck.size; ) {
    before = stuck.size;
    for (const node of stuck)
      if (![...(successors.get(node) ?? [])].some((next) => stuck.has(next))) stuck.delete(node);
  }
  return [...stuck];
}

class Heap<Item> {
  readonly #items: Item[] = [];
  readonly #compare: (a: Item, b: Item) => number;

  constructor(items: readonly Item[], compare: (a: Item, b: Item) => number) {
    this.#compare = compare;
    for (const item of items) this.put(item);
  }

  put(item: Item): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (this.#compare(items[up] as Item, item) <= 0) break;
      items[at] = items[up] as Item;
      at = up;
    }
    items[at] = item;
  }

  take(): Item | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return top;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= items.length) break;
      if (down + 1 < items.length && this.#compare(items[down + 1] as Item, items[down] as Item) < 0) down++;
      if (this.#compare(last, items[down] as Item) <= 0) break;
      items[at] = items[down] as Item;
      at = down;
    }
    items[at] = last;
    return top;
  }
}
