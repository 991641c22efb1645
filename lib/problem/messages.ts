// The one table of words, hint, exit code and HTTP status of every problem code.

import type { Code, Problems, Refused } from './codes.ts';
import type { Where } from './location.ts';
import { type MessageRow, row } from './message.ts';
import { dataWording } from './messages-data.ts';
import { migrationWording } from './messages-migration.ts';

/** The table; total by its type, so that a code without words does not compile. */
export const wording: { readonly [C in Code]: MessageRow<Problems[C]> } = {
  bad_url: row(
    64,
    400,
    (of) => `${cannotConnect(of)}: ${of.reason}`,
    'Write postgres://user:password@host:5432/database, with special characters percent-encoded (@ is %40, / is %2F).',
  ),
  connection_refused: row(1, 503, cannotConnect, 'Start the server, or correct host and port.'),
  host_not_found: row(1, 503, cannotConnect, 'The host name is unknown: correct it, or check the network.'),
  connection_timeout: row(
    1,
    504,
    (of) => `${of.environment} connection timeout. Retry in a few minutes`,
    'The host did not answer in time: a sleeping database, a firewall, or a wrong port.',
  ),
  connection_lost: row(
    1,
    503,
    (of) => `Lost the connection to ${of.environment}`,
    ({ unanswered }) =>
      unanswered === undefined
        ? 'The server rolls back what was not committed. Check the network, then run it again.'
        : 'The server did not answer COMMIT: either all of the work is done, or nothing. Check the network, then run it again.',
  ),
  wrong_password: row(1, 502, cannotConnect, 'Correct the password in the URL, or PGPASSWORD.'),
  login_refused: row(
    1,
    502,
    cannotConnect,
    'The server does not let this role in from here: see its pg_hba.conf.',
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
    'Close some, or use its connection pooler.',
  ),
  server_unavailable: row(
    1,
    503,
    (of) => `Cannot connect to ${of.environment}. The server is not ready`,
    'It is starting, stopping or recovering. Retry in a few minutes.',
  ),
  ssl_failed: row(
    1,
    502,
    cannotConnect,
    'Encryption failed: see sslmode and sslrootcert in the URL (sslmode=require encrypts without checking who answers).',
  ),
  unwanted_session: row(
    1,
    503,
    cannotConnect,
    'Correct target_session_attrs in the URL, or name a server of that kind.',
  ),
  server_too_old: row(
    1,
    501,
    (of) => `${of.environment} runs PostgreSQL ${of.version}, which is not supported`,
    'PostgreSQL 15 or later is needed.',
  ),

  invalid_sql: row(1, 422, invalidSql, serverHint('Correct the statement and run it again.')),
  missing_relation: row(1, 422, invalidSql, serverHint('Create it before it is used, or correct its name.')),
  missing_object: row(1, 422, invalidSql, serverHint('Create it before it is used, or correct its name.')),
  missing_extension: row(
    1,
    422,
    invalidSql,
    (of: Problems['missing_extension']) =>
      `Install the extension ${of.name} where the schema is loaded, or name a server that has it as shadow.`,
  ),
  missing_role: row(
    1,
    422,
    invalidSql,
    (of: Problems['missing_role']) => `Create the role on that server: CREATE ROLE ${of.name};`,
  ),
  permission_denied: row(
    1,
    403,
    refused,
    serverHint('Connect as a role that may do this, usually the owner of the objects.'),
  ),
  lock_timeout: row(1, 409, refused, serverHint('Somebody else holds a lock. Retry in a few minutes.')),
  statement_timeout: row(1, 504, refused, serverHint('The server stopped it: see its statement_timeout.')),
  statement_failed: row(1, 422, refused, serverHint('Correct the statement and run it again.')),

  missing_schema: row(
    1,
    404,
    (of) => `${of.file} does not exist`,
    (of) =>
      `Write it, or begin with that of a database: pgmage db:pull (pg_dump --schema-only URL > ${of.file} will do, too).`,
  ),
  missing_file: row(1, 404, (of) => `${of.file} does not exist`, 'Create it, or correct the path.'),
  unreadable_file: row(1, 403, (of) => `Cannot read ${of.file}: ${of.reason}`, 'Check its permissions.'),
  unwritable_file: row(
    1,
    507,
    (of) => `Cannot write ${of.file}: ${of.reason}`,
    'Check permissions and free space.',
  ),
  empty_file: row(
    1,
    422,
    (of) => (of.comments ? `${of.file} holds only comments` : `${of.file} is empty`),
    "An empty schema would drop everything. If that is wanted, use the source 'empty'.",
  ),
  not_utf8: row(
    1,
    422,
    (of) => `${of.file} is not UTF-8 at line ${of.line}`,
    'Save it as UTF-8, for example with iconv -t UTF-8.',
  ),
  file_too_big: row(
    1,
    413,
    (of) => `${of.file} is too big: ${of.bytes} bytes, at most ${of.limit} can be loaded at once`,
    'Split it into a folder of files, and keep data out of the schema.',
  ),

  bad_config: row(64, 400, (of) => `Invalid configuration in ${of.file}: ${of.reason}`, 'Correct it.'),
  unknown_environment: row(
    64,
    404,
    (of) => `Unknown environment ${of.name || "''"}`,
    (of) =>
      of.known.length > 0
        ? `Known: ${of.known.join(', ')}. Others are made by a file .env.NAME, or in pgmage.config.ts.`
        : 'Set DATABASE_URL, or add it to pgmage.config.ts.',
  ),
  environment_without_url: row(
    64,
    404,
    (of) => `The environment ${of.name} has no ${of.variable}`,
    (of) => `Looked in ${of.looked.join(', ')}. Set ${of.variable} there.`,
  ),
  empty_url: row(
    64,
    400,
    (of) => `The URL of ${of.name} is empty: ${of.place} is set, but has no value`,
    'Set it to a postgres:// URL (in CI, check the secret), or remove it.',
  ),
  embedded_not_named: row(
    64,
    409,
    (of) => `Nothing was done: no database is configured for ${of.environment}`,
    (of) =>
      `Set DATABASE_URL. If the embedded database is meant, pass --env ${of.environment}, or configure environments: { ${of.environment}: { embedded: true } }.`,
  ),
  unknown_source: row(
    64,
    400,
    (of) => `Unknown source ${of.source}: ${of.reason}`,
    'A source is a postgres:// URL, an environment, a .sql file, a folder of them, migrations or empty.',
  ),
  unknown_task: row(
    64,
    404,
    (of) => `Unknown task ${of.name}`,
    (of) =>
      of.nearest.length > 0 ? `Did you mean ${of.nearest.join(' or ')}?` : 'pgmage --list shows all tasks.',
  ),
  bad_option: row(
    64,
    400,
    (of) => `Bad ${/^-/.test(of.option) ? 'option' : 'argument'} ${of.option}: ${of.reason}`,
    'pgmage TASK --help shows what a task takes.',
  ),

  bad_task_file: row(64, 400, (of) => `Cannot read tasks of ${of.file}: ${of.reason}`, 'Correct the file.'),
  command_failed: row(
    1,
    500,
    (of) => `The database is in sync, but '${of.command}', which is wanted after that, failed: ${of.reason}`,
    'Run it by itself once it is repaired: the next db:sync has nothing to do and will not.',
  ),
  task_failed: row(
    1,
    500,
    (of) => `${of.task} failed: ${of.reason}`,
    "The project's own code threw this: correct it there.",
  ),

  ...migrationWording,
  ...dataWording,

  plan_cycle: row(
    1,
    500,
    (of) => `Cannot order the changes: ${of.objects.join(' → ')} need each other`,
    'Change one of them in a migration of its own first.',
  ),
  data_loss_refused: row(
    1,
    409,
    () => 'Cannot proceed: would drop data. Use --force flag',
    (of) =>
      `It would lose: ${of.losses.join('; ')}.${of.renames?.length ? ` If it was only renamed, say so: ${of.renames.map((one) => `--rename ${one}`).join(' ')}` : ''}`,
  ),
  unmanaged_objects: row(
    1,
    422,
    (of) => `Not managed by pgmage: ${of.objects.join(', ')}`,
    'Drop them, ignore them in pgmage.config.ts, or leave out --strict.',
  ),
  shadow_locked: row(
    1,
    423,
    (of) => `Another process uses the embedded database in ${of.directory}`,
    'Wait until it has ended. Only one process can open an embedded database at a time.',
  ),
  transaction_pooler: row(
    1,
    422,
    (of) => `A connection pooler in ${of.mode} mode is in front of ${of.environment}`,
    (of) =>
      of.mode === 'statement'
        ? 'Every task needs transactions. Use the direct address of the server, or a pooler in session mode.'
        : 'This task needs one session of the server. Use the direct address of the server, or a pooler in session mode.',
  ),
  embedded_damaged: row(
    1,
    500,
    (of) => `Cannot open the embedded database in ${of.directory}: ${of.reason}`,
    'Its files may be damaged. Copy the folder before you try to repair it. pgmage deleted nothing.',
  ),
  shadow_failed: row(
    1,
    500,
    (of) => `Cannot start the shadow database: ${of.reason}`,
    'Delete its cache, or name a server for shadows with --shadow URL.',
  ),
  interrupted: row(1, 499, (of) => `Interrupted. ${of.state}`, 'Run it again when you are ready.'),
  internal: row(1, 500, (of) => `Internal error: ${of.reason}`, 'This is a bug in pgmage. Please report it.'),
};

// Who wrote a URL on the command line has no variable to look at.
function cannotConnect({ environment, found }: { environment: string; found?: string }): string {
  const usual = /^postgres(ql)?:\/\//i.test(environment) ? 'the URL' : 'DATABASE_URL';
  return `Cannot connect to ${environment}. Check ${found ?? usual}`;
}

function invalidSql(of: Refused, where?: Where): string {
  return where
    ? `Invalid SQL in ${where.file} at line ${where.line}: ${of.message}`
    : `Invalid SQL: ${of.message}`;
}

function refused(of: Refused, where?: Where): string {
  return `${where ? `${where.file} line ${where.line}` : (of.environment ?? 'The server')}: ${of.message}`;
}

function serverHint(otherwise: string): (of: Refused) => string {
  return (of) => of.hint ?? otherwise;
}
