// Statements on what all tenants of a database share: extensions, and the schemas that these are in. They are
// not run for a tenant.
import type { PlacedTree } from './parse.ts';
import { visitStatements } from './parse.ts';
import { blankText } from './psql-commands.ts';
import type { Node } from './statement.ts';
import { childOf, listOf, listTagged, namesOf } from './tree.ts';

/** The names in a statement on shared objects. */
export interface SharedNames {
  readonly schemas: readonly string[];
  /** The extension that it creates; null: none. */
  readonly extension: string | null;
}

/**
 * The names in a statement on shared objects; null: it is another statement, or does more.
 * @param schema the one that is each tenant's, and never shared
 */
export function readShared(
  { tag, node }: Pick<PlacedTree, 'tag' | 'node'>,
  schema: string,
): SharedNames | null {
  const names = namesIn(tag, node);
  return names === null || names.schemas.includes(schema) ? null : names;
}

function namesIn(tag: string, node: Node): SharedNames | null {
  if (tag === 'CreateExtensionStmt') return namesInExtension(node);
  const ofSchemas = (schemas: readonly string[]) => ({ schemas, extension: null });
  if (tag === 'CreateSchemaStmt') {
    const isPlain = node.authrole === undefined && listOf(node.schemaElts).length === 0;
    return isPlain && typeof node.schemaname === 'string' ? ofSchemas([node.schemaname]) : null;
  }
  if (tag !== 'DropStmt' || node.behavior !== 'DROP_RESTRICT') return null;
  if (node.removeType === 'OBJECT_SCHEMA') return ofSchemas(namesOf(node.objects));
  return node.removeType === 'OBJECT_EXTENSION' ? ofSchemas([]) : null;
}

// Without SCHEMA it would be in the schema of a tenant. CASCADE creates others there.
function namesInExtension({ extname, options }: Node): SharedNames | null {
  const all = listTagged(options, 'DefElem');
  const [only] = all;
  if (all.length !== 1 || only?.defname !== 'schema') return null;
  const name = childOf(childOf(only, 'arg'), 'String').sval;
  return typeof name === 'string' ? { schemas: [name], extension: String(extname) } : null;
}

/** The same SQL, with blanks for the statements on shared objects. @throws Problem `invalid_sql` */
export async function blankShared(file: string, text: string, schema: string): Promise<string> {
  // Most files have none, and need not be parsed.
  if (!/\b(extension|schema)\b/i.test(text)) return text;
  const parts: string[] = [];
  let copied = 0;
  await visitStatements(file, text, (tree) => {
    if (readShared(tree, schema) === null) return;
    const end = Math.min(tree.end + 1, tree.to);
    parts.push(text.slice(copied, tree.start), blankText(text.slice(tree.start, end)));
    copied = end;
  });
  return parts.join('') + text.slice(copied);
}
