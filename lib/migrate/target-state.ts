// The state of a target: its position in the ledger, and its drift.
import { readCatalog } from '../catalog/read.ts';
import { describeChange } from '../compare/changes.ts';
import type { Comparison } from '../compare/compare.ts';
import { kinds } from '../kinds/index.ts';
import { isExtension } from '../kinds/named-objects.ts';
import { findEdits } from '../ledger/edits.ts';
import type { LockRetryOptions } from '../ledger/lock-retry.ts';
import { findLostLedgers } from '../ledger/lost-ledgers.ts';
import type { MigrationRun } from '../ledger/migration-batch.ts';
import { brokenLedger, type LedgerPosition, readPosition } from '../ledger/position.ts';
import type { Ledger } from '../ledger/tables.ts';
import type { MigrationFile } from '../migration/chain.ts';
import type { Catalog } from '../model/catalog.ts';
import { ownName } from '../model/fact.ts';
import type { Connection } from '../pg/connection.ts';
import { snapshot } from '../pg/snapshot.ts';
import { Problem } from '../problem/problem.ts';
import { openDatabase } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import type { Target } from '../project/world.ts';
import { readRecordedSchema } from './compose.ts';
import { compareRecorded } from './premade.ts';
import { type EarlyContent, momentOf, readContent, type TargetContent } from './read-ahead.ts';
import { refuseEmptied } from './schema-fit.ts';
import type { TrialRun } from './trial-run.ts';

/** A session on a target, and the migrations of the project. */
export interface MigrationSession {
  readonly workspace: Workspace;
  readonly connection: Connection;
  readonly target: Target;
  /** All migrations, in their order. */
  readonly files: readonly MigrationFile[];
  /** How locked tables are waited for; left out: the command only reads, and waits for none. */
  readonly locks?: LockRetryOptions;
  /** The content of the target as it was read before this session began. */
  readonly early?: Promise<EarlyContent | null>;
  /** Trial runs that other sessions can use again, by what they are of; left out: none is kept. */
  readonly trials?: { get(of: string, run: () => Promise<TrialRun>): Promise<TrialRun> };
}

/** A target as it was found. */
export interface TargetState {
  readonly ledger: Ledger;
  readonly standing: LedgerPosition;
  readonly actual: Catalog;
  /** From the schema of its applied migrations to the actual one; null: the ledger does not identify them. */
  readonly drift: Comparison | null;
}

/** A target that nothing is wrong with. */
export interface SoundTargetState extends TargetState {
  /**
   * When it was looked at: all transactions before this one had ended, and no other; null: some were at work.
   */
  readonly moment: string | null;
}

/**
 * Reads a target and compares it with the migrations that are applied to it. @throws Problem
 * `tenant_emptied`; of the connection
 */
export async function readTargetState(
  workspace: Workspace,
  connection: Connection,
  files: readonly MigrationFile[],
): Promise<TargetState> {
  return judgeContent(workspace, connection, await readContent(workspace, connection, files), files);
}

async function judgeContent(
  workspace: Workspace,
  connection: Connection,
  { ledger, actual, foreign }: TargetContent,
  files: readonly MigrationFile[],
): Promise<TargetState> {
  const standing = foreign ?? readPosition(ledger, files, await findEdits(ledger, files));
  if (standing.faults.length > 0) return { ledger, standing, actual, drift: null };
  const recorded = await readRecordedSchema(workspace, files.slice(0, standing.applied));
  refuseEmptied(connection, { recorded, actual });
  return {
    ledger,
    standing,
    actual,
    drift: await compareRecorded(workspace, files, standing.applied, actual),
  };
}

/**
 * Reads the state for a change: refuses a target with any fault, except a failed migration that will be
 * finished.
 * @throws Problem `ledger_broken`, `drifted`, `unrecorded`, `tenant_emptied`
 */
export async function readSoundState(session: MigrationSession): Promise<SoundTargetState> {
  const { workspace, connection, files } = session;
  const { name: environment, protected: isProtected, schemas } = session.target;
  const early = await session.early;
  const moment = await momentOf(connection);
  const isSame = early?.moment === moment && moment !== null;
  const content = isSame ? early : await readContent(workspace, connection, files);
  const situation = await judgeContent(workspace, connection, content, files);
  const { standing, drift } = situation;
  const { faults, unfinished, applied } = standing;
  if (faults.length > 0 || drift === null) throw brokenLedger(environment, faults, files);
  if (unfinished !== null) {
    const edge = files[unfinished.direction === 'up' ? applied : applied - 1];
    if (edge !== unfinished.file)
      throw brokenLedger(
        environment,
        [`${unfinished.file.name} broke off half-way, but is not the one to go on with`],
        files,
      );
  } else if (!drift.same) {
    const changes = drift.changes.map(describeChange);
    const known = situation.ledger.deeds.length > 0 || files.length === 0;
    if (known)
      throw new Problem('drifted', { environment, changes, canPush: !isProtected && schemas === undefined });
    const added = drift.diff.added.filter(isExtension).map(({ path }) => ownName(path));
    const premade = added.length === changes.length ? added : [];
    const renames = await findLostLedgers(connection);
    throw new Problem('unrecorded', { environment, changes, renames, premade });
  }
  return { ...situation, moment };
}

/**
 * The sound situation of a target that was looked at before: the same, where no transaction of the server has
 * ended since.
 * @throws Problem `ledger_broken`, `drifted`, `unrecorded`
 */
export async function recheckSoundState(
  session: MigrationSession,
  before: SoundTargetState,
): Promise<SoundTargetState> {
  const isSame = before.moment !== null && before.moment === (await momentOf(session.connection));
  return isSame ? before : readSoundState(session);
}

/**
 * Refuses a target that is not as a number of migrations leave it.
 * @throws Problem `not_as_proven`
 */
export async function confirmReached(
  workspace: Workspace,
  { connection, environment, files }: MigrationRun,
  count: number,
): Promise<void> {
  const actual = await snapshot(connection, (reader) => readCatalog(reader, kinds));
  const left = await compareRecorded(workspace, files, count, actual);
  if (!left.same)
    throw new Problem('not_as_proven', { environment, changes: left.changes.map(describeChange) });
}

/**
 * The author and the target of a run, as the ledger needs them.
 * @param found the author, if known already
 */
export async function prepareRun(
  { workspace, connection, target, files }: MigrationSession,
  found = workspace.world.author?.(),
): Promise<MigrationRun> {
  const { onInterrupt, note } = workspace.world;
  const unknown = { systemUser: null, gitAuthor: null, gitCommit: null };
  const author = { ...((await found) ?? unknown), tool: `pgmage ${workspace.project.version}` };
  return {
    ...waitForLocks(workspace, connection, target),
    folder: workspace.project.migrations,
    files,
    author,
    ...(onInterrupt && { onInterrupt }),
    ...(note && { note: (message) => note(message) }),
  };
}

/** How a command waits for locks in a target that it changes: as configured, with a second session. */
export function waitForLocks(
  { project: { lockTimeout }, world }: Workspace,
  connection: Connection,
  target: Target,
): LockRetryOptions {
  const { name, url } = target;
  return {
    connection,
    environment: name,
    progress: (message) => world.progress(message),
    ...(lockTimeout !== undefined && { lockTimeout }),
    ...(url !== null && { onlooker: () => openDatabase({ ...target, url }) }),
  };
}
