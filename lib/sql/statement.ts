// What one parsed statement is to a throw-away database: run, left out, or a setting; and whom it mentions.

/** A node of the grammar's tree, as the parser's JSON has it. */
export type Node = { readonly [field: string]: unknown };

// About the whole server, about rows only, or refused inside a transaction: no part of what one database is.
const skipped = new Set(
  `TransactionStmt CreatedbStmt DropdbStmt AlterDatabaseStmt AlterDatabaseSetStmt AlterDatabaseRefreshCollStmt CopyStmt
  VacuumStmt CreateTableSpaceStmt DropTableSpaceStmt AlterTableSpaceOptionsStmt AlterSystemStmt DiscardStmt CheckPointStmt
  CreateRoleStmt DropRoleStmt LoadStmt`.split(/\s+/),
);

const global = new Set(['OBJECT_DATABASE', 'OBJECT_TABLESPACE', 'OBJECT_ROLE']);

// What pg_dump sets for its own session. Not every server version knows all of them, and none changes what is made.
const sessionSettings = new Set(
  `statement_timeout lock_timeout idle_in_transaction_session_timeout transaction_timeout client_encoding
  client_min_messages row_security restrict_nonsystem_relation_kind`.split(/\s+/),
);

/** Whether it has no place in a throw-away database. */
export function isSkipped(tag: string, node: Node): boolean {
  if (tag === 'VariableSetStmt') return sessionSettings.has(String(node.name));
  if (tag === 'RenameStmt') return global.has(String(node.renameType));
  return skipped.has(tag) || global.has(String(node.objtype ?? node.objectType));
}

/** Whether it begins or ends a transaction. */
export function isBoundary(tag: string, { kind }: Node): boolean {
  return tag === 'TransactionStmt' && !/SAVEPOINT|RELEASE|ROLLBACK_TO/.test(String(kind));
}

/** Whether it changes how the statements after it are understood. */
export function isSetting(tag: string, node: Node): boolean {
  if (tag !== 'SelectStmt') return tag === 'VariableSetStmt';
  return node.fromClause === undefined && JSON.stringify(node.targetList ?? '').includes('"set_config"');
}

/** Whether it carries a CONCURRENTLY that a transaction refuses. */
export function runsConcurrently(tag: string, node: Node): boolean {
  if (tag === 'AlterTableStmt') return JSON.stringify(node).includes('"concurrent":true');
  return (tag === 'IndexStmt' || tag === 'DropStmt') && node.concurrent === true;
}

/** Whether it makes an index of a partitioned table ONLY. */
export function isOfOneTable(tag: string, { relation }: Node): boolean {
  return tag === 'IndexStmt' && (relation as Node | undefined)?.inh !== true;
}

/** Whether what the statements after it make is another thing than what those before it make. */
export function changesWhatFollows(tag: string): boolean {
  return tag === 'AlterDefaultPrivilegesStmt' || tag === 'CreateEventTrigStmt';
}

/** The extension that it creates. */
export function extensionOf(tag: string, node: Node): string | undefined {
  return tag === 'CreateExtensionStmt' ? String(node.extname) : undefined;
}

/**
 * The extensions that the body of a DO block or a function may create: names after CREATE EXTENSION, and literals, which the
 * body may put there.
 */
export function extensionsInBody(tag: string, sql: string): string[] {
  const hasBody = tag === 'DoStmt' || tag === 'CreateFunctionStmt';
  if (!hasBody || !/\bcreate\s+extension\b/i.test(sql)) return [];
  const named = /\bcreate\s+extension\s+(?:if\s+not\s+exists\s+)?(?:"([^"]+)"|([\w$]+))/gi;
  const literals = /'([a-z][\w-]*)'/g;
  return [
    ...[...sql.matchAll(named)].map(([, quoted, plain = '']) => quoted ?? plain.toLowerCase()),
    ...[...sql.matchAll(literals)].map(([, word = '']) => word),
  ];
}

/** Every role that it mentions by name; not the server's own `pg_…` roles. */
export function rolesOf(tag: string, node: Node): string[] {
  const names: string[] = [];
  if (tag === 'CreateRoleStmt') names.push(String(node.role));
  collect(node, names);
  return names.filter((name) => name !== '' && !name.startsWith('pg_'));
}

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

// The texts of one field, however deep.
function texts(value: unknown, field: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => texts(item, field));
  if (typeof value !== 'object' || value === null) return [];
  const node = value as Node;
  const own = node[field];
  return typeof own === 'string' ? [own] : Object.values(node).flatMap((inner) => texts(inner, field));
}
