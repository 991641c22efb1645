// Parts of the parser's trees: lists, names, types.
import type { PlacedTree } from './parse.ts';
import type { Node } from './statement.ts';

/** A node with the grammar's name for it. */
export type Tagged = readonly [tag: string, node: Node];

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A member that is a node; an empty one where it is missing. */
export function childOf(node: Node, member: string): Node {
  const value = node[member];
  return isNode(value) ? value : {};
}

/** The nodes of a list, each with its tag. */
export function listOf(value: unknown): Tagged[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isNode).flatMap((one): Tagged[] => {
    const [entry] = Object.entries(one);
    return entry !== undefined && isNode(entry[1]) ? [[entry[0], entry[1]]] : [];
  });
}

/** The nodes of a list that have this tag. */
export function listTagged(value: unknown, tag: string): Node[] {
  return listOf(value).flatMap(([own, node]) => (own === tag ? [node] : []));
}

/** The texts of a list of names. */
export function namesOf(value: unknown): string[] {
  return listTagged(value, 'String').map(({ sval }) => String(sval ?? ''));
}

/** A relation's name, with the schema that is written there or else `public`. */
export function relationPath({ schemaname, relname }: Node): string[] {
  return [String(schemaname ?? 'public'), String(relname ?? '')];
}

/** The name of a type without `pg_catalog`, and whether it has a length: `varchar`, true. */
export function typeOf(column: Node): { readonly name: string; readonly hasLength: boolean } {
  const type = childOf(column, 'typeName');
  const names = namesOf(type.names);
  return { name: names.at(-1) ?? '', hasLength: Array.isArray(type.typmods) && type.typmods.length > 0 };
}

/** True if a tree contains a node for which a question is answered with true. */
export function someNode(value: unknown, isWanted: (tag: string, node: Node) => boolean): boolean {
  if (Array.isArray(value)) return value.some((one) => someNode(one, isWanted));
  if (!isNode(value)) return false;
  return Object.entries(value).some(
    ([tag, inner]) => (isNode(inner) && isWanted(tag, inner)) || someNode(inner, isWanted),
  );
}

/** The nodes of a tree for which a question is answered with true; outer ones first. */
export function collectNodes(value: unknown, isWanted: (tag: string) => boolean): Tagged[] {
  if (Array.isArray(value)) return value.flatMap((one) => collectNodes(one, isWanted));
  if (!isNode(value)) return [];
  return Object.entries(value).flatMap(([tag, inner]) => [
    ...(isNode(inner) && isWanted(tag) ? [[tag, inner] as const] : []),
    ...collectNodes(inner, isWanted),
  ]);
}

/** The index into the text of a location in a statement's tree. */
export function indexOfLocation(sql: string, { start, end, byte }: PlacedTree, location: unknown): number {
  if (typeof location !== 'number' || location < byte) return start;
  const own = sql.slice(start, end);
  if (Buffer.byteLength(own) === own.length) return start + location - byte;
  return (
    start +
    Buffer.from(own)
      .subarray(0, location - byte)
      .toString().length
  );
}
