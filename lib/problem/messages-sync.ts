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
    'Nothing was changed. Correct the causes, or leave tables out with --exclude.',
  ),
};
