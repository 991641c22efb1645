// The effect of pending migrations on a target, and what its rows say to it.
import { applyRenames, findRenameStatements } from '../compare/apply-renames.ts';
import { type Comparison, compareCatalogs } from '../compare/compare.ts';
import { reportRename } from '../compare/renames.ts';
import { runsInOneTransaction } from '../ledger/applying.ts';
import { refuseFailures } from '../migrate/certain-failures.ts';
import { readRecordedSchema } from '../migrate/compose.ts';
import { checkRows, type Finding } from '../migrate/findings.ts';
import { checkEach } from '../migrate/pending-runs.ts';
import { adviseRepair, type Replacing, refuseStacking, refuseStuckOn } from '../migrate/replace.ts';
import type { MigrationSession, SoundTargetState } from '../migrate/target-state.ts';
import type { Catalog } from '../model/catalog.ts';
import type { Step } from '../model/step.ts';
import { listUps } from '../project/migration-folder.ts';

/** The effects of the pending migrations on a database. */
export interface SyncEffect {
  /** The database once what they rename has its new name: that is neither lost nor made. */
  readonly start: Catalog;
  readonly left: Comparison;
  /** The statements that rename it. */
  readonly renames: readonly string[];
  /** The steps from there, as these migrations take them. */
  readonly up: readonly Step[];
}

/** Finds the effects of the migrations of a session that are pending. @throws Problem of the shadow */
export async function effectOf(
  { workspace, files }: MigrationSession,
  { actual, standing }: SoundTargetState,
  wanted: Catalog,
): Promise<SyncEffect> {
  const pending = files.slice(standing.applied);
  const renames = await findRenameStatements(listUps(pending));
  const start = await applyRenames(workspace, actual, renames);
  const left = await compareCatalogs(workspace, start, wanted);
  return {
    start,
    left,
    renames,
    up: pending.every((file) => runsInOneTransaction(file, 'up')) ? left.up : left.online,
  };
}

/**
 * Refuses to write new migrations behind pending ones that cannot run: together they may have no effect that
 * shows it.
 * @throws Problem `rows_in_the_way`, `stuck_migration`
 */
export async function refuseStuck(
  session: MigrationSession,
  work: Replacing,
  before: SoundTargetState,
): Promise<void> {
  const { composition, replaces, input } = work;
  const { workspace, connection, locks } = session;
  const { actual, standing } = before;
  const files = session.files.filter(({ name }) => composition.folder.some((file) => file.name === name));
  const isBehind = files.length > standing.applied && files.length < session.files.length;
  if (standing.unfinished !== null) return;
  // After --replace the schema was corrected, perhaps before a run that wrote the new files already.
  if (replaces && (isBehind || input.replace)) await refuseStacking(session, before, composition);
  if (!isBehind) return;
  const recorded = await readRecordedSchema(workspace, files);
  const effect = await effectOf({ ...session, files }, before, recorded);
  const options = { actual, trusted: true, locks, renames: effect.renames };
  const findings = await checkRows(connection, effect.up, effect.left, options);
  await refuseRows({ ...session, files }, work, before, { ...effect, findings });
}

/**
 * Refuses migrations that are certain to fail on rows, before the first of them runs.
 * @throws Problem `rows_in_the_way`, `stuck_migration`
 */
export async function refuseRows(
  session: MigrationSession,
  work: Replacing,
  before: SoundTargetState,
  { up, findings }: Pick<SyncEffect, 'up'> & { readonly findings: readonly Finding[] },
): Promise<void> {
  const { target, files } = session;
  const { composition, replaces } = work;
  const pending = listUps(files.slice(before.standing.applied));
  const each = await checkEach(session, before, ({ name }) => composition.steps.has(name));
  const unfinished = before.standing.unfinished !== null;
  const renames = composition.possible.map((one) => reportRename(one).option);
  const all = { files: pending, folder: composition.folder, actual: before.actual, unfinished, renames };
  const runs = [{ files: pending, steps: up, findings }, ...each];
  await refuseFailures(target.name, runs, all).catch(async (thrown: unknown) => {
    if (replaces) await refuseStuckOn(session, composition, thrown);
    throw await adviseRepair(work, thrown);
  });
}
