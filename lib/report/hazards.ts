// What each hazard means, in words.
import type { Hazard } from '../model/step.ts';

/** Every hazard as the end of a sentence that begins with the statement. */
export const hazardWords: Readonly<Record<Hazard, string>> = {
  deletes_data: 'deletes data',
  rewrites_table: 'rewrites the whole table',
  blocks_writes: 'blocks writes while it runs',
  blocks_reads: 'blocks reads while it runs',
  may_fail_on_existing_rows: 'fails if existing rows do not fit',
  irreversible: 'cannot be taken back exactly',
  changes_privileges: 'changes who may do what',
};
