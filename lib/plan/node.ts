// The nodes of a plan's graph: what is done with which fact.

/**
 * What a node of the plan's graph does: `finish` drops what was put aside, `fill` makes of a placeholder what is wanted,
 * and `empty` makes a placeholder of what is going to be dropped.
 */
export type Deed = 'drop' | 'alter' | 'create' | 'finish' | 'fill' | 'empty';

/** The node's name: the deed and the fact's id. */
export function node(deed: Deed, id: string): string {
  return `${deed} ${id}`;
}
