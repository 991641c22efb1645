// The effects of a file's statements that later rules ask about.
import { qualify, quote } from '../model/quote.ts';
import type { Node } from '../sql/statement.ts';
import { childOf, listOf, listTagged, namesOf, relationPath } from '../sql/tree.ts';
import { notePathEnd, noteSearchPath } from './search-path.ts';
import {
  type FileScope,
  type LintedFile,
  type LintedStatement,
  listCommands,
  sortOf,
  type TableCommand,
} from './statement.ts';

/** The effects that files before a file leave behind, and the form of names. */
export type ScopeStart = Pick<FileScope, 'notNullChecks' | 'naming' | 'created' | 'parents' | 'routines'>;

/** Begins a file. @param start the effects of earlier files */
export function openScope(file: LintedFile, start: ScopeStart): FileScope {
  const own = { unvalidated: new Set<string>(), dropped: new Set<string>(), timeouts: new Set<string>() };
  return { ...file, ...start, ...own, begun: null, isElsewhere: false };
}

/** Notes the effects of a statement, after the rules have seen it. */
export function noteEffects(statement: LintedStatement, scope: FileScope): void {
  const { tag, node, index } = statement;
  for (const name of listCreated(tag, node)) scope.created.add(name);
  if (tag === 'CreateStmt')
    for (const parent of listTagged(node.inhRelations, 'RangeVar'))
      scope.parents.add(qualify(relationPath(parent)));
  for (const command of listCommands(statement, scope)) {
    noteCommand(command, scope);
    noteParent(command, scope);
  }
  for (const names of [scope.created, scope.parents]) noteMove(tag, node, names);
  if (tag === 'TransactionStmt') {
    const kind = String(node.kind);
    if (/_(BEGIN|START)$/.test(kind)) scope.begun ??= index;
    if (/_(COMMIT|ROLLBACK|PREPARE)$/.test(kind)) scope.begun = null;
    // The old names are those of old tables again.
    if (/_ROLLBACK(_TO)?$/.test(kind)) scope.created.clear();
    notePathEnd(scope);
  }
  noteSearchPath(statement, scope);
  if (tag === 'VariableSetStmt') scope.timeouts.add(String(node.name));
}

/** Runs a part of a body that may not run: what it makes is not surely there. */
export function runBranch(scope: FileScope, run: () => void): void {
  const created = new Set(scope.created);
  const valid = new Map([...scope.notNullChecks].map(([name, one]) => [name, one.valid]));
  run();
  for (const name of [...scope.created]) if (!created.has(name)) scope.created.delete(name);
  for (const [name, check] of [...scope.notNullChecks])
    if (valid.has(name)) check.valid &&= valid.get(name) === true;
    else scope.notNullChecks.delete(name);
}

const relations = /^OBJECT_(TABLE|VIEW|MATVIEW|FOREIGN_TABLE|INDEX)$/;

// A name belongs to what has it now: an old table or column may get that of a new one.
function noteMove(tag: string, node: Node, created: Set<string>): void {
  if (tag === 'RenameStmt' && node.renameType === 'OBJECT_SCHEMA')
    move(created, [String(node.subname)], [String(node.newname)]);
  if (node.relation === undefined || !/^(RenameStmt|AlterObjectSchemaStmt)$/.test(tag)) return;
  const path = relationPath(childOf(node, 'relation'));
  const [schema = '', name = ''] = path;
  const [is, to] = [String(node.renameType), String(node.newname)];
  if (tag === 'AlterObjectSchemaStmt') move(created, path, [String(node.newschema), name]);
  else if (relations.test(is)) move(created, path, [schema, to]);
  else if (is === 'OBJECT_COLUMN') move(created, [...path, String(node.subname)], [...path, to]);
}

// With its columns.
function move(created: Set<string>, from: readonly string[], to: readonly string[]): void {
  const [old, wanted] = [qualify(from), qualify(to)];
  const moved = [...created].filter((name) => isPart(name, old));
  for (const name of [...created]) if (isPart(name, old) || isPart(name, wanted)) created.delete(name);
  for (const name of moved) created.add(wanted + name.slice(old.length));
}

const isPart = (name: string, whole: string) => name === whole || name.startsWith(`${whole}.`);

// Of a part that was there before, the tables above it have the rows. Any table with parts may be above it.
function noteParent({ is, def, table }: TableCommand, { created, parents }: FileScope): void {
  if (is !== 'AttachPartition' && is !== 'AddInherit') return;
  const other = qualify(relationPath(is === 'AddInherit' ? def : childOf(def, 'name')));
  const [parent, part] = is === 'AddInherit' ? [other, table] : [table, other];
  parents.add(parent);
  if (created.has(part)) return;
  for (const name of [...created]) if ([...parents].some((one) => isPart(name, one))) created.delete(name);
}

// Relations with rows of their own, and the indexes of their schemas, which share their names. A view and a
// foreign table have the rows of others. With IF NOT EXISTS it may have been there before.
function listCreated(tag: string, node: Node): string[] {
  if (node.if_not_exists === true) return [];
  switch (tag) {
    case 'CreateStmt':
      return [newName(childOf(node, 'relation'))];
    case 'CreateTableAsStmt':
      return [newName(childOf(childOf(node, 'into'), 'rel'))];
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
  if (is === 'AddColumn' && node.missing_ok !== true) scope.created.add(key(def.colname));
  if (is === 'AddConstraint' && def.conname !== undefined) {
    if (def.skip_validation === true) scope.unvalidated.add(key(def.conname));
    const column = sortOf(def) === 'CHECK' ? checkedColumn(def) : undefined;
    if (column !== undefined)
      scope.notNullChecks.set(key(def.conname), { column, valid: def.skip_validation !== true });
  }
  const check = scope.notNullChecks.get(key(node.name));
  if (is === 'ValidateConstraint' && check !== undefined) check.valid = true;
  if (is === 'DropConstraint') scope.notNullChecks.delete(key(node.name));
  if (is === 'DropConstraint' && node.missing_ok === true) scope.dropped.add(key(node.name));
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
