// The rows of tables, from one database to another: as text, which is the same on every server version, or as
// servers of one version send values to each other, which takes less time.
import { qualify } from '../model/quote.ts';
import type { Connection, ServerConnection } from '../pg/connection.ts';
import { findPlannedCode } from './planned-code.ts';
import { type OwnerWrittenTables, readOwnerWrittenTables, writeRows } from './row-writing.ts';

/** A table with rows of its own. */
export interface TableRows {
  /** Qualified and quoted. */
  readonly name: string;
  /** Unquoted. */
  readonly path: readonly [schema: string, name: string];
  /** On disk, without indexes. */
  readonly bytes: number;
  /** The extension that creates the table; null: it is the user's own. */
  readonly extension: string | null;
  /** The user's own rows, as an SQL condition; empty: all. */
  readonly condition: string;
  /** Quoted, without those that are generated. */
  readonly columns: readonly string[];
  /** SQL expressions to read instead of the columns; left out: the columns. */
  readonly expressions?: readonly string[];
  /** With those, for each column: whether its type is of the system, or a domain over one that is. */
  readonly systems?: readonly boolean[];
  /** Servers of one version can send all of its values to each other as they are. */
  readonly binary?: boolean;
  /** True if the session may read it, and therefore lock it. */
  readonly readable?: boolean;
  /** True if its text has no encoding (SQL_ASCII): it is copied as bytes, whatever the session's encoding. */
  readonly raw?: boolean;
  /** Row security holds for its owner, too. */
  readonly forced?: boolean;
  /** It is only a part of the table: others are written to it, too. */
  readonly part?: boolean;
}

/**
 * SQL that is true of a relation c whose content is not here: unlogged ones are empty on a standby, which
 * refuses to read them (manual: "Hot Standby", "CREATE TABLE").
 */
export const isAbsent = `(c.relpersistence = 'u' and pg_is_in_recovery())`;

// Built-in types, and enums, which are sent as their labels. Other types, and references by number
// (regclass), have other numbers in another database.
const sendable = (
  type: string,
) => `(${type}.typtype = 'e' or ${type}.typnamespace = 'pg_catalog'::regnamespace
  and ${type}.typtype in ('b', 'r', 'm') and ${type}.typname !~ '^_?reg' and ${type}.typsend <> 0
  and ${type}.typreceive <> 0)`;

const readable = `has_schema_privilege(n.oid, 'USAGE') and has_table_privilege(c.oid, 'SELECT')`;

// Tables and partitions that hold rows themselves; of extensions, those that they let users fill (manual:
// "Extension Configuration Tables"). Rows of foreign tables are elsewhere.
const sendsBytes = `current_setting('server_encoding') = 'SQL_ASCII'`;
const tables = (
  condition: string,
) => `select json_build_array(n.nspname, c.relname) as path, pg_table_size(c.oid)::text as bytes,
    config.extension, coalesce(config.condition, '') as condition, c.relforcerowsecurity as forced,
    ${readable} as readable,
    ${sendsBytes} as raw,
    not ${sendsBytes} and not exists (select from pg_attribute a join pg_type y on y.oid = a.atttypid
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and not ${sendable('y')}) as binary,
    to_json(array(select quote_ident(a.attname) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
      and not a.attisdropped and a.attgenerated = '' order by a.attnum)) as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
    left join (select e.extname as extension, t.oid, e.extcondition[t.place] as condition
      from pg_extension e, unnest(e.extconfig) with ordinality t(oid, place)) config on config.oid = c.oid
  where c.relkind = 'r' and c.relpersistence <> 't' and ${condition} and n.nspname !~ '^pg_'
    and n.nspname <> 'information_schema' and (config.oid is not null or not exists (select from pg_depend d
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'))
  order by pg_table_size(c.oid) desc, n.nspname, c.relname`;

/** SQL that leaves nothing in a table of an extension that is the user's own. */
export function buildDelete({ name, condition }: TableRows): string {
  return `delete from only ${name} ${condition}`;
}

/** Lists the tables that hold rows, the biggest first. @throws Problem of the connection */
export function listTables(connection: Connection): Promise<TableRows[]> {
  return listOf(connection, `not ${isAbsent}`);
}

/** Lists the tables whose rows a standby does not have. @throws Problem of the connection */
export function listAbsentTables(connection: Connection): Promise<TableRows[]> {
  return listOf(connection, isAbsent);
}

/** The tables without rows, for messages. */
export const describeAbsent = (absent: readonly TableRows[]): string[] =>
  absent.map(({ name }) => `rows of ${name}: the table is unlogged, and a standby does not have its rows`);

async function listOf(connection: Connection, condition: string): Promise<TableRows[]> {
  const found = await connection.rows<Omit<TableRows, 'name' | 'bytes'> & { bytes: string }>(
    tables(condition),
  );
  return found.map((table) => ({ ...table, name: qualify(table.path), bytes: Number(table.bytes) }));
}

// Parents come first, as in a change of a parent with its partitions.
const partitioned = `select json_build_array(n.nspname, c.relname) as path, ${readable} as readable
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'p' and c.relpersistence <> 't' and n.nspname !~ '^pg_'
  and n.nspname <> 'information_schema'
  order by c.relispartition, n.nspname, c.relname`;

/** A table, with or without rows of its own. */
export type HeldTable = Pick<TableRows, 'name' | 'readable'>;

/**
 * Lists the tables to lock while rows are read: partitioned tables, and those with rows. @throws Problem of
 * the connection
 */
export async function listHeldTables(connection: Connection): Promise<HeldTable[]> {
  const parents = await connection.rows<Pick<TableRows, 'path' | 'readable'>>(partitioned);
  return [
    ...parents.map((table) => ({ ...table, name: qualify(table.path) })),
    ...(await listTables(connection)),
  ];
}

/**
 * SQL that protects tables until the end of the transaction: a TRUNCATE or a rewrite is not visible in an
 * older snapshot (manual: "Caveats" of MVCC), so rows would seem to be gone. It takes no snapshot itself.
 * Tables that the session may not read are left out: copying them fails anyway.
 */
export function buildTableLocks(tables: readonly HeldTable[]): string {
  const names = tables.filter((table) => table.readable !== false).map(({ name }) => `only ${name}`);
  return names.length === 0 ? '' : `lock table ${names.join(', ')} in access share mode`;
}

const views = `select json_build_array(n.nspname, c.relname) as path
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'm' and n.nspname !~ '^pg_' and ${readable} order by c.oid`;

/**
 * Protects materialized views until the end of the transaction, which has its snapshot already. LOCK does not
 * support them. Planning a query on one locks it, and works even on one without data. A refresh waits, and
 * later readers of the view wait behind it.
 * @throws Problem of the connection
 */
export async function lockViews(connections: readonly Connection[]): Promise<void> {
  const [first] = connections;
  if (first === undefined) return;
  const found = await first.rows<Pick<TableRows, 'path'>>(views);
  const unread = new Set((await findPlannedCode(first)).map(({ table }) => table));
  const names = found.map(({ path }) => qualify(path)).filter((name) => !unread.has(name));
  const sql = names.map((name) => `explain select from ${name}`).join(';');
  if (sql) for (const connection of connections) await connection.execute(sql);
}

/** The options of a copy. */
export interface CopyOptions {
  /** Is called when one begins, and as its bytes pass. */
  readonly told?: (table: TableRows, bytes: number) => void;
  /** The search path for functions of the target that its constraints and generated columns call. */
  readonly path?: string;
  /** The target's tables that are written as their owners; left out: they are looked for. */
  readonly guarded?: OwnerWrittenTables;
}

/**
 * Copies the rows of tables, one after the other. The target has the same tables, created in its open
 * transaction; both sessions are in one.
 * @returns the number of rows of each
 * @throws Problem of either connection; copied rows remain until the transaction is rolled back
 */
export async function copyTables(
  from: ServerConnection,
  to: ServerConnection,
  tables: readonly TableRows[],
  { told = () => undefined, path = '', guarded }: CopyOptions = {},
): Promise<Map<string, number>> {
  const rows = new Map<string, number>();
  const known = guarded ?? (await readOwnerWrittenTables(to));
  for (const table of tables) {
    const binary = table.binary === true && from.major === to.major;
    const counted = counting(from.copyOut(buildCopyOut(table, binary)), (bytes) => told(table, bytes));
    const into = (name: string) =>
      buildCopyIn({ ...table, name, part: table.part || name !== table.name }, binary);
    const { name, columns } = table;
    rows.set(name, await writeRows(to, known, { name, columns, into, rows: counted, path }));
  }
  return rows;
}

const asBytes = `encoding 'SQL_ASCII'`;
const listed = (columns: readonly string[]) => (columns.length === 0 ? '' : ` (${columns.join(', ')})`);

/** SQL that reads the rows of a table. */
export function buildCopyOut(
  { name, columns, condition, expressions, raw }: TableRows,
  binary = false,
): string {
  const options = binary ? ['format binary'] : raw ? [asBytes] : [];
  const to = `to stdout${options.length > 0 ? ` with (${options.join(', ')})` : ''}`;
  if (expressions === undefined && condition === '') return `copy ${name}${listed(columns)} ${to}`;
  return `copy (select ${(expressions ?? columns).join(', ')} from only ${name} ${condition}) ${to}`;
}

/**
 * SQL that writes rows into a table of the same transaction: no other session sees it, so the rows are frozen
 * at once.
 */
export function buildCopyIn(
  { name, columns, extension, raw = false, part = false }: TableRows,
  binary = false,
): string {
  const options = [
    ...(extension === null && !part ? ['freeze'] : []),
    ...(binary ? ['format binary'] : raw ? [asBytes] : []),
  ];
  return (
    `copy ${name}${listed(columns)} from` +
    ` stdin${options.length > 0 ? ` with (${options.join(', ')})` : ''}`
  );
}

async function* counting(
  pieces: AsyncIterable<Uint8Array>,
  told: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  told(0);
  for await (const piece of pieces) {
    yield piece;
    told(piece.length);
  }
}
