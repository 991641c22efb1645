// Statements that may wait for a lock without a limit, because they do not block readers or writers.
import { loadParser } from './parser.ts';
import { type Node, runsConcurrently } from './statement.ts';

/**
 * True if a statement takes only a lock that allows reads and writes: CONCURRENTLY, VALIDATE CONSTRAINT,
 * VACUUM (manual: "Table-Level Locks", SHARE UPDATE EXCLUSIVE). False for text that is not a statement.
 */
export async function isNonBlocking(sql: string): Promise<boolean> {
  const parser = await loadParser();
  try {
    const { stmts = [] } = parser.parseSync(sql);
    const nodes = stmts.map(({ stmt }) => Object.entries(stmt ?? {})[0] as [string, Node]);
    return nodes.length > 0 && nodes.every(([tag, node]) => harmless(tag, node));
  } catch {
    return false;
  }
}

function harmless(tag: string, node: Node): boolean {
  if (runsConcurrently(tag, node) || tag === 'VacuumStmt') return true;
  const text = JSON.stringify(node);
  if (tag === 'ReindexStmt') return text.includes('"defname":"concurrently"');
  const subtypes = text.match(/"subtype":"\w+"/g) ?? [];
  return tag === 'AlterTableStmt' && subtypes.every((one) => one === '"subtype":"AT_ValidateConstraint"');
}
