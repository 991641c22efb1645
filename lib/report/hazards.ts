// What each hazard means, in words.
import type { Hazard } from '../model/step.ts';
import type { RenameReport } from '../operations/renaming.ts';
import { cut } from './format.ts';
import { inkOf } from './ink.ts';
import type { Paper } from './paper.ts';

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

/** What is dropped and added, and might have been renamed; and how to say so. */
export function possibleLines(possible: readonly RenameReport[], paper: Paper): string[] {
  if (possible.length === 0) return [];
  const { yellow } = inkOf(paper.colour);
  return [
    yellow('Dropped and added. If it was only renamed, say so before you go on:'),
    ...possible.map(({ text, to, option }) => cut(`  ${text} → ${to}: --rename ${option}`, paper)),
    cut("  or write '-- pgmage:renamed from OLD' before the new one in the schema", paper),
  ];
}
