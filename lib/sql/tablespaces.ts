// The tablespaces that statements name.
import { type Node, texts } from './statement.ts';

/** The tablespaces that a statement mentions by name; not the server's own. */
export function readTablespaces(node: Node, sql: string): string[] {
  if (!/tablespace/i.test(sql)) return [];
  const names: string[] = [];
  collect(node, names);
  return names.filter((name) => name !== '' && !name.startsWith('pg_'));
}

// A name after TABLESPACE, or the text of a setting. A quoted text within the body has its quotes twice.
// CREATE TABLESPACE never runs in a body, and needs none.
const name = String.raw`("(?:[^"]|"")+"|[a-z_\u0080-\uffff][\w$\u0080-\uffff]*)`;
const use = String.raw`(?<!\bcreate\s+)\btablespace\s+${name}`;
const inBody = new RegExp(String.raw`${use}|_tablespaces?\s*(?:=|\bto\b)\s*'*${name}`, 'gi');

/** The tablespaces that the body of a DO block or a function may mention; too many do no harm in a shadow. */
export function readBodyTablespaces(tag: string, sql: string): string[] {
  if (tag !== 'DoStmt' && tag !== 'CreateFunctionStmt') return [];
  return [...sql.matchAll(inBody)]
    .map(([, first, second]) => first ?? second ?? '')
    .map((one) => (one.startsWith('"') ? one.slice(1, -1).replaceAll('""', '"') : one.toLowerCase()))
    .filter((one) => !one.startsWith('pg_'));
}

// The server only notes it where they name one that does not exist (source: check_default_tablespace).
const lenient = new Set(['AlterRoleSetStmt', 'AlterDatabaseSetStmt', 'AlterFunctionStmt']);

/**
 * The tablespaces that a statement needs and that are not among those of a server. What the statement
 * creates, drops or renames is changed there.
 */
export function useTablespaces(tag: string, node: Node, sql: string, known: Set<string>): string[] {
  const rename = tag === 'RenameStmt' && node.renameType === 'OBJECT_TABLESPACE';
  if (tag === 'CreateTableSpaceStmt') {
    known.add(String(node.tablespacename));
    return [];
  }
  const names = rename ? [String(node.subname)] : readTablespaces(node, sql);
  const missing = names.filter((name) => !known.has(name));
  if (rename) known.add(String(node.newname));
  if (rename || tag === 'DropTableSpaceStmt') for (const name of names) known.delete(name);
  // With IF EXISTS or IF NOT EXISTS it may do nothing.
  const isSure = !lenient.has(tag) && node.missing_ok !== true && node.if_not_exists !== true;
  return isSure ? missing : [];
}

// The grammar has a field of its own for nearly every kind of statement.
const fields = new Set(
  'tablespacename tableSpaceName tableSpace indexspace orig_tablespacename new_tablespacename'.split(' '),
);

function collect(value: unknown, names: string[]): void {
  if (typeof value !== 'object' || value === null) return;
  const node = value as Node;
  if (node.subtype === 'AT_SetTableSpace') names.push(String(node.name));
  if (node.name === 'default_tablespace' || node.name === 'temp_tablespaces')
    names.push(...texts(node.args, 'sval'));
  if (node.defname === 'tablespace') names.push(...texts(node.arg, 'sval'));
  for (const [field, inner] of Object.entries(node))
    if (fields.has(field)) names.push(String(inner));
    else collect(inner, names);
}
