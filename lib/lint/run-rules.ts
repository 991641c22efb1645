// Rules about how a file runs: transactions, timeouts, statements that can run again.
import { listTagged } from '../sql/tree.ts';
import {
  type FileScope,
  isInTransaction,
  type LintedStatement,
  listCommands,
  relationOf,
  type StatementRule,
} from './statement.ts';

const runsConcurrently = ({ tag, node }: LintedStatement) =>
  (/^(IndexStmt|DropStmt)$/.test(tag) && node.concurrent === true) ||
  (tag === 'ReindexStmt' &&
    listTagged(node.params, 'DefElem').some((one) => one.defname === 'concurrently')) ||
  (tag === 'AlterTableStmt' && JSON.stringify(node).includes('"concurrent":true'));

const concurrently: StatementRule = {
  name: 'concurrently_in_transaction',
  level: 'deny',
  files: 'migration',
  hazards: [],
  flags: 'CONCURRENTLY inside of a transaction, where the server refuses it',
  hint: 'Run it outside: `-- Transaction: none` in pgmage, `transaction:false` in dbmate.',
  find: (statement, scope) =>
    runsConcurrently(statement) && isInTransaction(scope)
      ? [{ object: null, message: 'The server refuses CONCURRENTLY in a transaction' }]
      : [],
};

const kindOf = ({ tag, node }: LintedStatement) => (tag === 'TransactionStmt' ? String(node.kind) : '');

const nesting: StatementRule = {
  name: 'transaction_nesting',
  level: 'deny',
  files: 'migration',
  hazards: [],
  flags: 'BEGIN and COMMIT in a file that runs in a transaction, or BEGIN in a transaction',
  hint: 'Remove BEGIN and COMMIT: the tool that runs the file does both.',
  find(statement, { transactional, begun }) {
    const kind = kindOf(statement);
    const begins = /_(BEGIN|START)$/.test(kind);
    if (!begins && !/_(COMMIT|ROLLBACK)$/.test(kind)) return [];
    if (begins && begun !== null)
      return [{ object: null, message: 'A transaction is open already, so BEGIN does nothing' }];
    return transactional
      ? [{ object: null, message: 'The file runs in a transaction, which this statement would break up' }]
      : [];
  },
};

const uncommitted: StatementRule = {
  name: 'uncommitted_transaction',
  level: 'deny',
  files: 'migration',
  hazards: [],
  flags: 'BEGIN without COMMIT',
  hint: 'Write COMMIT at the end of the file.',
  // Known at the end of the file: `findOpenTransaction`.
  find: () => [],
};

/** The rule, and the place of the BEGIN, where a file ends in its own transaction. */
export function findOpenTransaction({ begun }: FileScope) {
  if (begun === null) return [];
  return [
    {
      rule: uncommitted,
      fault: { index: begun, object: null, message: 'The transaction is never committed' },
    },
  ];
}

// Statements that wait for a lock on a table that others use.
const locking = /^(AlterTableStmt|IndexStmt|DropStmt|RenameStmt|ReindexStmt|ClusterStmt|TruncateStmt)$/;

const timeouts: StatementRule = {
  name: 'timeout_settings',
  level: 'allow',
  files: 'migration',
  hazards: [],
  flags: 'a statement that waits for a lock before lock_timeout and statement_timeout are set',
  hint: "Write SET lock_timeout = '3s' and SET statement_timeout = '1min' at the top.",
  find({ tag, node }, { timeouts, created }) {
    if (!locking.test(tag) || (node.relation !== undefined && created.has(relationOf(node)))) return [];
    const missing = ['lock_timeout', 'statement_timeout'].filter((name) => !timeouts.has(name));
    for (const name of missing) timeouts.add(name);
    return missing.length === 0
      ? []
      : [{ object: null, message: `${missing.join(' and ')} not set before it` }];
  },
};

const robust: StatementRule = {
  name: 'robust_statements',
  level: 'allow',
  files: 'migration',
  hazards: [],
  flags: 'a statement outside of a transaction that fails when it runs again',
  hint: 'Write IF EXISTS or IF NOT EXISTS.',
  find(statement, scope) {
    if (isInTransaction(scope)) return [];
    const { tag, node } = statement;
    const isAlone =
      (/^(CreateStmt|IndexStmt|CreateSeqStmt|CreateSchemaStmt)$/.test(tag) && node.if_not_exists !== true) ||
      (tag === 'DropStmt' && node.missing_ok !== true) ||
      listCommands(statement, scope).some(
        ({ is, node: command }) =>
          /^(AddColumn|DropColumn|DropConstraint|AddConstraint)$/.test(is) && command.missing_ok !== true,
      );
    return isAlone ? [{ object: null, message: 'It fails if an earlier attempt broke off after it' }] : [];
  },
};

/** The rules about how a file runs. */
export const runRules: readonly StatementRule[] = [concurrently, nesting, uncommitted, timeouts, robust];
