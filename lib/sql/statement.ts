// The effect of one parsed statement on a throw-away database: run, skipped, or a setting; and the names in
// it.
import { findExtensionsInBody } from '../kinds/extensions/in-bodies.ts';

/** A node of the grammar's tree, as the parser's JSON has it. */
export type Node = { readonly [field: string]: unknown };

// Statements about the whole server, about rows only, or refused inside a transaction: not part of one
// database's schema.
const skipped = new Set(
  `TransactionStmt CreatedbStmt DropdbStmt AlterDatabaseStmt AlterDatabaseSetStmt
    AlterDatabaseRefreshCollStmt CopyStmt VacuumStmt CreateTableSpaceStmt DropTableSpaceStmt
    AlterTableSpaceOptionsStmt AlterSystemStmt DiscardStmt CheckPointStmt CreateRoleStmt DropRoleStmt
    LoadStmt`.split(/\s+/),
);

const global = new Set(['OBJECT_DATABASE', 'OBJECT_TABLESPACE', 'OBJECT_ROLE']);

// The session settings of pg_dump. Not every server version has all of them, and none changes the schema.
const sessionSettings = new Set(
  `statement_timeout lock_timeout idle_in_transaction_session_timeout transaction_timeout client_encoding
  client_min_messages row_security restrict_nonsystem_relation_kind`.split(/\s+/),
);

/** True if it must not run in a throw-away database. */
export function isSkipped(tag: string, node: Node): boolean {
  if (tag === 'VariableSetStmt') return sessionSettings.has(String(node.name));
  if (tag === 'RenameStmt') return global.has(String(node.renameType));
  return skipped.has(tag) || global.has(String(node.objtype ?? node.objectType));
}

/** True if it begins or ends a transaction. */
export function isBoundary(tag: string, { kind }: Node): boolean {
  return tag === 'TransactionStmt' && !/SAVEPOINT|RELEASE|ROLLBACK_TO/.test(String(kind));
}

/** True if it changes the meaning of later statements. */
export function isSetting(tag: string, node: Node): boolean {
  if (tag !== 'SelectStmt') return tag === 'VariableSetStmt';
  return node.fromClause === undefined && JSON.stringify(node.targetList ?? '').includes('"set_config"');
}

/** True if it has a CONCURRENTLY that a transaction refuses. */
export function runsConcurrently(tag: string, node: Node): boolean {
  if (tag === 'AlterTableStmt') return JSON.stringify(node).includes('"concurrent":true');
  return (tag === 'IndexStmt' || tag === 'DropStmt') && node.concurrent === true;
}

/** True if it creates an index ONLY on a partitioned table. */
export function isOfOneTable(tag: string, { relation }: Node): boolean {
  return tag === 'IndexStmt' && (relation as Node | undefined)?.inh !== true;
}

/** True if it changes the result of the statements that follow it. */
export function changesWhatFollows(tag: string): boolean {
  return tag === 'AlterDefaultPrivilegesStmt' || tag === 'CreateEventTrigStmt';
}

/** The extension that it creates. */
export function readExtension(tag: string, node: Node): string | undefined {
  return tag === 'CreateExtensionStmt' ? String(node.extname) : undefined;
}

/** The extensions that the body of a DO block or a function may create. */
export function readBodyExtensions(tag: string, sql: string): string[] {
  return tag === 'DoStmt' || tag === 'CreateFunctionStmt' ? findExtensionsInBody(sql) : [];
}

/** Every role that it mentions by name; not the server's own `pg_…` roles. */
export function readRoles(tag: string, node: Node): string[] {
  const names: string[] = [];
  if (tag === 'CreateRoleStmt') names.push(String(node.role));
  collect(node, names);
  return names.filter((name) => name !== '' && !name.startsWith('pg_'));
}

/** The roles that it creates: their names, or the text of a DO block that creates some. */
export function readMadeRoles(tag: string, node: Node, sql: string): string[] {
  if (tag === 'CreateRoleStmt') return [String(node.role)];
  return tag === 'DoStmt' && /\bcreate\s+(role|user|group)\b/i.test(sql) ? [sql] : [];
}

/** True if it fails where a role that it names does not exist. */
export const needsRoles = (tag: string) => tag !== 'CreateRoleStmt' && tag !== 'DropRoleStmt';

function collect(value: unknown, names: string[]): void {
  if (Array.isArray(value)) for (const item of value) collect(item, names);
  else if (typeof value === 'object' && value !== null) {
    const node = value as Node;
    if (node.roletype === 'ROLESPEC_CSTRING') names.push(String(node.rolename));
    if (node.granted_roles !== undefined) names.push(...texts(node.granted_roles, 'priv_name'));
    if (node.name === 'role' || node.name === 'session_authorization')
      names.push(...texts(node.args, 'sval'));
    for (const field in node) collect(node[field], names);
  }
}

/** The texts of one field of a node, however deep. */
export function texts(value: unknown, field: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => texts(item, field));
  if (typeof value !== 'object' || value === null) return [];
  const node = value as Node;
  const own = node[field];
  return typeof own === 'string' ? [own] : Object.values(node).flatMap((inner) => texts(inner, field));
}
