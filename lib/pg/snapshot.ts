// Reading in one state of the database, with settings under which the server writes the same text for the same thing.
import type { Connection } from './connection.ts';
import { transaction } from './transaction.ts';

// Everything that changes how definitions, constants and names are written, and what may stop or slow a read. An empty
// search_path has pg_catalog only, so that every other name is qualified.
const settings: Readonly<Record<string, string>> = {
  search_path: '',
  client_encoding: 'UTF8',
  datestyle: 'ISO, YMD',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  lc_monetary: 'C',
  extra_float_digits: '1',
  bytea_output: 'hex',
  quote_all_identifiers: 'off',
  standard_conforming_strings: 'on',
  lock_timeout: '10s',
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  // Compiling catalog queries takes longer than running them.
  jit: 'off',
  // So does planning them: they name their tables in an order that can be followed.
  join_collapse_limit: '3',
};

/**
 * The settings for reading as one statement. They end with the transaction, because behind a pooler the next
 * transaction of this server session may be somebody else's.
 */
export const readingSettings = settingTo(true);

/** The same for all of a session that is nobody else's. */
export const lastingReadingSettings = settingTo(false);

function settingTo(local: boolean): string {
  const calls = Object.entries(settings).map(
    ([name, value]) => `set_config('${name}', '${value}', ${local})`,
  );
  return `select ${calls.join(', ')}`;
}

const begin = 'begin isolation level repeatable read read only';

/**
 * Runs reads that all see one state of the database.
 * @throws Problem of the reads
 */
export function snapshot<T>(
  connection: Connection,
  read: (connection: Connection) => Promise<T>,
): Promise<T> {
  return transaction(connection, read, `${begin}; ${readingSettings}`);
}
