// Migrations whose work a database has already: put down in its ledger as applied, and nothing is run.

import { describeChange } from '../compare/changes.ts';
import { type Comparison, compareCatalogs } from '../compare/compare.ts';
import { recordInLedger } from '../ledger/audit.ts';
import { withLock } from '../ledger/lock.ts';
import { brokenLedger } from '../ledger/position.ts';
import { prepareLedger } from '../ledger/tables.ts';
import type { Catalog } from '../model/catalog.ts';
import { Problem } from '../problem/problem.ts';
import { listUps, writeComposed } from '../project/migration-folder.ts';
import { withTarget } from '../project/source.ts';
import { startAfter } from '../project/trial-start.ts';
import type { Workspace } from '../project/workspace.ts';
import type { Target } from '../project/world.ts';
import { type ProtectedDatabase, refuseProtected } from '../project/write-access.ts';
import { compose, readRecordedSchema } from './compose.ts';
import { type MigrationSession, prepareRun, readTargetState } from './target-state.ts';
import { runTrial } from './trial-run.ts';

/** The result of a baseline. */
export interface BaselineReport {
  /** Files that were written. */
  readonly written: readonly string[];
  /** Names of the migrations that were recorded as applied. */
  readonly recorded: readonly string[];
}

/**
 * Makes the wanted schema the first migration, and records it in a database that has that schema already.
 * @param guarded protected environments that were not named
 * @throws Problem `no_baseline`, `protected_target`, of the schema and the migrations
 */
export async function makeBaseline(
  workspace: Workspace,
  target: Target,
  guarded: readonly ProtectedDatabase[],
): Promise<BaselineReport> {
  const composition = await compose(workspace, { name: 'baseline' });
  const { files, written } = composition;
  const recorded = await withTarget(workspace, target, async (connection) => {
    await refuseProtected(workspace.project, connection, target, guarded);
    return recordBaseline({ workspace, connection, target, files }, () =>
      writeComposed(workspace.project, composition),
    );
  });
  return { written: written.map(({ file }) => file), recorded };
}

/**
 * Records the migrations up to the last one after which the schema is as the database has it.
 * @param prepare is done before the first is recorded, when it is known that they can be; a throw refuses
 * @returns names of those that were recorded; none, where the database is as its ledger says
 * @throws Problem `no_baseline`, `ledger_broken`, `migration_running`
 */
export async function recordBaseline(
  session: MigrationSession,
  prepare: () => Promise<unknown>,
): Promise<string[]> {
  const { workspace, connection, target, files } = session;
  const of = await prepareRun(session);
  return withLock(connection, target.name, async () => {
    const { standing, actual, drift } = await readTargetState(workspace, connection, files);
    const { applied, faults } = standing;
    if (drift === null) throw brokenLedger(target.name, faults, files);
    const end = await findEnd(session, { applied, actual, isSound: drift.same });
    await prepare();
    if (end === applied) return [];
    await prepareLedger(connection);
    const chosen = files.slice(applied, end);
    for (const file of chosen) await recordInLedger(of, file, 'up', 'baseline');
    return chosen.map(({ name }) => name);
  });
}

/** A target as its ledger and its catalog have it. */
interface Found {
  readonly applied: number;
  readonly actual: Catalog;
  /** True if it is as its ledger says, perhaps with extensions that a pending migration creates. */
  readonly isSound: boolean;
}

// Only a complete schema can be compared: the schema in the middle of a migration is unknown.
async function findEnd(
  { workspace, target, files, trials }: MigrationSession,
  { applied, actual, isSound }: Found,
): Promise<number> {
  const recorded = await readRecordedSchema(workspace, files.slice(0, applied));
  const drift = await compareCatalogs(workspace, recorded, actual);
  if (drift.same) return applied;
  const ways = listUps(files.slice(applied)).map((up) => ({ up, down: null }));
  const run = () => runTrial(workspace, [startAfter(files.slice(0, applied))], ways);
  const { states } = await (trials?.get(`${applied} of ${files.length}`, run) ?? run());
  let nearest: Comparison | undefined;
  for (let count = ways.length; count > 0; count--) {
    const left = await compareCatalogs(workspace, states[count] as Catalog, actual);
    if (left.same) return applied + count;
    if (nearest === undefined || left.changes.length < nearest.changes.length) nearest = left;
  }
  if (isSound) return applied;
  const isFar = nearest === undefined || drift.changes.length < nearest.changes.length;
  const { changes } = isFar ? drift : (nearest as Comparison);
  throw new Problem('no_baseline', { environment: target.name, changes: changes.map(describeChange) });
}
