// Which statements may wait for a lock as long as it takes, because nobody who reads or writes waits behind them.
import { loadParser } from './parser.ts';
import { type Node, runsConcurrently } from './statement.ts';

/**
 * Whether a statement takes but a lock that goes with reading and writing: CONCURRENTLY, VALIDATE CONSTRAINT, VACUUM
 * (manual: "Table-Level Locks", SHARE UPDATE EXCLUSIVE). What is no statement is not.
 */
export async function isPatient(sql: string): Promise<boolean> {
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
