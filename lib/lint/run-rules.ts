// Rules about how a file runs: transactions, timeouts, statements that can run again.
import { qualify, quote } from '../model/quote.ts';
import type { Node } from '../sql/statement.ts';
import { childOf, listTagged, namesOf, relationPath } from '../sql/tree.ts';
import {
  type FileScope,
  isInTransaction,
  type LintedStatement,
  listCommands,
  relationOf,
  type StatementRule,
  sortOf,
  type TableCommand,
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
  flags: 'BEGIN and COMMIT in a file that runs in a transaction, BEGIN in one, COMMIT outside of one',
  hint: 'Remove the statement: the tool that runs the file begins and commits where it should.',
  find(statement, { transactional, begun }) {
    const kind = kindOf(statement);
    const begins = /_(BEGIN|START)$/.test(kind);
    if (!begins && !/_(COMMIT|ROLLBACK)$/.test(kind)) return [];
    if (begins && begun !== null)
      return [{ object: null, message: 'A transaction is open already, so BEGIN does nothing' }];
    if (!begins && begun === null && !transactional)
      return [{ object: null, message: 'No transaction is open, so this statement does nothing' }];
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

// Statements that change objects or lock them, all of which wait for a lock on some object.
const locking = new RegExp(
  '^(Alter|Create|Drop)|^(Comment|Lock|ImportForeignSchema|Index|View|Rename|Reindex|Cluster|Truncate' +
    '|Vacuum|RefreshMatView|CompositeType|Define|Rule)Stmt$',
);

// SELECT INTO makes a table, as CREATE TABLE AS does.
const takesLock = ({ tag, node }: LintedStatement) =>
  locking.test(tag) || (tag === 'SelectStmt' && node.intoClause !== undefined);

const hasForeignKey = ({ tableElts }: Node) =>
  [tableElts, ...listTagged(tableElts, 'ColumnDef').map(({ constraints }) => constraints)].some((list) =>
    listTagged(list, 'Constraint').some((one) => sortOf(one) === 'FOREIGN'),
  );

// The tables that a statement is about.
function listTables({ tag, node }: LintedStatement): string[] {
  if (tag === 'LockStmt')
    return listTagged(node.relations, 'RangeVar').map((one) => qualify(relationPath(one)));
  if (node.relation !== undefined) return [relationOf(node)];
  const is = String(node.objtype);
  if (tag !== 'CommentStmt' || !/^OBJECT_(TABLE|COLUMN|TABCONSTRAINT)$/.test(is)) return [];
  const path = namesOf(childOf(childOf(node, 'object'), 'List').items);
  const names = is === 'OBJECT_TABLE' ? path : path.slice(0, -1);
  return [qualify(names.length === 1 ? ['public', ...names] : names)];
}

// A new table has no rows that others use, unless it refers to another one.
function isHarmless(statement: LintedStatement, { created }: FileScope): boolean {
  if (statement.tag === 'CreateStmt') return !hasForeignKey(statement.node);
  const tables = listTables(statement);
  return tables.length > 0 && tables.every((table) => created.has(table));
}

const timeouts: StatementRule = {
  name: 'timeout_settings',
  level: 'allow',
  files: 'migration',
  hazards: [],
  flags: 'a statement that changes or locks an object before lock_timeout and statement_timeout are set',
  hint: "Write SET lock_timeout = '3s' and SET statement_timeout = '1min' at the top.",
  find(statement, scope) {
    const { timeouts } = scope;
    if (!takesLock(statement) || isHarmless(statement, scope)) return [];
    const missing = ['lock_timeout', 'statement_timeout'].filter((name) => !timeouts.has(name));
    for (const name of missing) timeouts.add(name);
    return missing.length === 0
      ? []
      : [{ object: null, message: `${missing.join(' and ')} not set before it` }];
  },
};

// Other changes of a table, such as SET NOT NULL, succeed a second time as well.
const unrepeatable =
  /^((Add|Drop)(Column|Constraint|Inherit|Identity)|DropExpression|(Attach|Detach)Partition(Finalize)?)$/;

// A constraint that was dropped by DROP CONSTRAINT IF EXISTS before can be added again.
function failsAgain({ is, node, def, table }: TableCommand, { dropped }: FileScope): boolean {
  if (!unrepeatable.test(is) || node.missing_ok === true) return false;
  return is !== 'AddConstraint' || !dropped.has(`${table}.${quote(String(def.conname))}`);
}

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
      (/^(DropStmt|RenameStmt|AlterObjectSchemaStmt)$/.test(tag) && node.missing_ok !== true) ||
      listCommands(statement, scope).some((command) => failsAgain(command, scope));
    return isAlone ? [{ object: null, message: 'It fails if an earlier attempt broke off after it' }] : [];
  },
};

/** The rules about how a file runs. */
export const runRules: readonly StatementRule[] = [concurrently, nesting, uncommitted, timeouts, robust];
