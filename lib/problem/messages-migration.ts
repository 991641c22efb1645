// The messages of problems with migrations.

import { formatCount } from './amount.ts';
import { waysOut } from './half-way.ts';
import { describeHolders, endHolders, type LockHolder } from './holders.ts';
import { type MessageRow, row } from './message.ts';
import type { MigrationProblems } from './migration-codes.ts';
import { adviseRenames } from './renames.ts';
import { adviseRecord } from './unrecorded.ts';

/** Their part of the table; total by its type. */
export const migrationMessages: {
  readonly [C in keyof MigrationProblems]: MessageRow<MigrationProblems[C]>;
} = {
  not_reproduced: row(
    1,
    500,
    (of) => `The schema of ${of.from} does not load again as it is: ${of.changes.join('; ')}`,
    ({ from, invalid = [] }) =>
      invalid.length > 0
        ? `Nothing was written. Indexes of ${from} are invalid: ${invalid.join(', ')}. Drop them there, or` +
          ` rebuild them: REINDEX INDEX CONCURRENTLY ${invalid[0]};`
        : 'Nothing was written. Add these objects to `ignore` in pgmage.config.ts, or name a similar' +
          ' server with --shadow URL.',
  ),
  would_overwrite: row(
    1,
    409,
    (of) => `db:pull would overwrite ${of.changes.join(', ')}`,
    'Nothing was written. Pass --force to overwrite, or --out PATH to write to another place.',
  ),
  not_generated: row(
    1,
    409,
    (of) => `${of.file} exists, and ${of.task} did not write it`,
    'Nothing was written. Name another place with --out, or delete the file.',
  ),
  bad_migration: row(
    1,
    422,
    (of) => `${of.file} is not a valid migration: ${of.reason}`,
    'Correct the file. The format is described in docs/reference/migration-format.md of pgmage.',
  ),
  broken_chain: row(
    1,
    409,
    (of) => `The migrations do not follow one another: ${of.breaks.join('; ')}`,
    (of) =>
      of.merged === true
        ? 'Branches with migrations were merged. Run db:generate --rebase --env NAME to put those last that' +
          ' are not applied to NAME.'
        : 'Restore the files from version control. A file that was never applied can be deleted and' +
          ' generated again.' +
          ' If only comments of an applied file were edited, run db:verify --repair.',
  ),
  repair_refused: row(
    1,
    409,
    (of) => `Edits of applied migrations change their statements: ${of.faults.join('; ')}`,
    (of) =>
      `Nothing was changed. Restore the files that were applied to ${of.environment}.` +
      ' To seal a file that was never applied, delete its header and the headers of all later files.' +
      ' Then run db:generate.',
  ),
  rebase_refused: row(
    1,
    409,
    (of) => `Cannot rebase ${of.migration} onto ${of.after}: ${of.why}`,
    'Nothing was written. If it was never applied, delete it and run db:generate,' +
      ' or delete its header and correct its SQL. If it was applied, undo it there first.',
  ),
  unproven: row(
    1,
    500,
    (of) => `${of.migration} does not lead to the wanted schema: ${of.changes.join('; ')}`,
    'No migration was written. Please report this with both schemas.' +
      ' db:generate --empty creates a migration for you to write.',
  ),
  ledger_unsafe: row(
    1,
    409,
    (of) => `The schema pgmage in ${of.environment} was changed by other means: ${of.faults.join('; ')}`,
    'Code in it would run with your rights. Drop these objects, or restore the tables from a backup.',
  ),
  ledger_broken: row(
    1,
    409,
    (of) => `The ledger of ${of.environment} does not match the migrations: ${of.faults.join('; ')}`,
    'Restore the files that were applied there. db:history shows who applied them.',
  ),
  drifted: row(
    1,
    409,
    (of) => `${of.environment} has drifted from its migrations: ${of.changes.join('; ')}`,
    (of) =>
      `Run db:status --env ${of.environment} to see the drift. Undo it there, or write it into the` +
      ` schema and a migration (db:pull --drift --env ${of.environment}).` +
      (of.canPush ? ` After db:push, run db:generate, then db:sync --env ${of.environment} --baseline.` : ''),
  ),
  unrecorded: row(
    1,
    409,
    (of) => `${of.environment} is not empty, but no migration is recorded there: ${of.changes.join('; ')}`,
    (of) => adviseRecord(of),
  ),
  confirmation_needed: row(
    64,
    409,
    (of) => `${of.what} needs confirmation`,
    'Run it in a terminal, or pass --yes.',
  ),
  rows_in_the_way: row(
    1,
    409,
    (of) =>
      `${of.migration ?? (of.pushed === true ? 'The change' : 'The migration')} would fail` +
      ` on rows of ${of.environment}:\n` +
      `  ${of.findings.join('\n  ')}`,
    (of) => `${adviseAboutRows(of)}${of.renames?.length ? ` ${adviseRenames(of.renames)}.` : ''}`,
  ),
  stuck_migration: row(
    1,
    409,
    (of) => `${of.files[0]} cannot run in ${of.environment}: ${of.reason}`,
    (of) =>
      `Nothing was written or changed. ${of.files.join(', ')} was never applied to ${of.environment}.` +
      (of.byHand
        ? ' If no other database has it, edit its SQL or delete it. Then run db:sync again.'
        : ' If no other database has it, run db:sync --replace to write it again from the schema.'),
  ),
  migrations_changed: row(
    1,
    409,
    (of) => `The migrations changed while pgmage was working: ${of.files.join(', ')}`,
    'Nothing was written. Run the command again.',
  ),
  migration_running: row(
    1,
    423,
    (of) => `Another migration or clone of ${of.environment} is running${inSessions(of.holders ?? [])}`,
    'Wait until it has ended, then run the command again.',
  ),
  lock_lost: row(
    1,
    409,
    (of) => `Lost the lock on ${of.environment}`,
    'A pooler in transaction mode gives each transaction another session. Use the direct address of' +
      ' the server.',
  ),
  broke_off: row(
    1,
    409,
    (of) => `${of.migration} failed half-way in ${of.environment}: ${of.reason}`,
    (of) => `Its committed statements remain. ${causeOf(of.state)} Then ${waysOut(of.direction)}.`,
  ),
  lock_unavailable: row(
    1,
    423,
    (of) =>
      `Could not get ${of.lock ?? 'a lock'} in ${of.environment} after ${formatCount(of.tries, 'attempt')}` +
      ` (${of.lockTimeout} ms each)${heldBy(of.holders)}`,
    ({ halfWay, holders }) =>
      (halfWay === undefined
        ? 'The waiting transaction was rolled back.'
        : `${halfWay.migration} may be half-way: its committed statements remain.`) +
      ` Wait, or end ${endHolders(holders)}. Then ` +
      (halfWay === undefined ? 'run the command again.' : `${waysOut(halfWay.direction)}.`) +
      ' A longer --lock-timeout blocks other sessions longer.',
  ),
  nothing_applied: row(
    1,
    404,
    (of) => `No migration is applied to ${of.environment}`,
    'db:history shows what was applied and undone.',
  ),
  unknown_version: row(
    64,
    404,
    (of) => `No migration ${of.version} is applied to ${of.environment}`,
    (of) => `Applied: ${of.known.join(', ')}.`,
  ),
  foreign_migrations: row(
    64,
    409,
    (of) => `${of.what} does not support migrations of ${of.tool}`,
    (of) =>
      of.command === null
        ? `Write the migration with ${of.tool}. db:diff --from migrations --sql prints its SQL.`
        : `Write migrations with db:generate, and apply them with ${of.command}.`,
  ),
  no_baseline: row(
    1,
    409,
    (of) =>
      `${of.environment} has the schema of no migration. It differs from the nearest one by:` +
      ` ${of.changes.join('; ')}`,
    'Nothing was recorded. Change the database, or the schema and its migrations, until they are equal.' +
      ' db:diff --from migrations shows the differences.',
  ),
  not_as_proven: row(
    1,
    500,
    (of) =>
      `The migrations ran, but ${of.environment} does not have the expected schema: ${of.changes.join('; ')}`,
    'Another session may have changed it. Run db:diff to see the differences, or db:rollback to' +
      ' undo the migrations.',
  ),
  push_refused: row(
    1,
    403,
    (of) => `Cannot push to ${of.environment}: ${of.reason}`,
    'db:push is for a database of development on this machine. Run db:sync to apply migrations, or name an' +
      ' unprotected environment with --env.',
  ),
  push_pending: row(
    1,
    409,
    (of) => `Cannot push to ${of.environment}: migrations are pending: ${of.pending.join(', ')}`,
    (of) =>
      `Run ${of.command} to apply them. Where earlier pushes did their work already, ` +
      (of.tool === null ? 'run db:sync --baseline.' : `record them with ${of.tool} as applied.`),
  ),
  not_as_wanted: row(
    1,
    500,
    (of) => `${of.environment} does not have the wanted schema: ${of.changes.join('; ')}`,
    'Run db:diff to see the differences. Another session may have changed the database.',
  ),
  no_way_back: row(
    1,
    409,
    (of) => `Cannot undo ${of.migration}: ${of.why}`,
    'Restore a backup, or write a new migration.',
  ),
};

function heldBy(holders: readonly LockHolder[]): string {
  return holders.length === 0 ? '' : `; held by ${describeHolders(holders)}`;
}

function inSessions(holders: readonly LockHolder[]): string {
  return holders.length === 0 ? '' : ` in ${describeHolders(holders)}`;
}

// The advice for the SQLSTATE of a statement that failed half-way.
function causeOf(state: string): string {
  if (/^2[23]/.test(state)) return 'Correct the rows that it failed on.';
  return state === '57014'
    ? 'Raise the statement_timeout of the role, if that stopped it.'
    : 'Correct the cause.';
}

function adviseAboutRows(of: MigrationProblems['rows_in_the_way']): string {
  const { pushed, migration, unfinished, repair } = of;
  if (pushed === true)
    return 'Nothing was changed. Correct these rows or the schema. Then run db:push again.';
  if (migration === null)
    return (
      'Nothing was written or changed. Correct these rows, by hand or by a migration' +
      ' (db:generate --empty), or correct the schema. Then run db:sync again.'
    );
  return unfinished === true
    ? 'Nothing was changed. Correct these rows, then run db:sync again. Or run db:rollback, which' +
        ' undoes the migration that failed half-way. Then correct the schema.'
    : `Nothing was changed. Correct these rows, then run db:sync again.${repair ? ` ${repair}` : ''}`;
}
