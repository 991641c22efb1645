// The part of the table of words that is about rows of two databases.
import type { SyncProblems } from './codes.ts';
import { type MessageRow, row } from './message.ts';

/** Their part of the table; total by its type. */
export const syncMessages: { readonly [C in keyof SyncProblems]: MessageRow<SyncProblems[C]> } = {
  ambiguous_key: row(
    1,
    409,
    (of) => `Two rows of ${of.table} have the same ${of.key}: ${of.value}`,
    'Name columns that identify a row in data.keys of pgmage.config.ts.',
  ),
  ambiguous_ids: row(
    1,
    409,
    (of) => `The ids of ${of.table} are ambiguous: ${of.mapping}.${of.column} has ${of.value} twice`,
    'Delete one of the two rows of the mapping, or name the rows of this table in ids.where.',
  ),
  read_cancelled: row(
    1,
    503,
    (of) => `The standby ${of.environment} cancelled the read: ${of.detail}`,
    'Its primary removed rows that the read needs. Set hot_standby_feedback or a longer' +
      ' max_standby_streaming_delay on the standby, or read the primary.',
  ),
  sync_refused: row(
    1,
    409,
    (of) => `The rows of ${of.source} and ${of.target} cannot be compared: ${of.faults.join('; ')}`,
    (of) => of.hint ?? 'Nothing was changed. Correct the causes, or leave tables out with --exclude.',
  ),
  triggers_fire: row(
    1,
    403,
    (of) => `Rows of ${of.table} cannot be written without its triggers: ${of.triggers.join(', ')}`,
    'Nothing was changed. Connect as the owner of the table, or let its triggers fire with --triggers on.',
  ),
  too_many_deletions: row(
    1,
    409,
    (of) => `More rows of ${of.target} would be deleted than --max-deletes allows: ${of.tables.join('; ')}`,
    'Nothing was changed. data:diff --rows shows the rows. Delete them with --force, or use --keep-deleted.',
  ),
  side_effects: row(
    1,
    409,
    (of) => `The change would reach other rows of ${of.target}: ${of.effects.join('; ')}`,
    'Nothing was changed. Foreign keys or triggers of the target do this. Allow it with --force.',
  ),
  batches_stopped: row(
    1,
    409,
    (of) =>
      `data:sync to ${of.target} stopped after ${of.batches} ${of.batches === 1 ? 'batch' : 'batches'}` +
      ` with ${of.rows} ${of.rows === 1 ? 'row' : 'rows'}, which stay: ${of.reason}`,
    (of) =>
      'Its constraints hold. Correct the cause, and run data:sync with --batch and --resume to go on,' +
      ` or data:undo ${of.run.slice(0, 8)} to take the batches back.`,
  ),
  no_run: row(
    1,
    404,
    (of) => `Run ${of.run} of ${of.environment} cannot be taken back: ${of.reason}`,
    (of) => `List the runs with data:history --env ${of.environment}.`,
  ),
  undo_damaged: row(
    1,
    409,
    (of) => `The undo file ${of.file} is damaged: ${of.reason}`,
    'Nothing was changed. Restore the file, or restore a backup of the database: db:backups lists them.',
  ),
  rows_refused: row(
    1,
    409,
    (of) => `${of.target} does not take the rows: ${of.message}${of.detail === null ? '' : `. ${of.detail}`}`,
    'Nothing was changed. Correct the rows, the constraint or the trigger, or leave the table out with' +
      ' --exclude.',
  ),
};
