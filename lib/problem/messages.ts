// The table of message, hint, exit code and HTTP status for every problem code.

import type { Code, Problems, Refused } from './codes.ts';
import { adviseExtension } from './extension-packages.ts';
import { describeHolders, endHolders } from './holders.ts';
import type { Where } from './location.ts';
import { type MessageRow, row } from './message.ts';
import { connectionMessages } from './messages-connection.ts';
import { dataMessages } from './messages-data.ts';
import { adviseNear, fileMessages } from './messages-files.ts';
import { migrationMessages } from './messages-migration.ts';
import { reviewMessages } from './messages-review.ts';
import { serviceMessages } from './messages-service.ts';
import { shadowMessages } from './messages-shadow.ts';
import { syncMessages } from './messages-sync.ts';
import { targetMessages } from './messages-target.ts';
import { tenantMessages } from './messages-tenants.ts';
import { adviseRenames } from './renames.ts';
import { adviseRights } from './rights.ts';

/** The table. Its type is total, so a code without a message does not compile. */
export const messages: { readonly [C in Code]: MessageRow<Problems[C]> } = {
  ...connectionMessages,
  ...tenantMessages,

  invalid_sql: row(1, 422, invalidSql, serverHint('Correct the statement and run it again.')),
  missing_relation: row(1, 422, invalidSql, serverHint('Create it before it is used, or correct its name.')),
  missing_object: row(1, 422, invalidSql, serverHint('Create it before it is used, or correct its name.')),
  missing_extension: row(1, 422, invalidSql, (of: Problems['missing_extension']) => adviseExtension(of.name)),
  missing_role: row(
    1,
    422,
    invalidSql,
    (of: Problems['missing_role']) => `Create the role on that server: CREATE ROLE ${of.name};`,
  ),
  permission_denied: row(1, 403, refused, (of: Problems['permission_denied']) =>
    adviseRights(of.message, of.role, of.hint),
  ),
  lock_timeout: row(
    1,
    409,
    (of: Problems['lock_timeout'], where) =>
      refused(of, where) + (of.holders?.length ? `; locks are held by ${describeHolders(of.holders)}` : ''),
    (of) => of.hint ?? `Another transaction holds the lock. Retry, or end ${endHolders(of.holders ?? [])}.`,
  ),
  statement_timeout: row(
    1,
    504,
    refused,
    serverHint(
      'The server stopped the statement. Raise its statement_timeout, or make the statement faster.',
    ),
  ),
  statement_failed: row(1, 422, refused, serverHint('Correct the statement and run it again.')),

  unfit_rows: row(
    1,
    409,
    (of: Problems['unfit_rows'], where) =>
      `Rows of ${of.environment ?? 'the database'} do not fit ${where?.file ?? of.migration}` +
      `${where ? ` at line ${where.line}` : ''}: ${of.message}`,
    (of) =>
      'The migration was rolled back. Correct the rows' +
      `${of.table ? ` of ${of.table}${of.column ? `, column ${of.column}` : ''}` : ''},` +
      ` then run db:${of.direction === 'down' ? 'rollback' : 'sync'} again.` +
      (of.repair ? ` ${of.repair}` : ''),
  ),

  ...fileMessages,

  bad_config: row(64, 400, (of) => `Invalid configuration in ${of.file}: ${of.reason}`, 'Correct the file.'),
  environment_without_url: row(
    64,
    404,
    (of) => `The environment ${of.name} has no ${of.variable}`,
    (of) => `Set ${of.variable} in ${of.looked.join(' or ')}.`,
  ),
  empty_url: row(
    64,
    400,
    (of) => `The URL of ${of.name} is empty: ${of.place} is set but has no value`,
    'Set it to a postgres:// URL, or remove it. In CI, check the secret.',
  ),
  embedded_not_named: row(
    64,
    409,
    (of) => `No database is configured for ${of.environment}`,
    (of) =>
      [
        ...adviseNear(of.near),
        'Set DATABASE_URL. Without a terminal, pgmage writes to the embedded database only if you name it:',
        `pass --env ${of.environment},`,
        `or write environments: { ${of.environment}: { embedded: true } } into pgmage.config.ts.`,
      ].join(' '),
  ),
  unknown_source: row(
    64,
    400,
    (of) => `Unknown source ${of.source}: ${of.reason}`,
    'A source is a postgres:// URL, an environment, a .sql file, a folder of .sql files, migrations' +
      ' or empty.',
  ),
  unknown_task: row(
    64,
    404,
    (of) => `Unknown task ${of.name}`,
    (of) =>
      of.nearest.length > 0
        ? `Did you mean ${of.nearest.join(' or ')}?`
        : 'Run pgmage --list to see all tasks.',
  ),
  unknown_option: row(
    64,
    400,
    (of) => `Unknown option ${of.option}${of.task === null ? '' : ` of ${of.task}`}`,
    (of) =>
      of.nearest.length > 0
        ? `Did you mean ${of.nearest.join(' or ')}?`
        : `Run pgmage ${of.task === null ? '' : `${of.task} `}--help to see the options.`,
  ),
  missing_option: row(
    64,
    400,
    (of) => `${of.task} needs the ${/^-/.test(of.option) ? 'option' : 'argument'} ${of.option}`,
    (of) => `Run pgmage ${of.task} --help to see the options.`,
  ),
  bad_option: row(
    64,
    400,
    (of) => `Bad ${/^-/.test(of.option) ? 'option' : 'argument'} ${of.option}: ${of.reason}`,
    ({ task }) =>
      task == null
        ? 'Run the command with --help to see its options.'
        : `Run pgmage ${task} --help to see its options.`,
  ),

  bad_task_file: row(
    64,
    400,
    (of) => `Cannot read the tasks in ${of.file}: ${of.reason}`,
    'Correct the file.',
  ),
  command_failed: row(
    1,
    500,
    (of) => `The command '${of.command}' failed: ${of.reason}`,
    (of) =>
      of.exitCode === 127
        ? 'Install the missing program, or put it on the PATH.'
        : 'Correct what the command reports, then run the task again.',
  ),
  hook_failed: row(
    1,
    500,
    (of) =>
      `${of.hook === 'afterSync' ? 'Database synced, but the' : 'The'} ${of.hook} command ` +
      `'${of.command}' failed: ${of.reason}`,
    (of) =>
      of.hook === 'afterSync'
        ? 'Correct the command and run it yourself. ' +
          'The next db:sync has nothing to apply and does not run it.'
        : 'Correct the command in pgmage.config.ts.',
  ),
  task_failed: row(
    1,
    500,
    (of) => `${of.task} failed: ${of.reason}`,
    'The code of the task threw this error. Correct it in the file of the task.',
  ),

  ...migrationMessages,
  ...targetMessages,
  ...dataMessages,
  ...shadowMessages,
  ...syncMessages,
  ...reviewMessages,
  ...serviceMessages,

  plan_cycle: row(
    1,
    500,
    (of) => `Cannot order the changes: ${of.objects.join(' → ')} depend on each other`,
    'First change one of them in a separate migration.',
  ),
  data_loss_refused: row(
    1,
    409,
    () => 'Cannot proceed: would drop data. Use --force flag',
    (of) => [`Data would be lost by: ${of.losses.join('; ')}.`, adviseRenames(of.renames)].join(' ').trim(),
  ),
  unmanaged_objects: row(
    1,
    422,
    (of) => `Not managed by pgmage: ${of.objects.join(', ')}`,
    'Drop these objects, ignore them in pgmage.config.ts, or leave out --strict.',
  ),
  shadow_locked: row(
    1,
    423,
    (of) =>
      `Process ${of.pid}${of.host === null ? '' : ` on ${of.host}`} uses the embedded database in` +
      ` ${of.directory}${of.waited === 0 ? '' : `, also after a wait of ${of.waited / 1000} s`}`,
    (of) =>
      'Only one process can open an embedded database at a time. Wait until that process has ended, or end' +
      ` it.${of.host === null ? '' : ` If it no longer runs, remove ${of.lock}.`}`,
  ),
  transaction_pooler: row(
    1,
    422,
    (of) => `${of.environment} is behind a connection pooler in ${of.mode} mode`,
    (of) =>
      of.mode === 'statement'
        ? 'Every task needs transactions. Use the direct address of the server, or a pooler in session mode.'
        : 'This task needs one server session. Use the direct address of the server, or a pooler in' +
          ' session mode.',
  ),
  embedded_damaged: row(
    1,
    500,
    (of) => `Cannot open the embedded database in ${of.directory}: ${of.reason}`,
    'The files may be damaged. Copy the folder before you repair it. pgmage deleted nothing.',
  ),
  interrupted: row(130, 499, (of) => `Interrupted. ${of.state}`, 'Run the command again when you are ready.'),
  internal: row(1, 500, (of) => `Internal error: ${of.reason}`, 'This is a bug in pgmage. Please report it.'),
};

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
