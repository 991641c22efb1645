// Drafts become migrations: their fingerprints are read and their ways back tried, and their headers say so.

import { kinds } from '../kinds/index.ts';
import { isWhole } from '../ledger/applying.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { fingerprintOf } from '../migration/fingerprint.ts';
import { only, partsOf } from '../migration/parts.ts';
import { type Down, type Header, type Migration, render } from '../migration/text.ts';
import type { Catalog } from '../model/catalog.ts';
import { whereAt } from '../problem/location.ts';
import { Problem } from '../problem/problem.ts';
import type { Context } from '../project/context.ts';
import { migrationFile } from '../project/migration-folder.ts';
import { parseFiles } from '../project/shadow-catalog.ts';
import { after } from '../project/trial-start.ts';
import type { SqlFile } from '../sql/parse.ts';
import { lossesByHand } from './by-hand.ts';
import { stampOf, stepsBetween } from './stamps.ts';
import { rehearse, type TrialReturn } from './trial-run.ts';

/**
 * Seals the drafts at the end of a chain; the other files stay as they are.
 * @throws Problem of their SQL, with its place
 */
export async function sealDrafts(
  context: Context,
  files: readonly MigrationFile[],
): Promise<MigrationFile[]> {
  const done: MigrationFile[] = [];
  for (const file of files)
    done.push(file.migration.header === null ? await seal(context, done, file) : file);
  return done;
}

/** What is sealed into a header. */
export interface Sealing {
  readonly before: Catalog;
  readonly after: Catalog;
  /** The file that it follows. */
  readonly last: MigrationFile | undefined;
  readonly down: Down;
}

/** A migration with its header. @throws Problem `bad_migration` */
export function sealed(
  context: Context,
  migration: Omit<Migration, 'header'>,
  sealing: Sealing,
): MigrationFile {
  const { before, after, last, down } = sealing;
  const header: Header = {
    from: fingerprintOf(before, kinds),
    to: fingerprintOf(after, kinds),
    reader: readerOf(context, after),
    after: last?.migration.stated ?? null,
    down,
  };
  return migrationFile(context, migration.name, render({ ...migration, header }));
}

/** What reads fingerprints: only those of one version, and of one kind of server, can be compared. */
export function readerOf({ version, shadow }: Context, { major }: Catalog): string {
  return `pgmage ${version}, PostgreSQL ${major}${shadow === null ? ' embedded' : ''}`;
}

const writing = new Set([
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
  'TruncateStmt',
  'DoStmt',
  'CallStmt',
]);

/** Whether a statement of this tag may write rows, also by the functions that it calls. */
export const writesRows = (tag: string) => writing.has(tag) || tag === 'SelectStmt';

/**
 * Seals a migration behind others, whether it was sealed before or not.
 * @throws Problem of its SQL, with its place; `bad_migration` where it would end the transaction that it is
 */
export async function seal(
  context: Context,
  before: readonly MigrationFile[],
  draft: MigrationFile,
): Promise<MigrationFile> {
  const { file, text, migration } = draft;
  const { up, down } = partsOf(text);
  const [forth, back] = await parseFiles(
    [up, ...(down === null ? [] : [down])].map((part) => ({ file, text: only(text, part) })),
  );
  if (isWhole(draft, 'up')) refuseBoundaries(forth as SqlFile);
  if (isWhole(draft, 'down') && back !== undefined) refuseBoundaries(back);
  const way = {
    up: { file, text: only(text, up) },
    down: down === null ? null : { file, text: only(text, down) },
  };
  const { start, states, returns } = await rehearse(context, [after(before)], [way]);
  const [from, to] = states as [Catalog, Catalog];
  const writes = forth?.statements.some(({ tag }) => writing.has(tag)) ?? false;
  const steps = await stepsBetween(context, from, to, way.up);
  const rows = [
    ...(writes ? ['rows that it writes'] : []),
    ...lossesByHand(forth as SqlFile, steps, [from, to]),
  ];
  const done = { up: way.up, steps, rows };
  const stamp = await stampOf(context, start, returns[0] as TrialReturn, done);
  return sealed(
    context,
    { ...migration, name: draft.name },
    { before: from, after: to, last: before.at(-1), down: stamp },
  );
}

// A transaction that ends in the middle would leave half of it behind, and the ledger's row would be in another one.
function refuseBoundaries({ file, text, boundaries }: SqlFile): void {
  const [first] = boundaries;
  if (first === undefined) return;
  const reason = `${first.word} is not for a migration that is one transaction: leave it out, or write '-- Transaction: none' at the top`;
  throw new Problem('bad_migration', { file, reason }, { where: whereAt(file, text, first.index) });
}
