// The messages of problems with backups, restores, clones and other moves of data.

import { formatCount } from './amount.ts';
import type { DataProblems, RailwayFault } from './codes.ts';
import { type MessageRow, row } from './message.ts';
import { findAdvice } from './rights.ts';

const ways: Readonly<Record<RailwayFault, string>> = {
  no_client:
    'Install it with npm install --global @railway/cli or brew install railway. Then run railway' +
    ' login and railway link.',
  not_logged_in: 'Run: railway login. In CI, set RAILWAY_TOKEN to a token of the project.',
  not_linked: 'Run in the project folder: railway link. To create a project: railway init.',
  no_environment:
    'Set railway.environment in pgmage.config.ts to a name that `railway environment` lists.' +
    ' To create one: railway environment new NAME.',
  no_service:
    'Set railway.service in pgmage.config.ts to the name of the database service.' +
    ' To create one: railway add --database postgres.',
  no_variable:
    'Set railway.service in pgmage.config.ts to the name of the database service.' +
    ' To create one: railway add --database postgres.',
  private:
    'Turn on public networking (a TCP proxy) for the database service.' +
    ' Then remove railway.variable, or set it to DATABASE_PUBLIC_URL.',
  failed: 'Run in the project folder: railway variables --json.',
};

/** Their part of the table; total by its type. */
export const dataMessages: { readonly [C in keyof DataProblems]: MessageRow<DataProblems[C]> } = {
  no_client: row(
    1,
    501,
    (of) =>
      'Found no pg_dump for PostgreSQL' +
      ` ${of.major}${of.found.length > 0 ? `, only ${of.found.join(', ')}` : ''}`,
    (of) =>
      `Install PostgreSQL's client programs, version ${of.major} or later, or put them on the PATH.` +
      ` On Debian: apt-get install postgresql-client-${of.major}.`,
  ),
  client_failed: row(
    1,
    500,
    (of) => `${of.program} failed: ${of.reason}`,
    (of) =>
      'The backup was removed again. ' +
      (findAdvice(of.reason, of.role) ?? 'Correct the cause, and run the command again.'),
  ),
  no_server: row(
    64,
    400,
    (of) => `${of.environment} is an embedded database, and this task needs a database on a server`,
    'Name an environment on a server. To save an embedded database, copy its folder while no' +
      ' process uses it.',
  ),
  railway_failed: row(
    1,
    502,
    (of) => `Cannot get the URL of ${of.environment} from Railway: ${of.detail}`,
    (of) => ways[of.fault] ?? ways.failed,
  ),
  changed_meanwhile: row(
    1,
    409,
    (of) => `The schema of ${of.environment} changed during the backup`,
    'The backup was removed again. Run it again when no session changes the schema.',
  ),
  backup_running: row(
    1,
    423,
    (of) =>
      `Another backup of ${of.database} is running` +
      (of.lock === null ? '' : `: it holds the lock file ${of.lock}`),
    (of) =>
      of.lock === null
        ? 'Wait until it has ended.'
        : 'Wait until it has ended. If its machine no longer exists, delete that file.',
  ),
  no_space: row(
    1,
    507,
    (of) =>
      `${of.folder} has ${formatCount(of.free, 'byte')} free,` +
      ` and the backup may need ${formatCount(of.needed, 'byte')}`,
    'Delete old backups with db:backups prune, or name another folder with --dir.' +
      ' --force skips this check; a full disk does not damage existing backups.',
  ),
  backup_damaged: row(
    1,
    422,
    (of) => `${of.file} is damaged: ${of.faults.join('; ')}`,
    'Nothing was restored from it. Choose another backup: db:backups lists them.',
  ),
  protected_target: row(
    1,
    403,
    ({ environment, alias, lacks }) => {
      if (alias !== undefined) return `${alias} is the database of ${environment}, which is protected`;
      if (lacks === undefined)
        return `${environment} is protected: pgmage writes to it only with its name on the command line`;
      return lacks === 'confirm'
        ? `${environment} is protected: the service writes to it only if the request confirms its name`
        : `${environment} is protected, and serve.allowTargets does not name it`;
    },
    ({ environment, lacks }) => {
      if (lacks === undefined) return `Nothing was changed. To write to it, add --confirm ${environment}.`;
      return lacks === 'confirm'
        ? `Nothing was changed. To write to it, add "confirm": "${environment}" to the request.`
        : 'Nothing was changed. To write to it, add it to serve.allowTargets in pgmage.config.ts,' +
            ' and restart the service.';
    },
  ),
  protected_drill: row(
    1,
    403,
    (of) => `The drill would restore the backup on the server of ${of.environment}, which is protected`,
    (of) => `Nothing was restored. Name another server by --on, or allow this one: --on ${of.environment}.`,
  ),
  unfit_masks: row(
    1,
    409,
    (of) => `${of.environment ?? 'The target'} does not take the rows: ${of.message}`,
    (of) =>
      `Nothing was changed. The masks may be the reason: ${of.masks.join(', ')}. All columns of a foreign` +
      ' key need the same mask, and a unique column needs different values.',
  ),
  unfit_target: row(
    1,
    409,
    (of) => `${of.environment} cannot take this backup:${listed(of.reasons)}`,
    'Nothing was changed.',
  ),
  transaction_statement: row(
    1,
    422,
    (of) =>
      `The backup contains the statement ${of.statement}, which would end the transaction of the restore`,
    'Nothing was changed. pg_dump writes no such statement, so the backup was edited. Do not restore it.',
  ),
  transaction_ended: row(
    1,
    500,
    (of) =>
      `The backup ended the transaction of the restore: ${of.environment} now contains a part of the backup`,
    'The previous content of the database is lost. Restore another backup: db:backups lists them.',
  ),
  script_refused: row(
    1,
    422,
    (of) => `${of.file} cannot be loaded: ${of.faults.join('; ')}`,
    'Nothing was changed. pgmage runs the whole script in one transaction, without psql.' +
      ' Remove these lines, or load the file with psql.',
  ),
  not_as_backed_up: row(
    1,
    500,
    (of) => `Verification failed: ${of.environment} differs from the backup: ${of.differences.join('; ')}`,
    'The restore was rolled back. If no other session changed the database, please report this.',
  ),
  bad_mask: row(
    64,
    400,
    (of) => `Bad mask ${of.mask}: ${of.reason}`,
    'Nothing was copied. A mask is table.column=SQL, or table.column=@NAME, for example users.email=@email.',
  ),
  planned_code: row(
    1,
    409,
    (of) =>
      'Functions of other roles would run with your rights when the server plans a statement on' +
      ` ${of.environment}: ${of.calls.join('; ')}`,
    'Nothing was changed. Connect as the owner of these functions. Or drop what calls them with constants,' +
      ' and make backups of the database again.',
  ),
  clone_refused: row(
    1,
    409,
    (of) => `Cannot clone ${of.source} to ${of.target}:${listed(of.faults)}`,
    'Nothing was changed. Correct these, and run the command again.',
  ),
  not_as_source: row(
    1,
    500,
    (of) => `Verification failed: ${of.target} differs from ${of.source}: ${shortened(of.differences)}`,
    (of) =>
      `${of.target} is unchanged. If no other session wrote to it, please report this with both schemas.`,
  ),
};

const most = 20;

// One reason in the line, several in lines of their own.
const listed = (reasons: readonly string[]) =>
  reasons.length === 1 ? ` ${reasons[0]}` : reasons.map((reason) => `\n  ${reason}`).join('');

function shortened(lines: readonly string[]): string {
  const rest = lines.length - most;
  return [...lines.slice(0, most), ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
}
