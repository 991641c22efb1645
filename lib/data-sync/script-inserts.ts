// The columns that an INSERT of a script fills, and the SQL of each.
import { programValue } from '../sql/script.ts';
import { columnPath, isNode, nodesIn, pathOf, type Tree } from './script-trees.ts';

/** A column that is filled. */
export interface InsertedColumn {
  /** Empty: the INSERT does not name its columns. */
  readonly name: string;
  /** SQL, as the script writes it. */
  readonly sql: string;
  /** The column that it is, and of which table; null: an expression. */
  readonly source: { readonly table: string; readonly column: string } | null;
}

/** A table that a SELECT reads. */
export interface ReadTable {
  readonly table: string;
  /** Its alias, or its name. */
  readonly alias: string;
}

/** Two columns that are equal in a join: `m.old_id = c.id`. */
export interface JoinedColumns {
  readonly left: { readonly table: string; readonly column: string };
  readonly right: { readonly table: string; readonly column: string };
}

/** A column that a condition compares with a text. */
export interface ColumnConstant {
  readonly table: string;
  readonly column: string;
  readonly value: string;
}

/** The source of an INSERT's rows. */
export interface InsertSource {
  readonly isValues: boolean;
  readonly columns: readonly InsertedColumn[];
  readonly tables: readonly ReadTable[];
  readonly joins: readonly JoinedColumns[];
  /** Columns that a condition compares with a text: `m.entity = 'customer'`. */
  readonly constants: readonly ColumnConstant[];
  /** True if a condition chooses among the rows. */
  readonly hasCondition: boolean;
  /** True if several rows become one: GROUP BY, DISTINCT, UNION. */
  readonly isGrouped: boolean;
}

/** Reads the source of an INSERT. @param sql the text that the tree's locations point into */
export function readInsertSource(insert: Tree, sql: string): InsertSource {
  const outer = isNode(insert.selectStmt) ? insert.selectStmt.SelectStmt : undefined;
  const select = isNode(outer) ? outer : {};
  const names = nodesIn(insert.cols, ['ResTarget']).map(([, { name }]) => String(name));
  const { valuesLists } = select;
  const isValues = Array.isArray(valuesLists) || select.fromClause === undefined;
  const given = Array.isArray(valuesLists) ? itemsOf(valuesLists[0]) : targetsOf(select);
  const tables = nodesIn(select.fromClause, ['RangeVar']).map(([, one]) => readTable(one));
  const bytes = Buffer.from(sql);
  const columns = (names.length > 0 ? names : given.map(({ name }) => name ?? '')).map((name, at) => {
    const tree = given[at]?.tree;
    const text = textAt(bytes, given[at]?.location);
    return { name, sql: text, source: sourceOf(tree, tables) };
  });
  const hasCondition = select.whereClause !== undefined || select.limitCount !== undefined;
  const isGrouped = [select.groupClause, select.distinctClause, select.larg].some((one) => one !== undefined);
  const conditions = [select.fromClause, select.whereClause];
  const constants = constantsIn(conditions, tables);
  return {
    isValues,
    columns,
    tables,
    joins: joinsIn(conditions, tables),
    constants,
    hasCondition,
    isGrouped,
  };
}

interface Target {
  readonly tree: unknown;
  readonly location: number | undefined;
  readonly name?: string;
}

function targetsOf(select: Tree): Target[] {
  const list = Array.isArray(select.targetList) ? select.targetList : [];
  return list.map((one) => {
    const { val, location = 0, name } = isNode(one) && isNode(one.ResTarget) ? one.ResTarget : {};
    const column = columnPath(val)?.at(-1);
    const as = name === undefined ? column : String(name);
    return { tree: val, location: Number(location), ...(as !== undefined && { name: as }) };
  });
}

function itemsOf(list: unknown): Target[] {
  const items = isNode(list) && isNode(list.List) ? list.List.items : undefined;
  return (Array.isArray(items) ? items : []).map((tree) => ({ tree, location: firstLocation(tree) }));
}

// An expression begins at the least place of its parts: an operator has its own place.
function firstLocation(value: unknown): number | undefined {
  if (Array.isArray(value)) return least(value.map(firstLocation));
  if (!isNode(value)) return undefined;
  const own = typeof value.location === 'number' && value.location >= 0 ? value.location : undefined;
  return least([own, ...Object.values(value).map(firstLocation)]);
}

function least(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((one) => one !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function readTable(range: Tree): ReadTable {
  const alias = isNode(range.alias) ? String(range.alias.aliasname) : String(range.relname);
  return { table: pathOf(range), alias };
}

const token =
  /--[^\n\r]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|[A-Za-z_][\w$]*|[(),;[\]]|\s+|[^\s]/g;
const ends = /^(from|where|group|having|order|limit|union|intersect|except|on|returning|as)$/i;

// The text of an item of a list: to the comma, bracket or word that ends it.
function textAt(bytes: Buffer, location: number | undefined): string {
  if (location === undefined) return 'default';
  const text = bytes.subarray(location).toString();
  let depth = 0;
  let taken = '';
  for (const [own] of text.matchAll(token)) {
    if (/^[([]$/.test(own)) depth++;
    else if (/^[)\]]$/.test(own)) depth--;
    if (depth < 0 || (depth === 0 && (own === ',' || own === ';' || ends.test(own)))) break;
    taken += /^(\s|--|\/\*)/.test(own) ? ' ' : own;
  }
  return taken.replace(/\s+/g, ' ').trim();
}

function sourceOf(tree: unknown, tables: readonly ReadTable[]): InsertedColumn['source'] {
  const path = columnPath(tree);
  const column = path?.at(-1);
  if (path === null || column === undefined || column === programValue) return null;
  const alias = path.at(-2);
  const found = alias === undefined ? tables[0] : tables.find((one) => one.alias === alias);
  return found === undefined ? null : { table: found.table, column };
}

function constantsIn(conditions: unknown, tables: readonly ReadTable[]): ColumnConstant[] {
  return nodesIn(conditions, ['A_Expr']).flatMap(([, { lexpr, rexpr }]) =>
    [
      [lexpr, rexpr],
      [rexpr, lexpr],
    ].flatMap(([column, constant]) => {
      const source = sourceOf(column, tables);
      const { A_Const: text } = isNode(constant) ? constant : {};
      const value = isNode(text) && isNode(text.sval) ? text.sval.sval : undefined;
      return source === null || typeof value !== 'string' ? [] : [{ ...source, value }];
    }),
  );
}

function joinsIn(conditions: unknown, tables: readonly ReadTable[]): JoinedColumns[] {
  return nodesIn(conditions, ['A_Expr']).flatMap(([, { name, lexpr, rexpr }]) => {
    const [left, right] = [sourceOf(lexpr, tables), sourceOf(rexpr, tables)];
    const isEqual = JSON.stringify(name ?? '').includes('"="');
    return isEqual && left !== null && right !== null ? [{ left, right }] : [];
  });
}
