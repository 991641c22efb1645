// The effects of a file's statements that later rules ask about.
import { qualify, quote } from '../model/quote.ts';
import type { Node } from '../sql/statement.ts';
import { childOf, listOf, listTagged, namesOf, relationPath } from '../sql/tree.ts';
import {
  type FileScope,
  type LintedFile,
  type LintedStatement,
  listCommands,
  sortOf,
  type TableCommand,
} from './statement.ts';

/** The effects that files before a file leave behind, and the form of names. */
export type ScopeStart = Pick<FileScope, 'notNullChecks' | 'naming' | 'created'>;

/** Begins a file. @param start the effects of earlier files */
export function openScope(file: LintedFile, start: ScopeStart): FileScope {
  return { ...file, ...start, unvalidated: new Set(), begun: null, timeouts: new Set() };
}

/** Notes the effects of a statement, after the rules have seen it. */
export function noteEffects(statement: LintedStatement, scope: FileScope): void {
  const { tag, node, index } = statement;
  for (const name of listCreated(tag, node)) scope.created.add(name);
  for (const command of listCommands(statement, scope)) noteCommand(command, scope);
  noteMove(tag, node, scope.created);
  if (tag === 'TransactionStmt') {
    const kind = String(node.kind);
    if (/_(BEGIN|START)$/.test(kind)) scope.begun ??= index;
    if (/_(COMMIT|ROLLBACK|PREPARE)$/.test(kind)) scope.begun = null;
  }
  if (tag === 'VariableSetStmt') scope.timeouts.add(String(node.name));
}

const relations = /^OBJECT_(TABLE|VIEW|MATVIEW|FOREIGN_TABLE|INDEX)$/;

// A name belongs to what has it now: an old table may get that of a new one.
function noteMove(tag: string, node: Node, created: Set<string>): void {
  const isRename = tag === 'RenameStmt' && relations.test(String(node.renameType));
  if (!isRename && (tag !== 'AlterObjectSchemaStmt' || node.relation === undefined)) return;
  const [schema = '', name = ''] = relationPath(childOf(node, 'relation'));
  const to = isRename ? [schema, String(node.newname)] : [String(node.newschema), name];
  if (created.delete(qualify([schema, name]))) created.add(qualify(to));
  else created.delete(qualify(to));
}

// Relations, and the indexes of their schemas, which share their names. With IF NOT EXISTS, or as the
// replacement of a view, it may have been there before.
function listCreated(tag: string, node: Node): string[] {
  if (node.if_not_exists === true || node.replace === true) return [];
  switch (tag) {
    case 'CreateStmt':
      return [newName(childOf(node, 'relation'))];
    case 'CreateForeignTableStmt': {
      const base = childOf(node, 'base');
      return base.if_not_exists === true ? [] : [newName(childOf(base, 'relation'))];
    }
    case 'CreateTableAsStmt':
      return [newName(childOf(childOf(node, 'into'), 'rel'))];
    case 'ViewStmt':
      return [newName(childOf(node, 'view'))];
    case 'IndexStmt': {
      const [schema = 'public'] = relationPath(childOf(node, 'relation'));
      return [qualify([schema, String(node.idxname)])];
    }
    case 'SelectStmt':
      return node.intoClause === undefined ? [] : [newName(childOf(childOf(node, 'intoClause'), 'rel'))];
    default:
      return [];
  }
}

// A temporary one hides another of its name only while it lasts.
function newName(relation: Node): string {
  const [schema = '', name = ''] = relationPath(relation);
  return qualify([relation.relpersistence === 't' ? 'pg_temp' : schema, name]);
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
