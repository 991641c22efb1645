// Settings that decide what SQL of pgmage means. A database's owner may set them for the database (manual: ALTER DATABASE):
// a path of his own would let his functions, operators and types stand for the system's, and run as whoever works there.
import type { Connection } from './connection.ts';

/** The path under which names without a schema are the system's. Temporary objects come last: user code can make them. */
export const safePath = 'pg_catalog, pg_temp';

const pins: Readonly<Record<string, string>> = {
  search_path: safePath,
  standard_conforming_strings: 'on',
  transform_null_equals: 'off',
  array_nulls: 'on',
  quote_all_identifiers: 'off',
};

// Each is qualified: nothing is pinned yet where this runs.
const calls = (local: string) =>
  Object.entries(pins)
    .map(([name, value]) => `pg_catalog.set_config('${name}', '${value}', ${local})`)
    .join(', ');

/** Pins the transaction that is open, or the message that this begins. */
export const pinned = `select ${calls('true')}`;

/** Pins what is left of a session that is nobody else's. */
export const pinnedSession = `select ${calls('false')}`;

// A role or a database may be set to read only, as a guard against accidents. Commands that only read begin their
// transactions so; those that write were asked for.
const writable = (local: string) => `pg_catalog.set_config('default_transaction_read_only', 'off', ${local})`;

/** Takes the pins away for statements of the user's own, which find what the database or the role is set to. */
export const unpinned = (scope: 'local' | 'session') =>
  Object.keys(pins)
    .map((name) => `set ${scope} ${name} to default`)
    .join('; ');

// So that the server ends the session, and its locks, 40 s after its client has gone without a word. No tcp_user_timeout:
// it would also end a session whose rows the client takes slowly (Linux: tcp(7)).
const keepalives = { tcp_keepalives_idle: '10', tcp_keepalives_interval: '10', tcp_keepalives_count: '3' };

const alive = (local: string) =>
  Object.entries(keepalives)
    .map(([name, value]) => `pg_catalog.set_config('${name}', '${value}', ${local})`)
    .join(', ');

/**
 * The first message of a session: pins it, lets it write, and gives the path that it had.
 * @param backend the server's process as it was told at login. Behind a pooler that is another one; the settings then end
 * with the message, because the server's session is going to be an application's.
 */
export function opening(backend: number | null): string {
  const isShared = `pg_catalog.pg_backend_pid() operator(pg_catalog.<>) ${backend ?? 0}`;
  return `select pg_catalog.current_setting('search_path') as path, ${calls(isShared)}, ${writable(isShared)}, ${alive(isShared)}`;
}

/** Runs one query outside of any transaction, pinned also behind a pooler. @throws Problem of the connection */
export async function pinnedRows<Row>(connection: Connection, sql: string): Promise<Row[]> {
  const [, rows] = await connection.batch([pinned, sql]);
  return rows as Row[];
}
