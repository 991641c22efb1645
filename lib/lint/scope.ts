// The effects of a file's statements that later rules ask about.
import { qualify, quote } from '../model/quote.ts';
import type { Node } from '../sql/statement.ts';
import { childOf, listOf, listTagged, namesOf, relationPath } from '../sql/tree.ts';
import {
  type FileScope,
  type LintedFile,
  type LintedStatement,
  listCommands,
  relationOf,
  sortOf,
  type TableCommand,
} from './statement.ts';

/** Begins a file. @param known the checks of earlier files, and the form of names */
export function openScope(
  file: LintedFile,
  { notNullChecks, naming }: Pick<FileScope, 'notNullChecks' | 'naming'>,
): FileScope {
  return {
    ...file,
    notNullChecks,
    naming,
    created: new Set(),
    unvalidated: new Set(),
    begun: null,
    timeouts: new Set(),
  };
}

/** Notes the effects of a statement, after the rules have seen it. */
export function noteEffects(statement: LintedStatement, scope: FileScope): void {
  const { tag, node, index } = statement;
  for (const name of listCreated(tag, node)) scope.created.add(name);
  for (const command of listCommands(statement, scope)) noteCommand(command, scope);
  if (tag === 'RenameStmt' && scope.created.has(relationOf(node)))
    scope.created.add(
      qualify([...relationPath(childOf(node, 'relation')).slice(0, 1), String(node.newname)]),
    );
  if (tag === 'TransactionStmt') {
    const kind = String(node.kind);
    if (/_(BEGIN|START)$/.test(kind)) scope.begun ??= index;
    if (/_(COMMIT|ROLLBACK|PREPARE)$/.test(kind)) scope.begun = null;
  }
  if (tag === 'VariableSetStmt') scope.timeouts.add(String(node.name));
}

// Relations, and the indexes of their schemas, which share their names.
function listCreated(tag: string, node: Node): string[] {
  switch (tag) {
    case 'CreateStmt':
      return [relationOf(node)];
    case 'CreateForeignTableStmt':
      return [relationOf(childOf(node, 'base'))];
    case 'CreateTableAsStmt':
      return [qualify(relationPath(childOf(childOf(node, 'into'), 'rel')))];
    case 'ViewStmt':
      return [qualify(relationPath(childOf(node, 'view')))];
    case 'IndexStmt': {
      const [schema = 'public'] = relationPath(childOf(node, 'relation'));
      return [qualify([schema, String(node.idxname)])];
    }
    case 'SelectStmt':
      return node.intoClause === undefined
        ? []
        : [qualify(relationPath(childOf(childOf(node, 'intoClause'), 'rel')))];
    default:
      return [];
  }
}

function noteCommand({ is, node, def, table }: TableCommand, scope: FileScope): void {
  const key = (name: unknown) => `${table}.${quote(String(name))}`;
  if (is === 'AddConstraint' && def.conname !== undefined) {
    if (def.skip_validation === true) scope.unvalidated.add(key(def.conname));
    const column = sortOf(def) === 'CHECK' ? checkedColumn(def) : undefined;
    if (column !== undefined)
      scope.notNullChecks.set(key(def.conname), { column, valid: def.skip_validation !== true });
  }
  const check = scope.notNullChecks.get(key(node.name));
  if (is === 'ValidateConstraint' && check !== undefined) check.valid = true;
  if (is === 'DropConstraint') scope.notNullChecks.delete(key(node.name));
}

// The column of CHECK (c IS NOT NULL).
function checkedColumn(check: Node): string | undefined {
  const [test] = Object.entries(childOf(check, 'raw_expr'));
  if (test?.[0] !== 'NullTest') return undefined;
  const { nulltesttype, arg } = test[1] as Node;
  const [tag, column] = listOf([arg])[0] ?? [];
  if (nulltesttype !== 'IS_NOT_NULL' || tag !== 'ColumnRef') return undefined;
  return namesOf(column?.fields).at(-1);
}

/** The columns that a primary key of a CREATE TABLE names behind the columns. */
export function listKeyColumns(create: Node): string[] {
  return listTagged(create.tableElts, 'Constraint')
    .filter((one) => sortOf(one) === 'PRIMARY')
    .flatMap(({ keys }) => namesOf(keys));
}
