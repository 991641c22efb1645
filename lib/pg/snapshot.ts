// Reading in one state of the database, with settings under which the server writes the same text for the
// same thing.
import type { Connection } from './connection.ts';
import { buildUnpin, pinned, pinnedSession } from './pinned.ts';
import { transaction } from './transaction.ts';

/** Milliseconds that a session waits for one lock. */
export const readingLockTimeout = 10_000;

// The settings that change how definitions, constants and names are printed, and those that may stop or slow
// a read. With the pinned path, every name outside of the system schema is printed with its schema.
const settings: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  datestyle: 'ISO, YMD',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  lc_monetary: 'C',
  extra_float_digits: '1',
  bytea_output: 'hex',
  lock_timeout: `${readingLockTimeout}ms`,
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  // Compiling catalog queries takes longer than running them.
  jit: 'off',
  // Checks of partitions, whose functions the planner would call with constants, to leave partitions out.
  constraint_exclusion: 'off',
  // So does planning them: they name their tables in an order that can be followed.
  join_collapse_limit: '3',
};

/**
 * The settings for reading, as one statement. They end with the transaction, because behind a pooler the next
 * transaction of this server session may belong to another client.
 */
export const readingSettings = settingTo(true);

/** The same settings for a whole session that pgmage does not share. */
export const lastingReadingSettings = settingTo(false);

/**
 * Sets all of them back to what the database or the role says, for statements of others in the same
 * transaction. Limits of time stay as they are.
 */
export const restoreSettings = [
  ...Object.keys(settings)
    .filter((name) => !name.endsWith('_timeout'))
    .map((name) => `set local ${name} to default`),
  // Not every minor release knows the second one (`tablesAlone`).
  `select pg_catalog.set_config(name, reset_val, true) from pg_catalog.pg_settings
    where name in ('row_security', 'restrict_nonsystem_relation_kind')`,
  buildUnpin('local'),
].join('; ');

function settingTo(local: boolean): string {
  const calls = Object.entries(settings).map(
    ([name, value]) => `pg_catalog.set_config('${name}', '${value}', ${local})`,
  );
  return `${local ? pinned : pinnedSession}; select ${calls.join(', ')}`;
}

/**
 * SQL after which no view and no policy is read until the end of the transaction. A table could be replaced
 * by a view between its listing and its reading, and both run their functions as the reader; pg_dump does the
 * same. Minor releases before August 2024 do not know the first setting.
 */
export const tablesAlone = `select pg_catalog.set_config('row_security', 'off', true),
  case when pg_catalog.current_setting('restrict_nonsystem_relation_kind', true) is not null
    then pg_catalog.set_config('restrict_nonsystem_relation_kind', 'view, foreign-table', true) end`;

const begin = 'begin isolation level repeatable read read only';

/**
 * Runs reads that all see one state of the database.
 * @throws Problem of the reads
 */
export function snapshot<T>(
  connection: Connection,
  read: (connection: Connection) => Promise<T>,
): Promise<T> {
  return transaction(connection, read, `${begin}; ${readingSettings}; ${tablesAlone}`);
}
