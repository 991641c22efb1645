// Settings that change the meaning of pgmage's SQL. A database owner can set them for the database (manual:
// ALTER DATABASE). With a path of its own, the owner's functions, operators and types would replace the
// system's, with the rights of the person who runs pgmage.
import type { Connection } from './connection.ts';

/**
 * The path under which names without a schema are the system's. Temporary objects come last: user code can
 * make them.
 */
export const safePath = 'pg_catalog, pg_temp';

const pins: Readonly<Record<string, string>> = {
  search_path: safePath,
  standard_conforming_strings: 'on',
  transform_null_equals: 'off',
  array_nulls: 'on',
  quote_all_identifiers: 'off',
  // Else the planner would compute what constraints call.
  constraint_exclusion: 'off',
};

// Each is qualified: nothing is pinned yet where this runs.
const calls = (local: string) =>
  Object.entries(pins)
    .map(([name, value]) => `pg_catalog.set_config('${name}', '${value}', ${local})`)
    .join(', ');

/** Pins the transaction that is open, or the message that this begins. */
export const pinned = `select ${calls('true')}`;

/** Pins the other settings of a session that pgmage does not share. */
export const pinnedSession = `select ${calls('false')}`;

// A role or a database may be set to read only, as a guard against accidents. Commands that only read begin
// their transactions so; those that write were asked for.
const writable = (local: string) => `pg_catalog.set_config('default_transaction_read_only', 'off', ${local})`;

/** Removes the pins for the user's own statements, which get the settings of the database or role. */
export const buildUnpin = (scope: 'local' | 'session') =>
  Object.keys(pins)
    .map((name) => `set ${scope} ${name} to default`)
    .join('; ');

// So that the server ends the session, and its locks, 40 s after its client has gone without a word. No
// tcp_user_timeout: it would also end a session whose rows the client takes slowly (Linux: tcp(7)).
const keepalives = { tcp_keepalives_idle: '10', tcp_keepalives_interval: '10', tcp_keepalives_count: '3' };

const alive = (local: string) =>
  Object.entries(keepalives)
    .map(([name, value]) => `pg_catalog.set_config('${name}', '${value}', ${local})`)
    .join(', ');

/**
 * The first message of a session: it pins the session, allows writes, and returns the previous path.
 * @param backend the server process that was named at login. Behind a pooler it is another one. Then the
 * settings end with the message, because the pooler gives the server session to an application next.
 */
export function buildOpening(backend: number | null): string {
  const isShared = `pg_catalog.pg_backend_pid() operator(pg_catalog.<>) ${backend ?? 0}`;
  return `select pg_catalog.current_setting('search_path') as path, ${calls(isShared)}, ${writable(isShared)},
    ${alive(isShared)}`;
}

/**
 * Runs one query outside of any transaction, pinned also behind a pooler. @throws Problem of the connection
 */
export async function queryPinned<Row>(connection: Connection, sql: string): Promise<Row[]> {
  const [, rows] = await connection.batch([pinned, sql]);
  return rows as Row[];
}
