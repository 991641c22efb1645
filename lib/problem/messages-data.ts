// The words of what can go wrong when data moves.

import type { DataProblems, RailwayFault } from './codes.ts';
import { type MessageRow, row } from './message.ts';

const ways: Readonly<Record<RailwayFault, string>> = {
  no_client:
    'Install it: npm install --global @railway/cli, or brew install railway. Then: railway login, and railway link.',
  not_logged_in: 'Run: railway login. Where nobody can log in, set RAILWAY_TOKEN to a token of the project.',
  not_linked: 'In the folder of the project, run: railway link. Without a project: railway init.',
  no_environment:
    'Say in pgmage.config.ts what `railway environment` lists as railway.environment; railway environment new NAME makes one.',
  no_service:
    'Say in pgmage.config.ts the name of the service of the database as railway.service. Without one: railway add --database postgres.',
  no_variable:
    'Name the service of the database as railway.service in pgmage.config.ts. Without one: railway add --database postgres.',
  private:
    'Turn on public networking (a TCP proxy) of the service of the database, and leave railway.variable out, or make it DATABASE_PUBLIC_URL.',
  failed: 'See what `railway variables --json` says in the folder of the project.',
};

/** Their part of the table; total by its type. */
export const dataWording: { readonly [C in keyof DataProblems]: MessageRow<DataProblems[C]> } = {
  no_client: row(
    1,
    501,
    (of) =>
      `There is no pg_dump here for PostgreSQL ${of.major}: ${of.found.length > 0 ? `found ${of.found.join(', ')}` : 'none was found'}`,
    (of) =>
      `Install PostgreSQL's client programs, version ${of.major} or later (Debian: apt-get install postgresql-client-${of.major}), or put them on the PATH.`,
  ),
  client_failed: row(
    1,
    500,
    (of) => `${of.program} failed: ${of.reason}`,
    'Nothing was left behind. Correct what it says, and run it again.',
  ),
  no_server: row(
    64,
    400,
    (of) => `${of.environment} is an embedded database, which is neither backed up nor restored`,
    'Name an environment on a server; an embedded database that nobody uses is its folder, which can be copied.',
  ),
  railway_failed: row(
    1,
    502,
    (of) => `Railway does not tell where ${of.environment} is: ${of.detail}`,
    (of) => ways[of.fault] ?? ways.failed,
  ),
  changed_meanwhile: row(
    1,
    409,
    (of) => `The schema of ${of.environment} was changed while it was read`,
    'Nothing was left behind. Run it again when nobody changes it.',
  ),
  backup_running: row(
    1,
    423,
    (of) => `Another backup of ${of.database} is running: ${of.lock} says so`,
    'Wait until it has ended. If its machine is gone, delete that file.',
  ),
  no_space: row(
    1,
    507,
    (of) => `${of.folder} has ${of.free} bytes free, and ${of.needed} may be needed`,
    'Free some (db:backups prune), or name another folder with --dir. --force tries all the same: a full disk harms no backup that is there.',
  ),
  backup_damaged: row(
    1,
    422,
    (of) => `${of.file} is no good backup: ${of.faults.join('; ')}`,
    'Nothing was restored from it. Take another one: db:backups lists them.',
  ),
  protected_target: row(
    1,
    403,
    (of) =>
      of.alias === undefined
        ? `${of.environment} is protected: nothing writes to it without its name on the command line`
        : `${of.alias} leads to the database of ${of.environment}, which is protected`,
    (of) => `Nothing was changed. If you mean it, add --confirm ${of.environment}.`,
  ),
  unfit_target: row(
    1,
    409,
    (of) => `${of.environment} cannot take this backup: ${of.reasons.join('; ')}`,
    'Nothing was changed.',
  ),
  transaction_statement: row(
    1,
    422,
    (of) =>
      `The backup contains the statement ${of.statement}, which would end the transaction of the restore`,
    'Nothing was changed. pg_dump writes no such statement: somebody edited the backup. Do not restore it.',
  ),
  transaction_ended: row(
    1,
    500,
    (of) =>
      `The backup ended the transaction of the restore: ${of.environment} now contains a part of the backup`,
    'What the database held before is lost. Restore another backup: db:backups lists them.',
  ),
  not_as_backed_up: row(
    1,
    500,
    (of) => `Restored into ${of.environment}, it is not what was backed up: ${of.differences.join('; ')}`,
    'Nothing was changed: all of it was rolled back. Please report it, if nobody else changed that database meanwhile.',
  ),
  bad_mask: row(
    64,
    400,
    (of) => `Bad mask of ${of.mask}: ${of.reason}`,
    'Nothing was copied. A mask is table.column=SQL, or one of the ready ones, as users.email=@email.',
  ),
  clone_refused: row(
    1,
    409,
    (of) => `${of.source} cannot be cloned to ${of.target}: ${of.faults.join('; ')}`,
    'Nothing was changed. Correct that, and run it again.',
  ),
  not_as_source: row(
    1,
    500,
    (of) => `What came to ${of.target} is not what ${of.source} holds: ${shortened(of.differences)}`,
    (of) =>
      `${of.target} is as it was. Somebody may have written to it meanwhile; if not, please report it with both schemas.`,
  ),
};

const most = 20;

function shortened(lines: readonly string[]): string {
  const rest = lines.length - most;
  return [...lines.slice(0, most), ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
}
