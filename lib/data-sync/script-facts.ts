// The facts of a migration script: the tables that its SQL reads and writes, the guards against a second run,
// and the origin of its ids.

import type { ScriptSql, ScriptStatement, UnparsedText } from '../sql/script.ts';
import { programValue } from '../sql/script.ts';
import { type InsertedColumn, type InsertSource, readInsertSource } from './script-inserts.ts';
import { conditionIs, isNode, nodesIn, pathOf, type Tree, textOf } from './script-trees.ts';

/** The way in which a statement writes rows. */
export type ScriptWriteKind =
  | 'insert select'
  | 'insert values'
  | 'update'
  | 'delete'
  | 'delete all'
  | 'merge'
  | 'copy'
  | 'truncate'
  | 'truncate cascade';

/** A table that a script writes. */
export interface ScriptWrite {
  readonly table: string;
  readonly how: ScriptWriteKind;
  readonly line: number;
  /** The clause that makes a second run harmless; null: there is none. */
  readonly guard: 'ON CONFLICT' | 'NOT EXISTS' | null;
  /** The inserted columns and their sources; null: it is not an INSERT with columns. */
  readonly from: InsertSource | null;
}

/** Something at a line of a script. */
export interface ScriptPlace {
  readonly what: string;
  readonly line: number;
}

/** A table that keeps old and new ids side by side. */
export interface ScriptMapping {
  readonly table: string;
  readonly old: string | null;
  readonly new: string | null;
  readonly line: number;
}

/** The facts of a script. */
export interface ScriptFacts {
  readonly statements: number;
  readonly writes: readonly ScriptWrite[];
  /** Tables that it reads. */
  readonly reads: readonly string[];
  /** Reads of one table by a statement of their own. */
  readonly selects: readonly ScriptPlace[];
  /** By table, the columns of its key, as CREATE TABLE or ON CONFLICT has them. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
  readonly casts: readonly ScriptPlace[];
  /** Columns that get more than a column of the source. */
  readonly expressions: readonly ScriptPlace[];
  readonly mappings: readonly ScriptMapping[];
  /** Ids that another run would not make again. */
  readonly randomIds: readonly ScriptPlace[];
  /** Ids that follow from the old ones: uuid_generate_v5. */
  readonly derivedIds: readonly ScriptPlace[];
  readonly unparsed: readonly UnparsedText[];
}

/** Collects the facts of a script. @param code its text, for ids that the program makes itself */
export function collectFacts({ statements, unparsed }: ScriptSql, code: string): ScriptFacts {
  const writes = statements.flatMap(writesOf);
  const all = statements.flatMap((one) => tablesIn(one).map((table) => ({ table, line: one.line })));
  const columns = tableColumns(statements, writes);
  const mappings = mappingsIn(all, columns);
  return {
    statements: statements.length,
    writes,
    reads: [...new Set(statements.flatMap(readsOf))],
    selects: statements
      .filter(({ tag }) => tag === 'SelectStmt')
      .flatMap((one) =>
        tablesIn(one)
          .slice(0, 1)
          .map((what) => ({ what, line: one.line })),
      ),
    keys: keysIn(statements),
    casts: statements.flatMap(castsIn),
    expressions: writes.flatMap(({ from, line }) =>
      (from?.columns ?? [])
        .filter(
          ({ sql, source }) => source === null && !/^(\$\d+|default)$/i.test(sql) && sql !== programValue,
        )
        .map(({ name, sql }) => ({ what: `${name} = ${sql.replaceAll(programValue, '…')}`, line })),
    ),
    mappings,
    randomIds: [...statements.flatMap(randomIn), ...defaultIds(statements, writes), ...idsOfProgram(code)],
    derivedIds: [...statements.flatMap(derivedIn), ...placesOf(code, derivedCode)],
    unparsed,
  };
}

function writesOf({ tag, node, sql, line }: ScriptStatement): ScriptWrite[] {
  const nested = nodesIn(node, ['InsertStmt', 'UpdateStmt', 'DeleteStmt']).map(([name, inner]) => ({
    tag: name,
    node: inner,
    sql,
    line,
  }));
  return [...ownWrites({ tag, node, sql, line }), ...nested.flatMap(ownWrites)];
}

function ownWrites({ tag, node, sql, line }: ScriptStatement): ScriptWrite[] {
  const write = (relation: unknown, how: ScriptWriteKind, more: Partial<ScriptWrite> = {}): ScriptWrite => ({
    table: pathOf(relation),
    how,
    line,
    guard: null,
    from: null,
    ...more,
  });
  if (tag === 'InsertStmt') {
    const from = readInsertSource(node, sql);
    const how = from.isValues ? 'insert values' : 'insert select';
    return [write(node.relation, how, { guard: guardOf(node), from })];
  }
  if (tag === 'UpdateStmt') return [write(node.relation, 'update')];
  if (tag === 'DeleteStmt')
    return [write(node.relation, node.whereClause === undefined ? 'delete all' : 'delete')];
  if (tag === 'MergeStmt') return [write(node.relation, 'merge', { guard: 'NOT EXISTS' })];
  if (tag === 'CopyStmt') return node.is_from === true ? [write(node.relation, 'copy')] : [];
  if (tag !== 'TruncateStmt' || !Array.isArray(node.relations)) return [];
  const how = node.behavior === 'DROP_CASCADE' ? 'truncate cascade' : 'truncate';
  return node.relations.map((one: Tree) => write(one.RangeVar, how));
}

function guardOf(insert: Tree): ScriptWrite['guard'] {
  if (insert.onConflictClause !== undefined) return 'ON CONFLICT';
  const target = pathOf(insert.relation);
  const names = (value: unknown) => nodesIn(value, ['RangeVar']).map(([, one]) => pathOf(one));
  const select = isNode(insert.selectStmt) ? insert.selectStmt : {};
  const looksFor = nodesIn(select, ['SubLink']).some(([, link]) => names(link).includes(target));
  const outer = nodesIn(select, ['JoinExpr']).some(
    ([, join]) => join.jointype === 'JOIN_LEFT' && names(join.rarg).includes(target),
  );
  const isNull = nodesIn(select, ['NullTest']).some(([, test]) => test.nulltesttype === 'IS_NULL');
  return (looksFor && conditionIs(select, 'NOT_EXPR')) || (outer && isNull) ? 'NOT EXISTS' : null;
}

function tablesIn({ node }: ScriptStatement): string[] {
  const relation = isNode(node.relation) ? [pathOf(node.relation)] : [];
  const own = new Set(nodesIn(node, ['CommonTableExpr']).map(([, one]) => `public.${String(one.ctename)}`));
  const inner = nodesIn(node, ['RangeVar']).map(([, one]) => pathOf(one));
  return [...new Set([...relation, ...inner])].filter((name) => !own.has(name));
}

function readsOf(statement: ScriptStatement): string[] {
  if (!/^(Select|Insert|Update|Delete|Merge|CreateTableAs)Stmt$/.test(statement.tag)) return [];
  const target = isNode(statement.node.relation) ? pathOf(statement.node.relation) : null;
  const inner = nodesIn(statement.node, ['RangeVar']).map(([, one]) => pathOf(one));
  return tablesIn(statement).filter((name) => name !== target || inner.includes(name));
}

function keysIn(statements: readonly ScriptStatement[]): Record<string, string[]> {
  const keys: Record<string, string[]> = {};
  for (const { tag, node } of statements) {
    const table = pathOf(node.relation);
    if (tag === 'InsertStmt' && keys[table] === undefined) {
      const columns = nodesIn(node.onConflictClause, ['IndexElem']).map(([, one]) => String(one.name));
      if (columns.length > 0) keys[table] = columns;
    }
    if (tag !== 'CreateStmt') continue;
    for (const [, { colname, constraints }] of nodesIn(node.tableElts, ['ColumnDef']))
      if (hasConstraint(constraints, 'CONSTR_PRIMARY')) keys[table] = [String(colname)];
    for (const [, { contype, keys: names }] of nodesIn(node.tableElts, ['Constraint']))
      if (contype === 'CONSTR_PRIMARY' && Array.isArray(names)) keys[table] = names.map(textOf);
  }
  return keys;
}

const hasConstraint = (value: unknown, type: string) =>
  nodesIn(value, ['Constraint']).some(([, { contype }]) => contype === type);

function castsIn({ tag, node, line }: ScriptStatement): ScriptPlace[] {
  if (tag === 'CreateStmt') return [];
  const types = nodesIn(node, ['TypeCast']).map(([, { typeName }]) =>
    isNode(typeName) && Array.isArray(typeName.names) ? textOf(typeName.names.at(-1)) : '',
  );
  return [...new Set(types)].filter(Boolean).map((what) => ({ what, line }));
}

const idFunctions =
  /^(gen_random_uuid|uuid_generate_v1|uuid_generate_v1mc|uuid_generate_v4|uuidv4|uuidv7|nextval)$/;
const derivedFunctions = /^(uuid_generate_v[35])$/;

const callsIn = (value: unknown, names: RegExp) =>
  nodesIn(value, ['FuncCall'])
    .map(([, { funcname }]) => (Array.isArray(funcname) ? textOf(funcname.at(-1)) : ''))
    .filter((name) => names.test(name));

const places = (names: readonly string[], line: number) =>
  [...new Set(names)].map((name) => ({ what: `${name}()`, line }));

function randomIn({ tag, node, line }: ScriptStatement): ScriptPlace[] {
  return /^(Insert|Update|Merge|Select)Stmt$/.test(tag) ? places(callsIn(node, idFunctions), line) : [];
}

const derivedIn = ({ node, line }: ScriptStatement) => places(callsIn(node, derivedFunctions), line);

// An INSERT that leaves the id to the default of its column.
function defaultIds(statements: readonly ScriptStatement[], writes: readonly ScriptWrite[]): ScriptPlace[] {
  const made = new Map<string, { readonly column: string; readonly by: string }>();
  for (const { tag, node } of statements)
    if (tag === 'CreateStmt')
      for (const [, column] of nodesIn(node.tableElts, ['ColumnDef'])) {
        const [by] = callsIn(column.constraints, idFunctions);
        if (by !== undefined) made.set(pathOf(node.relation), { column: String(column.colname), by });
      }
  return writes.flatMap(({ table, from, line }) => {
    const id = made.get(table);
    if (id === undefined || from === null || from.columns.some(({ name }) => name === id.column)) return [];
    return [{ what: `${id.by}(), the default of ${table}.${id.column}`, line }];
  });
}

const randomCode =
  /\b(?:crypto\.)?randomUUID\(|\buuid\.?v?[147]\(|\buuidv[147]\(|\buuid\.New(?:String|V7)?\(|SecureRandom\.uuid|Uuid::(?:uuid|v)[147]\(|Guid\.NewGuid\(|\bnanoid\(|\bcuid2?\(|\bulid\(/gi;
const derivedCode =
  /\buuid\.?v?[35]\(|\buuidv[35]\(|uuid\.NewSHA1\(|Uuid::(?:uuid|v)[35]\(|UUIDTools.*sha1_create/gi;

const idsOfProgram = (code: string) => placesOf(code, randomCode);

function placesOf(code: string, pattern: RegExp): ScriptPlace[] {
  return code
    .split('\n')
    .flatMap((text, at) =>
      /^\s*(\/\/|#|--|\*|import\b|from\b)/.test(text)
        ? []
        : [...text.matchAll(pattern)].map(([what]) => ({ what: what.replace(/\($/, '()'), line: at + 1 })),
    )
    .filter(({ what }) => !/^uuid_generate/i.test(what));
}

function tableColumns(
  statements: readonly ScriptStatement[],
  writes: readonly ScriptWrite[],
): ReadonlyMap<string, readonly string[]> {
  const columns = new Map<string, readonly string[]>();
  for (const { table, from } of writes)
    if (from !== null && from.columns.length > 0)
      columns.set(
        table,
        from.columns.map(({ name }: InsertedColumn) => name),
      );
  for (const { tag, node } of statements)
    if (tag === 'CreateStmt')
      columns.set(
        pathOf(node.relation),
        nodesIn(node.tableElts, ['ColumnDef']).map(([, one]) => String(one.colname)),
      );
  return columns;
}

const mappingName = /(^|_)(id_?)?(map|maps|mapping|mappings|xref|crosswalk|lookup|translation)s?$/;
const oldName = /^(old|legacy|source|src|int|from)_?(id|key|pk)?|_old$|_legacy$/;
const newName = /^(new|target|uuid|to|guid)(_?(id|key|uuid))?$|_new$|_uuid$/;

function mappingsIn(
  all: readonly { readonly table: string; readonly line: number }[],
  columns: ReadonlyMap<string, readonly string[]>,
): ScriptMapping[] {
  const found = new Map<string, ScriptMapping>();
  for (const { table, line } of all) {
    const names = columns.get(table) ?? [];
    const old = names.find((name) => oldName.test(name)) ?? null;
    const next = names.find((name) => newName.test(name)) ?? null;
    const isMapping =
      mappingName.test(table.split('.').at(-1) ?? '') || (old !== null && next !== null && names.length <= 4);
    if (isMapping && !found.has(table)) found.set(table, { table, old, new: next, line });
  }
  return [...found.values()];
}
