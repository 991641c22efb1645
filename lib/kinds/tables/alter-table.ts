// Subcommands of ALTER TABLE that can share a statement with others of their table.
import type { Statement, Subcommand } from '../../model/step.ts';

/**
 * The statement of one of them.
 * @param table qualified, with `ONLY ` before it where heirs and partitions are not reached
 */
export function alterTable(
  table: string,
  action: string,
  pass: Subcommand['pass'],
  cost: Omit<Statement, 'sql' | 'part'> = {},
): Statement {
  const head = `ALTER TABLE ${table}`;
  const part = { table: `table:${table.replace(/^ONLY /, '')}`, head, action, pass };
  return { sql: `${head} ${action}`, ...cost, part };
}
