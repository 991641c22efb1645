// Rules over access: locks, privileges, and the indexes that queries use.
import { qualify } from '../model/quote.ts';
import type { Hazard } from '../model/step.ts';
import { listTagged, relationPath } from '../sql/tree.ts';
import { listDropped, overObjects } from './object-rules.ts';
import { listCommands, type StatementRule } from './statement.ts';

// By the number of the mode (source: lockdefs.h): the sessions that wait. Writes take ROW EXCLUSIVE, SELECT
// FOR UPDATE takes ROW SHARE and SELECT takes ACCESS SHARE (manual: "Conflicting Lock Modes").
const waiting: Readonly<Record<number, readonly [sessions: string, hazards: readonly Hazard[]]>> = {
  5: ['Writes to the table', ['blocks_writes']],
  6: ['Writes to the table', ['blocks_writes']],
  7: ['Writes to the table and SELECT FOR UPDATE', ['blocks_writes']],
  8: ['Reads and writes of the table', ['blocks_writes', 'blocks_reads']],
};

const lockTable = overObjects({
  name: 'lock_table',
  level: 'warn',
  hazards: ['blocks_writes', 'blocks_reads'],
  flags: 'LOCK TABLE in a mode that writers or readers wait for',
  hint: 'Leave the lock to the statement that needs it, or keep the transaction short.',
  judge({ tag, node }) {
    const mode = tag === 'LockStmt' ? waiting[Number(node.mode)] : undefined;
    if (mode === undefined) return [];
    const [sessions, hazards] = mode;
    return listTagged(node.relations, 'RangeVar').map((one) => [
      qualify(relationPath(one)),
      `${sessions} wait until the transaction ends`,
      hazards,
    ]);
  },
});

const granting =
  /^(Grant|GrantRole|AlterOwner|AlterDefaultPrivileges|ReassignOwned|CreatePolicy|AlterPolicy)Stmt$/;
const securing = /RowSecurity$|^ChangeOwner$/;

const privileges = overObjects({
  name: 'privileges',
  level: 'allow',
  hazards: ['changes_privileges'],
  flags: 'GRANT, REVOKE, a policy, ROW LEVEL SECURITY and a change of the owner',
  hint: 'Check which roles can read and write the object afterwards.',
  judge(statement, scope) {
    const { tag, node } = statement;
    const message = 'The statement changes which roles may use the object';
    const isPolicy = tag === 'DropStmt' && node.removeType === 'OBJECT_POLICY';
    if (granting.test(tag) || isPolicy) return [[null, message]];
    const commands = listCommands(statement, scope).filter(({ is }) => securing.test(is));
    return commands.slice(0, 1).map(({ table }) => [table, message]);
  },
});

const dropIndex = overObjects({
  name: 'drop_index',
  level: 'allow',
  hazards: ['slows_queries'],
  flags: 'DROP INDEX and DROP CONSTRAINT',
  hint: 'Check that no query needs the index, and that no program relies on the constraint.',
  judge(statement, scope) {
    const { tag, node } = statement;
    const message = 'Queries that use the index read the whole table';
    if (tag === 'DropStmt' && node.removeType === 'OBJECT_INDEX')
      return listDropped(node).map((name) => [name, message]);
    const commands = listCommands(statement, scope).filter(({ is }) => is === 'DropConstraint');
    return commands
      .slice(0, 1)
      .map(({ table }) => [
        table,
        'New rows may break the rule of the constraint; the index of a key or an exclusion goes with it',
      ]);
  },
});

/** The rules over access. */
export const accessRules: readonly StatementRule[] = [lockTable, privileges, dropIndex];
