// From recorded to wanted: the migrations that are still to be written, proven and held in memory.

import type { ObjectChange } from '../compare/changes.ts';
import { compareWithRenames, type RenamedComparison, type RenameOptions } from '../compare/renames.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { type Catalog, markComplete, markLoaded } from '../model/catalog.ts';
import type { Step } from '../model/step.ts';
import type { Rename } from '../plan/renames.ts';
import { Problem } from '../problem/problem.ts';
import { expectedRole } from '../project/expected-role.ts';
import { checkChain, listUps, readMigrations } from '../project/migration-folder.ts';
import type { Project } from '../project/project.ts';
import { replay } from '../project/shadow-catalog.ts';
import { readSource, readSourceFiles } from '../project/source.ts';
import { findTrialOrigin, type TrialOrigin } from '../project/trial-start.ts';
import type { Workspace } from '../project/workspace.ts';
import { explainIgnored } from './ignored-needs.ts';
import { explainLateRenames } from './late-renames.ts';
import { nameMigration } from './migration-words.ts';
import { type Made, type Manner, proven } from './new-migrations.ts';
import { sealDrafts } from './seal.ts';

/** The migrations to write, so that all of them lead to the wanted schema. */
export interface Composition {
  /** The wanted schema. */
  readonly wanted: Catalog;
  /** The folder as it was read. */
  readonly folder: readonly MigrationFile[];
  /** The folder as it would be then, in its order. */
  readonly files: readonly MigrationFile[];
  /** Those of the files that differ from the folder: drafts that were sealed, and new ones. */
  readonly written: readonly MigrationFile[];
  /** Files of the folder that the new ones replace. */
  readonly removed: readonly MigrationFile[];
  /** The changes of the new migrations. */
  readonly changes: readonly ObjectChange[];
  /** The steps of each new one, by its name. */
  readonly steps: ReadonlyMap<string, readonly Step[]>;
  /** The confirmed renames, and possible ones. */
  readonly renames: readonly Rename[];
  readonly possible: readonly Rename[];
}

/** How migrations are made. */
export interface ComposeOptions {
  /** The name of the migration; default: from its changes. */
  readonly name?: string | undefined;
  /**
   * True to avoid long locks, even with more files; false: one transaction if possible. Default: as
   * configured, else true.
   */
  readonly online?: boolean | undefined;
}

/** The sources of renames, and the files that are written again. */
export interface ComposeSources extends Omit<RenameOptions, 'files'> {
  /** The path of the first file of the folder that is left out, with all later ones; left out: none is. */
  readonly without?: string | undefined;
}

/**
 * Composes the next migrations. Their ways up lead exactly to the wanted schema; their ways down have stamps.
 * @param renaming the sources of renames, in addition to comments in the wanted schema
 * @throws Problem `broken_chain`, `unproven`, `plan_cycle`, `bad_option` of a rename; `bad_config` where
 * `ignore` leaves out what the schema needs; of the sources
 */
export async function compose(
  workspace: Workspace,
  { name, online }: ComposeOptions = {},
  { without, ...renaming }: ComposeSources = {},
): Promise<Composition> {
  const { folder, base, removed } = await readBase(workspace, without);
  const drafts = base.filter((file) => !folder.includes(file));
  const files = await readSourceFiles(workspace, workspace.project.schema);
  const [recorded, wanted] = await Promise.all([
    readRecordedSchema(workspace, base),
    replay(workspace, files),
  ]).catch((thrown: unknown) => {
    throw explainIgnored(workspace.project, null, thrown);
  });
  const { role = await expectedRole(workspace.world) } = renaming;
  const move = (statements: readonly string[]) => {
    const file = { file: 'renames', text: `${statements.join(';\n')};` };
    return replay(workspace, [...listUps(base), file], { inOrder: true });
  };
  const search = { ...renaming, role, files, move, explain: explainLateRenames(listUps(base)) };
  const renamed = await compareWithRenames(workspace, recorded, wanted, search);
  const { comparison, renames, possible } = renamed;
  const found = { wanted, folder, removed, renames, possible };
  if (comparison.same) return { ...found, files: base, written: drafts, changes: [], steps: new Map() };
  workspace.world.progress('Running the migration up and down in the shadow');
  const made = await chosen(workspace, findTrialOrigin(base, recorded, files, wanted), renamed, {
    words: name ?? nameMigration(comparison, renames),
    online: (online ?? workspace.project.online ?? true) && writesOutside(workspace.project),
    role,
  }).catch((thrown: unknown) => {
    throw explainIgnored(workspace.project, wanted, thrown);
  });
  return {
    ...found,
    files: [...base, ...made.keys()],
    written: [...drafts, ...made.keys()],
    changes: comparison.changes,
    steps: new Map([...made].map(([file, steps]) => [file.name, steps])),
  };
}

// The folder, and its migrations that stay, with sealed drafts.
async function readBase(workspace: Workspace, without: string | undefined) {
  const folder = await readMigrations(workspace.project);
  checkChain(folder);
  const at = folder.findIndex(({ file }) => file === without);
  const kept = at < 0 ? folder : folder.slice(0, at);
  const base = workspace.project.layout ? kept : await sealDrafts(workspace, kept);
  return { folder, base, removed: folder.slice(kept.length) };
}

/** The schema that migrations add up to. */
export async function readRecordedSchema(
  workspace: Workspace,
  files: readonly MigrationFile[],
): Promise<Catalog> {
  if (files.length > 0) return replay(workspace, listUps(files), { inOrder: true });
  // No migration leaves open what files may leave open, as a migration that does nothing would.
  const nothing = { files: [{ file: 'migrations', text: '' }], inOrder: true, as: null };
  return markComplete(markLoaded(await readSource(workspace, 'empty'), nothing));
}

// An online way is not worth the loss of the way down: if only the plain way is verified in both directions,
// it is taken.
async function chosen(
  workspace: Workspace,
  origin: TrialOrigin,
  renamed: RenamedComparison,
  manner: Manner,
): Promise<Made> {
  const plainly = () => proven(workspace, origin, renamed, { ...manner, online: false });
  if (!manner.online) return plainly();
  let waitless: Made;
  try {
    waitless = await proven(workspace, origin, renamed, manner);
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    return plainly();
  }
  if (leadsBack(waitless)) return waitless;
  const plain = await plainly();
  return leadsBack(plain) ? plain : waitless;
}

// If all files of a tool run in transactions, nothing else can be in them.
const writesOutside = ({ layout }: Project): boolean =>
  layout === undefined || layout.written?.outside === true;

function leadsBack(made: Made): boolean {
  return [...made.keys()].every(({ migration }) => migration.header?.down.is !== 'impossible');
}
