// The nodes of a plan's graph: an operation and a fact.

/**
 * The operation of a node: `finish` drops an object that was set aside, `fill` turns a placeholder into the
 * wanted object, and `empty` turns an object into a placeholder before its drop.
 */
export type Deed = 'drop' | 'alter' | 'create' | 'finish' | 'fill' | 'empty';

/** The node's name: the deed and the fact's id. */
export function node(deed: Deed, id: string): string {
  return `${deed} ${id}`;
}
