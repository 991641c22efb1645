// The messages of problems with connections.

import type { Problems } from './codes.ts';
import { waysOut } from './half-way.ts';
import { type MessageRow, row } from './message.ts';

type ConnectionCode =
  | 'bad_url'
  | 'connection_refused'
  | 'host_not_found'
  | 'connection_timeout'
  | 'connection_lost'
  | 'wrong_password'
  | 'login_refused'
  | 'missing_database'
  | 'too_many_connections'
  | 'server_unavailable'
  | 'ssl_failed'
  | 'unwanted_session'
  | 'server_too_old';

/** Their part of the table; total by its type. */
export const connectionMessages: { readonly [C in ConnectionCode]: MessageRow<Problems[C]> } = {
  bad_url: row(
    64,
    400,
    (of) => `${cannotConnect(of)}: ${of.reason}`,
    'Write postgres://user:password@host:5432/database, with special characters percent-encoded (@' +
      ' is %40, / is %2F).',
  ),
  connection_refused: row(
    1,
    503,
    cannotConnect,
    'Start the server, or correct the host and port in the URL.',
  ),
  host_not_found: row(
    1,
    503,
    cannotConnect,
    'The host name is unknown. Correct it, or check the network. In the password of a URL, write @ as %40,' +
      ' / as %2F, # as %23, ? as %3F and % as %25.',
  ),
  connection_timeout: row(
    1,
    504,
    (of) => `${of.environment} connection timeout. Retry in a few minutes`,
    'The host did not answer in time. The database may sleep, a firewall may block it, or the port is wrong.',
  ),
  connection_lost: row(
    1,
    503,
    (of) => `Lost the connection to ${of.environment}`,
    ({ unanswered, outcome, halfWay }) =>
      halfWay !== undefined
        ? `${halfWay.migration} may be half-way: its committed statements remain. Check server and network.` +
          ` Then ${waysOut(halfWay.direction)}.`
        : unanswered === undefined
          ? 'The server rolls back the open transaction. Check server and network, then run it again.'
          : 'The server did not answer COMMIT: all of the work is done, or none. Check server and network,' +
            (outcome === undefined
              ? ' then run it again.'
              : ' and look at the database before you run it again.'),
  ),
  wrong_password: row(1, 502, cannotConnect, 'Correct the password in the URL or in PGPASSWORD.'),
  login_refused: row(
    1,
    502,
    cannotConnect,
    'The pg_hba.conf of the server does not allow this role from this host.',
  ),
  missing_database: row(
    1,
    502,
    cannotConnect,
    'Correct the database name at the end of the URL, or create it.',
  ),
  too_many_connections: row(
    1,
    503,
    (of) => `Cannot connect to ${of.environment}. It has too many connections`,
    'Close connections, or use the connection pooler of the server.',
  ),
  server_unavailable: row(
    1,
    503,
    (of) => `Cannot connect to ${of.environment}. The server is not ready`,
    'The server is starting, stopping or recovering. Retry in a few minutes.',
  ),
  ssl_failed: row(
    1,
    502,
    cannotConnect,
    'Check sslmode and sslrootcert in the URL. sslmode=require encrypts without verifying the server.',
  ),
  unwanted_session: row(
    1,
    503,
    cannotConnect,
    'Correct target_session_attrs in the URL, or use the address of such a server.',
  ),
  server_too_old: row(
    1,
    501,
    (of) => `${of.environment} runs PostgreSQL ${of.version}, which is not supported`,
    'Upgrade the server to PostgreSQL 15 or later.',
  ),
};

// A URL on the command line comes from no variable.
function cannotConnect({ environment, found }: { environment: string; found?: string }): string {
  const usual = /^postgres(ql)?:\/\//i.test(environment) ? 'the URL' : 'DATABASE_URL';
  return `Cannot connect to ${environment}. Check ${found ?? usual}`;
}
