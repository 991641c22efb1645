// Checks the rows of a database for each pending migration by itself: an effect of one that a later one takes
// back does not show in the schema at their end.
import { applyRenames, findRenameStatements } from '../compare/apply-renames.ts';
import type { MigrationFile } from '../migration/chain.ts';
import type { Catalog } from '../model/catalog.ts';
import { listUps } from '../project/migration-folder.ts';
import { startAfter } from '../project/trial-start.ts';
import type { CheckedRun } from './certain-failures.ts';
import { checkRows } from './findings.ts';
import { planBetween } from './stamps.ts';
import type { MigrationSession, SoundTargetState } from './target-state.ts';
import { runTrial } from './trial-run.ts';

/**
 * Checks pending migrations one by one.
 * @param isNew true for those that one plan makes together; that plan has their checks
 * @returns none where there is one plan for all, or a failed migration is finished first
 * @throws Problem of the shadow, the files and the connection
 */
export async function checkEach(
  { workspace, connection, files, trials, locks }: MigrationSession,
  { standing, actual }: SoundTargetState,
  isNew: (file: MigrationFile) => boolean,
): Promise<CheckedRun[]> {
  const pending = files.slice(standing.applied);
  if (pending.length < 2 || pending.every(isNew) || standing.unfinished !== null) return [];
  const ups = listUps(pending);
  const start = startAfter(files.slice(0, standing.applied));
  const run = () =>
    runTrial(
      workspace,
      [start],
      ups.map((up) => ({ up, down: null })),
    );
  const { states } = await (trials?.get(`${standing.applied} of ${files.length}`, run) ?? run());
  const runs: CheckedRun[] = [];
  for (const [at, up] of ups.entries()) {
    const [from, after] = states.slice(at, at + 2) as [Catalog, Catalog];
    const steps = await planBetween(workspace, from, after, up);
    const before = await applyRenames(workspace, from, await findRenameStatements([up]));
    const options = { actual, trusted: true, locks, states: states.slice(0, at + 1) };
    const findings = await checkRows(connection, steps, { before, after }, options);
    runs.push({ files: [up], steps, findings, earlier: runs.flatMap((run) => run.steps) });
  }
  return runs;
}
