// Drafts become migrations: their fingerprints are read and their ways back tried, and their headers say so.

import { kinds } from '../kinds/index.ts';
import { runsInOneTransaction } from '../ledger/applying.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { computeFingerprint } from '../migration/fingerprint.ts';
import { keepRange, splitParts } from '../migration/parts.ts';
import { type Down, type Header, type Migration, renderMigration } from '../migration/text.ts';
import type { Catalog } from '../model/catalog.ts';
import { locate } from '../problem/location.ts';
import { Problem } from '../problem/problem.ts';
import { makeMigrationFile } from '../project/migration-folder.ts';
import { isOwnShadow, type Project } from '../project/project.ts';
import { parseFiles } from '../project/shadow-catalog.ts';
import { startAfter } from '../project/trial-start.ts';
import type { Workspace } from '../project/workspace.ts';
import type { SqlFile } from '../sql/parse.ts';
import { holdsStatement } from '../sql/psql-commands.ts';
import { findManualLosses } from './by-hand.ts';
import { computeStamp, planBetween } from './stamps.ts';
import { runTrial, type TrialReturn } from './trial-run.ts';

/**
 * Seals the drafts at the end of a chain; the other files stay as they are.
 * @throws Problem of their SQL, with its place
 */
export async function sealDrafts(
  workspace: Workspace,
  files: readonly MigrationFile[],
): Promise<MigrationFile[]> {
  const done: MigrationFile[] = [];
  for (const file of files)
    done.push(file.migration.header === null ? await sealDraft(workspace, done, file) : file);
  return done;
}

/** The content of a header. */
export interface SealOptions {
  readonly before: Catalog;
  readonly after: Catalog;
  /** The file that it follows. */
  readonly last: MigrationFile | undefined;
  readonly down: Down;
}

/** A migration with its header. @throws Problem `bad_migration` */
export function makeSealed(
  project: Project,
  migration: Omit<Migration, 'header'>,
  sealing: SealOptions,
): MigrationFile {
  const { before, after, last, down } = sealing;
  const header: Header = {
    from: computeFingerprint(before, kinds),
    to: computeFingerprint(after, kinds),
    reader: describeReader(project, after),
    after: last?.migration.stated ?? null,
    down,
  };
  return makeMigrationFile(project, migration.name, renderMigration({ ...migration, header }));
}

/**
 * The reader of fingerprints: only those of one version, and of one kind of server, compare. The native
 * shadow reads as the embedded one: both have the same major version.
 */
export function describeReader({ version, shadow }: Project, { major }: Catalog): string {
  return `pgmage ${version}, PostgreSQL ${major}${isOwnShadow(shadow) ? ' embedded' : ''}`;
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

/** True if a statement of this tag may write rows, also by the functions that it calls. */
export const writesRows = (tag: string) => writing.has(tag) || tag === 'SelectStmt';

/**
 * Seals a migration behind others, whether it was sealed before or not.
 * @throws Problem of its SQL, with its place; `bad_migration` where it would end the transaction that it is,
 * or is a draft without a statement
 */
export async function sealDraft(
  workspace: Workspace,
  before: readonly MigrationFile[],
  draft: MigrationFile,
): Promise<MigrationFile> {
  const { file, text, migration } = draft;
  const { up, down } = splitParts(text);
  const [forth, back] = await parseFiles(
    [up, ...(down === null ? [] : [down])].map((part) => ({ file, text: keepRange(text, part) })),
  );
  if (migration.header === null && ![forth, back].some((part) => holdsStatement(part?.text ?? ''))) {
    const reason = 'it is a draft without a statement';
    throw new Problem('bad_migration', { file, reason }, { where: locate(file, text, up.start) });
  }
  if (runsInOneTransaction(draft, 'up')) refuseBoundaries(forth as SqlFile);
  if (runsInOneTransaction(draft, 'down') && back !== undefined) refuseBoundaries(back);
  const way = {
    up: { file, text: keepRange(text, up) },
    down: down === null ? null : { file, text: keepRange(text, down) },
  };
  const { start, states, returns } = await runTrial(workspace, [startAfter(before)], [way]);
  const [from, to] = states as [Catalog, Catalog];
  const writes = forth?.statements.some(({ tag }) => writing.has(tag)) ?? false;
  const steps = await planBetween(workspace, from, to, way.up);
  const rows = [
    ...(writes ? ['rows that it writes'] : []),
    ...findManualLosses(forth as SqlFile, steps, [from, to]),
  ];
  const done = { up: way.up, steps, rows };
  const stamp = await computeStamp(workspace, start, returns[0] as TrialReturn, done);
  return makeSealed(
    workspace.project,
    { ...migration, name: draft.name },
    { before: from, after: to, last: before.at(-1), down: stamp },
  );
}

// A transaction that ends in the middle would leave half of the migration behind, and write the ledger's row
// in another one.
function refuseBoundaries({ file, text, boundaries }: SqlFile): void {
  const [first] = boundaries;
  if (first === undefined) return;
  const reason =
    `${first.word} is not for a migration that is one transaction: leave it out, or` +
    ` write '-- Transaction: none' at the top`;
  throw new Problem('bad_migration', { file, reason }, { where: locate(file, text, first.index) });
}
