// The relations whose rows a statement changes.
import type { PlacedTree } from './parse.ts';
import { childOf, collectNodes, listTagged } from './tree.ts';

/** A relation as a statement names it. */
export interface WrittenRelation {
  /** null: it is found by the search path. */
  readonly schema: string | null;
  readonly name: string;
}

const writing = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'TruncateStmt', 'CopyStmt']);
// These can have a writing statement inside. A rule or a routine runs its statements later.
const around = new Set(['SelectStmt', 'CreateTableAsStmt']);

/** The relations whose rows a statement changes itself, not by routines, blocks and triggers. */
export function listWritten({ tag, node }: Pick<PlacedTree, 'tag' | 'node'>): WrittenRelation[] {
  if (!writing.has(tag) && !around.has(tag)) return [];
  const found = collectNodes({ [tag]: node }, (one) => writing.has(one));
  const relations = found.flatMap(([one, of]) => {
    if (one === 'TruncateStmt') return listTagged(of.relations, 'RangeVar');
    return one === 'CopyStmt' && of.is_from !== true ? [] : [childOf(of, 'relation')];
  });
  return relations.flatMap(({ schemaname, relname }) =>
    typeof relname === 'string'
      ? [{ schema: typeof schemaname === 'string' ? schemaname : null, name: relname }]
      : [],
  );
}
