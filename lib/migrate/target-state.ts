// Where a target stands: what its ledger says, and whether it is as its migrations left it.
import { readCatalog } from '../catalog/read.ts';
import { type Comparison, comparisonOf } from '../compare/compare.ts';
import { kinds } from '../kinds/index.ts';
import type { MigrationRun } from '../ledger/applying.ts';
import { editsOf } from '../ledger/edits.ts';
import { type LedgerPosition, standingOf } from '../ledger/position.ts';
import { type Ledger, readLedger } from '../ledger/tables.ts';
import type { MigrationFile } from '../migration/chain.ts';
import type { Catalog } from '../model/catalog.ts';
import type { Connection } from '../pg/connection.ts';
import { pinnedRows } from '../pg/pinned.ts';
import { snapshot } from '../pg/snapshot.ts';
import { Problem } from '../problem/problem.ts';
import type { Context, Target } from '../project/context.ts';
import { foreignStanding } from '../project/foreign-migrations.ts';
import { server } from '../project/source.ts';
import { recordedSchema } from './compose.ts';

/** A target as it was found. */
export interface Situation {
  readonly ledger: Ledger;
  readonly standing: LedgerPosition;
  readonly actual: Catalog;
  /** From what it is to what its applied migrations add up to; null: the ledger does not say which these are. */
  readonly drift: Comparison | null;
}

/** A target that nothing is wrong with. */
export interface SoundSituation extends Situation {
  /** When it was looked at: all transactions before this one had ended, and no other; null: some were at work. */
  readonly moment: string | null;
}

/** Reads a target and compares it with the migrations that are applied to it. @throws Problem of the connection */
export async function situate(
  context: Context,
  connection: Connection,
  files: readonly MigrationFile[],
): Promise<Situation> {
  // Of one moment: somebody else may be at work.
  const { ledger, actual, foreign } = await snapshot(connection, async (reader) => ({
    ledger: await readLedger(reader),
    actual: await readCatalog(reader, kinds),
    foreign: context.layout && (await foreignStanding(reader, context.layout, files)),
  }));
  const standing = foreign ?? standingOf(ledger, files, await editsOf(ledger, files));
  if (standing.faults.length > 0) return { ledger, standing, actual, drift: null };
  const recorded = await recordedSchema(context, files.slice(0, standing.applied));
  return { ledger, standing, actual, drift: await comparisonOf(context, actual, recorded) };
}

/**
 * The same for whoever is going to change it: refuses a target that anything is wrong with, but for a migration that broke
 * off and is going to be finished.
 * @throws Problem `ledger_broken`, `drifted`, `unrecorded`
 */
export async function soundSituation(
  context: Context,
  connection: Connection,
  { name: environment }: Target,
  files: readonly MigrationFile[],
): Promise<SoundSituation> {
  const moment = await momentOf(connection);
  const situation = await situate(context, connection, files);
  const { standing, drift } = situation;
  const { faults, unfinished, applied } = standing;
  if (faults.length > 0 || drift === null) throw new Problem('ledger_broken', { environment, faults });
  if (unfinished !== null) {
    const edge = files[unfinished.direction === 'up' ? applied : applied - 1];
    if (edge !== unfinished.file)
      throw new Problem('ledger_broken', {
        environment,
        faults: [`${unfinished.file.name} broke off half-way, but is not the one to go on with`],
      });
  } else if (!drift.same) {
    const changes = drift.changes.map(({ text }) => text);
    const known = situation.ledger.deeds.length > 0 || files.length === 0;
    throw new Problem(known ? 'drifted' : 'unrecorded', { environment, changes });
  }
  return { ...situation, moment };
}

/**
 * The sound situation of a target that was looked at before: the same, where no transaction of the server has ended since.
 * @throws Problem `ledger_broken`, `drifted`, `unrecorded`
 */
export async function stillSound(
  context: Context,
  connection: Connection,
  target: Target,
  files: readonly MigrationFile[],
  before: SoundSituation,
): Promise<SoundSituation> {
  const isSame = before.moment !== null && before.moment === (await momentOf(connection));
  return isSame ? before : soundSituation(context, connection, target, files);
}

// Whoever changes anything has a number; what is below the lowest that is open has ended, what is not below the next has
// not (manual: System Information Functions, pg_snapshot).
async function momentOf(connection: Connection): Promise<string | null> {
  const [row] = await pinnedRows<{ moment: string | null }>(
    connection,
    `select case when pg_snapshot_xmin(s) = pg_snapshot_xmax(s) then pg_snapshot_xmax(s)::text end as moment
       from pg_current_snapshot() s`,
  );
  return row?.moment ?? null;
}

/**
 * Refuses a target that is not as a number of migrations leave it.
 * @throws Problem `not_as_proven`
 */
export async function confirmReached(
  context: Context,
  { connection, environment, files }: MigrationRun,
  count: number,
): Promise<void> {
  const recorded = await recordedSchema(context, files.slice(0, count));
  const actual = await snapshot(connection, (reader) => readCatalog(reader, kinds));
  const left = await comparisonOf(context, actual, recorded);
  if (!left.same)
    throw new Problem('not_as_proven', { environment, changes: left.changes.map(({ text }) => text) });
}

/**
 * Who is at work on what, as the ledger needs to know it.
 * @param found who, where that was asked before
 */
export async function runOf(
  context: Context,
  connection: Connection,
  target: Target,
  files: readonly MigrationFile[],
  found = context.author?.(),
): Promise<MigrationRun> {
  const { name, url } = target;
  const nobody = { systemUser: null, gitAuthor: null, gitCommit: null };
  const author = { ...((await found) ?? nobody), tool: `pgmage ${context.version}` };
  return {
    connection,
    environment: name,
    folder: context.migrations,
    files,
    author,
    progress: (message) => context.progress(message),
    ...(context.lockTimeout === undefined ? {} : { lockTimeout: context.lockTimeout }),
    ...(url === null ? {} : { onlooker: () => server({ ...target, url }) }),
  };
}
