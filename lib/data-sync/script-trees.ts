// Reads the trees of the grammar: nodes by name, paths of tables, names.
import { programValue } from '../sql/script.ts';
import type { Node as Tree } from '../sql/statement.ts';

export type { Tree };

/** True if a value is a node with fields. */
export function isNode(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Finds nodes with one of these names inside of a value, the outer ones first. */
export function nodesIn(value: unknown, names: readonly string[]): [name: string, node: Tree][] {
  if (Array.isArray(value)) return value.flatMap((one) => nodesIn(one, names));
  if (!isNode(value)) return [];
  return Object.entries(value).flatMap(([name, inner]): [string, Tree][] => [
    ...(names.includes(name) && isNode(inner) ? [[name, inner] as [string, Tree]] : []),
    ...nodesIn(inner, names),
  ]);
}

/** The name of a table that the program computes. */
export const computedName = '(a name that the program computes)';

/** The name of a table: `public.users`; without a schema it is of public. */
export function pathOf(relation: unknown): string {
  if (!isNode(relation)) return '';
  if (relation.relname === programValue) return computedName;
  return `${String(relation.schemaname ?? 'public')}.${String(relation.relname ?? '')}`;
}

/** The text of a name's part. */
export function textOf(value: unknown): string {
  return isNode(value) && isNode(value.String) ? String(value.String.sval ?? '') : '';
}

/** True if a select's condition contains a boolean operator, as `NOT_EXPR`. */
export function conditionIs(select: unknown, operator: string): boolean {
  return nodesIn(select, ['BoolExpr']).some(([, { boolop }]) => boolop === operator);
}

/** The parts of a column's name: `['c', 'email']`; null: it is not a column. */
export function columnPath(value: unknown): string[] | null {
  if (!isNode(value) || !isNode(value.ColumnRef) || !Array.isArray(value.ColumnRef.fields)) return null;
  const path = value.ColumnRef.fields.map(textOf);
  return path.includes('') ? null : path;
}
