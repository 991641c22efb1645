// The words of what can go wrong with migrations.

import type { MigrationProblems } from './codes.ts';
import { type MessageRow, row } from './message.ts';

/** Their part of the table; total by its type. */
export const migrationWording: {
  readonly [C in keyof MigrationProblems]: MessageRow<MigrationProblems[C]>;
} = {
  not_reproduced: row(
    1,
    500,
    (of) =>
      `The schema of ${of.from} cannot be written so that it loads again as it is: ${of.changes.join('; ')}`,
    'Nothing was written. Leave these objects out by `ignore` in pgmage.config.ts, or name a server like it with --shadow URL.',
  ),
  would_overwrite: row(
    1,
    409,
    (of) => `Nothing was written: it would overwrite ${of.changes.join(', ')}`,
    'Pass --force if that is meant, or --out PATH to write elsewhere.',
  ),
  bad_migration: row(
    1,
    422,
    (of) => `${of.file} is no migration: ${of.reason}`,
    'Correct the file; how one is written stands in migrations/README.md of pgmage.',
  ),
  broken_chain: row(
    1,
    409,
    (of) => `The migrations do not follow one another: ${of.breaks.join('; ')}`,
    'Bring back the files as they were committed. One that was never applied can be deleted and generated again. Of one that was edited, db:verify says whether more than comments differs.',
  ),
  repair_refused: row(
    1,
    409,
    (of) => `More than comments and blanks was changed: ${of.faults.join('; ')}`,
    (of) =>
      `Nothing was changed. Bring back the files that were applied to ${of.environment}. One that was applied nowhere can be sealed anew: delete its header and those of the files after it, and run db:generate.`,
  ),
  rebase_refused: row(
    1,
    409,
    (of) => `${of.migration} cannot be put behind ${of.after}: ${of.why}`,
    'Nothing was written. Where it was never applied: delete it and run db:generate, or delete its header and correct its SQL. Where it was: undo it there first.',
  ),
  unproven: row(
    1,
    500,
    (of) => `${of.migration} does not lead to the wanted schema: ${of.changes.join('; ')}`,
    'Nothing was written. Please report it, with both schemas; db:generate --empty makes a migration to write by hand.',
  ),
  ledger_unsafe: row(
    1,
    409,
    (of) =>
      `The tables of the schema pgmage in ${of.environment} are not as pgmage makes them: ${of.faults.join('; ')}`,
    'Their code would run with your rights. Drop what was added, or restore the tables from a backup.',
  ),
  ledger_broken: row(
    1,
    409,
    (of) => `The ledger of ${of.environment} does not fit the migrations: ${of.faults.join('; ')}`,
    'Bring back the files that were applied there, and look at db:history for who did what.',
  ),
  drifted: row(
    1,
    409,
    (of) => `${of.environment} is not as its migrations left it: ${of.changes.join('; ')}`,
    (of) =>
      `Somebody changed it by other means. See db:diff --from migrations --to ${of.environment}; take the change back there, or into the schema and a migration.`,
  ),
  unrecorded: row(
    1,
    409,
    (of) =>
      `${of.environment} is not empty, but none of the migrations is recorded there: ${of.changes.join('; ')}`,
    (of) =>
      `If it has their work already, record that without running them: db:sync --env ${of.environment} --baseline.`,
  ),
  confirmation_needed: row(
    64,
    409,
    (of) => `Nothing was done: ${of.what} needs a confirmation`,
    'There is no terminal to ask on: pass --yes.',
  ),
  newer_syntax: row(
    1,
    409,
    (of) =>
      `${of.migration} needs PostgreSQL ${of.since}, and ${of.environment} is PostgreSQL ${of.major}: ${of.uses.join(', ')}`,
    (of) =>
      `Nothing was written or changed. Upgrade the server of ${of.environment}, or write the schema and the migration without that.`,
  ),
  rows_in_the_way: row(
    1,
    409,
    (of) => `The migration would fail on rows of ${of.environment}:\n  ${of.findings.join('\n  ')}`,
    'Nothing was written or changed. Correct these rows, or add a migration that does (db:generate --empty), and run it again.',
  ),
  migrations_changed: row(
    1,
    409,
    (of) => `The migrations have changed meanwhile: ${of.files.join(', ')}`,
    'Nothing was written. Run it again, so that what is new is counted in.',
  ),
  migration_running: row(
    1,
    423,
    (of) => `Another migration or clone of ${of.environment} is running`,
    'Wait until it has ended, then run this again.',
  ),
  lock_lost: row(
    1,
    409,
    (of) => `The lock on ${of.environment} did not hold`,
    'A pooler in transaction mode gives each transaction another session: use the direct address of the server.',
  ),
  broke_off: row(
    1,
    409,
    (of) => `${of.migration} broke off in ${of.environment}: ${of.reason}`,
    'What it had done stays. Correct the rows, where they are in the way, and run db:sync again, which goes on from there; db:rollback takes it back.',
  ),
  lock_unavailable: row(
    1,
    423,
    (of) =>
      `${of.environment}: ${of.lock ?? 'a lock'} was not to be had in ${of.tries} tries of ${of.lockTimeout} ms${heldBy(of.holders)}`,
    'A transaction that waited for it left nothing behind. Wait for those who have the lock, or end them (pg_terminate_backend), and run this again; --lock-timeout waits longer, and makes others wait.',
  ),
  nothing_applied: row(
    1,
    404,
    (of) => `No migration is applied to ${of.environment}`,
    'There is nothing to undo.',
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
    (of) => `${of.what} is not for migrations of ${of.tool}`,
    (of) =>
      of.command === null
        ? `Write it with ${of.tool}; db:diff --from migrations --sql prints what it has to do.`
        : `db:generate writes them, and ${of.command} applies them.`,
  ),
  no_baseline: row(
    1,
    409,
    (of) =>
      `Nothing was recorded: ${of.environment} is not as any of the migrations leaves it. Nearest, it differs by: ${of.changes.join('; ')}`,
    'Change the database, or the schema and its migrations, until they are the same; db:diff --from migrations shows how far they are.',
  ),
  not_as_proven: row(
    1,
    500,
    (of) =>
      `The migrations ran, but ${of.environment} is not as they were proven to leave it: ${of.changes.join('; ')}`,
    'Somebody may have changed it meanwhile. See db:diff; db:rollback takes back what was done.',
  ),
  no_way_back: row(
    1,
    409,
    (of) => `${of.migration} cannot be undone: ${of.why}`,
    'Restore a backup, or write a migration that leads on from here.',
  ),
};

function heldBy(holders: MigrationProblems['lock_unavailable']['holders']): string {
  const words = holders.map(({ pid, applicationName, role, state, queryStart }) => {
    const known = [applicationName, role && `role ${role}`, state].filter(Boolean);
    const since = queryStart === null ? [] : [`its last statement began at ${queryStart}`];
    return `session ${pid} (${[...known, ...since].join(', ')})`;
  });
  return words.length === 0 ? '' : `; held by ${words.join(' and ')}`;
}
