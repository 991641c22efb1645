// The statements inside of CREATE SCHEMA, which make objects in the new schema.
import type { Node } from '../sql/statement.ts';
import { childOf, listOf } from '../sql/tree.ts';
import type { LintedStatement } from './statement.ts';

const made = ['relation', 'view', 'sequence'];

/** The statements inside of a CREATE SCHEMA, with the schema in the names; none for another statement. */
export function listElements(statement: LintedStatement): LintedStatement[] {
  const { tag, node } = statement;
  if (tag !== 'CreateSchemaStmt') return [];
  const elements = listOf(node.schemaElts);
  const schemaname = node.schemaname ?? childOf(node, 'authrole').rolename;
  const relations = elements.flatMap(([, one]) => made.map((member) => childOf(one, member)));
  const names = new Set(relations.map(({ relname }) => relname));
  return elements.map(([own, element], at) => {
    const { location } = relations.slice(at * made.length).find((one) => one.location !== undefined) ?? {};
    const index = location === undefined ? statement.index : statement.at(location);
    return { ...statement, tag: own, node: withSchema(element, schemaname, names), index };
  });
}

// A name of an object of the same statement is in the new schema, which is the first of the search path.
function withSchema(node: Node, schemaname: unknown, names: ReadonlySet<unknown>): Node {
  const of = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(of);
    return typeof value === 'object' && value !== null ? withSchema({ ...value }, schemaname, names) : value;
  };
  const all = Object.fromEntries(Object.entries(node).map(([member, value]) => [member, of(value)]));
  const isOwn = all.schemaname === undefined && all.relname !== undefined && names.has(all.relname);
  return isOwn ? { ...all, schemaname } : all;
}
