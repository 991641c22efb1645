// Makes the rows of a target equal to those of its source, in one transaction, or changes nothing.
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type ComparisonInput, resolveEnds } from '../data-sync/comparison.ts';
import type { RunMeans, RunState, SyncRun } from '../data-sync/finish.ts';
import { appendRows, readAuditedRows } from '../data-sync/row-audit.ts';
import { findCommitted, synchronize } from '../data-sync/run.ts';
import { withSpools } from '../data-sync/spool.ts';
import type { RowSyncPlan, SyncLimits } from '../data-sync/sync-plan.ts';
import { withLock } from '../ledger/lock.ts';
import type { CommitMark } from '../pg/commit-outcome.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';
import type { Ask } from '../project/confirmation.ts';
import { tellOutcome } from '../project/late-commit.ts';
import { type Retry, withRetries } from '../project/retry.ts';
import { openRunLog } from '../project/run-log.ts';
import { openWatched, type Reachable } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import { findProtected, refuseProtected, refuseUnconfirmed } from '../project/write-access.ts';

/** The options of `data:sync`. */
export interface DataSyncInput extends ComparisonInput, SyncLimits {
  /** The name of the target, where that is protected. */
  readonly confirm?: string;
  /** Do not ask. */
  readonly yes?: boolean;
  /** Show what would change, and change nothing. */
  readonly dryRun?: boolean;
  /** If on, the triggers of the target fire. Default: off. */
  readonly triggers?: 'on' | 'off';
  /** The rows that are compared again before the commit; default: `full` up to 2 GB, above it `changed`. */
  readonly validate?: 'full' | 'changed';
  /** Change so many rows in one transaction, and go on with the next ones; default: all rows in one. */
  readonly batch?: number;
  /** `list`: the plan has the ids of the target's rows that have no old id; default: their number. */
  readonly unmapped?: 'count' | 'list';
  /**
   * Lock the tables of the target against writers before they are compared, up to the commit. Not with
   * `batch`.
   */
  readonly lock?: boolean;
  /** Go on with the last run in batches from this source, if that was interrupted. Needs `batch`. */
  readonly resume?: boolean;
  /** Compare all rows, also of tables with `since` in the configuration. */
  readonly complete?: boolean;
}

/** The files that a run writes. */
export interface SyncFiles {
  /** A file to which the report is appended, as one line of JSON. */
  readonly log?: string;
  /** `rows`: the log gets a line for each changed row, too. */
  readonly logLevel?: 'rows' | 'runs';
  /** `rows`: kind and key of each changed row are kept in the folder of the undo files. */
  readonly audit?: 'rows' | 'none';
  /** A file for the migration report. */
  readonly out?: string;
  /** Makes the text of that; default: JSON. */
  readonly reports?: { markdown(report: DataSyncReport): string };
}

/** The report of `data:sync`. */
export interface DataSyncReport extends RowSyncPlan {
  /** The run; null: it was declined, or a dry run, and nothing was changed. */
  readonly run: SyncRun | null;
  readonly dryRun: boolean;
  readonly durationMs: number;
  /** Tries that failed before. */
  readonly retries: readonly Retry[];
}

/**
 * Makes the rows of a target equal to those of its source: rows are inserted, updated and deleted, compared
 * again, and recorded in one transaction, or in batches.
 * @throws Problem `bad_option`, `bad_config`, `bad_mask`, `protected_target`, `sync_refused`,
 * `ambiguous_key`, `too_many_deletions`, `triggers_fire`, `side_effects`, `confirmation_needed`,
 * `migration_running`, `lock_unavailable`, `rows_refused`, `not_as_source`, `read_cancelled`,
 * `unwritable_file`, `batches_stopped`; of both connections
 */
export async function dataSync(
  workspace: Workspace,
  input: DataSyncInput & SyncFiles,
  ask: Ask<RowSyncPlan>,
): Promise<DataSyncReport> {
  const { world } = workspace;
  checkBatch(input);
  const ends = await resolveEnds(workspace, input);
  if (!input.dryRun) refuseUnconfirmed(ends.to, input);
  const state: RunState = {
    ...{ id: randomUUID(), hasBegun: false, agreed: false, isPartial: false },
    ...{ plan: null, run: null, committed: null, undoFiles: new Map() },
  };
  const means = { workspace, ends, input, ask, state };
  const log = await openRunLog(workspace.project, input.log);
  const report = await inTries(means).catch(async (thrown: unknown) => {
    const problem = asStopped(thrown, state, ends.to.name);
    await listRows(workspace, input, state).catch(() => undefined);
    await log({ at: world.now(), problem });
    throw problem;
  });
  const { run } = report;
  if (run !== null && run.batches === null && run.undoFile !== null) state.undoFiles.set(run.undoFile, null);
  await listRows(workspace, input, state);
  await log({ at: world.now(), ...report });
  await writeReport(workspace, input, report);
  return report;
}

async function inTries(task: Omit<RunMeans, 'mark'>): Promise<DataSyncReport> {
  const { workspace, ends, input } = task;
  const { world, project } = workspace;
  const guarded = findProtected(world, ends.to, input);
  const start = world.now().getTime();
  // A session whose COMMIT had no answer may still be at it, and holds the lock until then.
  const locked = (session: ServerConnection, means: RunMeans) =>
    withLock(
      session,
      ends.to.name,
      async () => (await findCommitted(session, means)) ?? synchronize(session, means),
    );
  const { dryRun = false } = input;
  return withRetries(
    world,
    (retries, reached): Promise<DataSyncReport> =>
      withSession(workspace, ends.to, async (session, mark) => {
        reached();
        await refuseProtected(project, session, ends.to, await guarded);
        const found = await (dryRun ? synchronize : locked)(session, { ...task, mark });
        const durationMs = world.now().getTime() - start;
        return { ...found.plan, run: found.run, dryRun, durationMs, retries: [...retries] };
      }),
    ['read_cancelled'],
  );
}

function checkBatch({ batch, resume, lock, log, logLevel }: DataSyncInput & SyncFiles): void {
  if (batch !== undefined && !(Number.isInteger(batch) && batch > 0))
    throw new Problem('bad_option', { option: '--batch', reason: `${batch} is not a number of rows from 1` });
  if (lock && batch !== undefined)
    throw new Problem('bad_option', {
      option: '--lock',
      reason: 'batches release their locks; leave --batch out',
    });
  if (logLevel === 'rows' && log === undefined)
    throw new Problem('bad_option', { option: '--log-level', reason: 'it needs --log FILE' });
  if (resume && batch === undefined)
    throw new Problem('bad_option', { option: '--resume', reason: 'it needs --batch N' });
}

// The target is not as it was, which the message of the failure alone would say.
function asStopped(thrown: unknown, { committed }: RunState, target: string): unknown {
  if (committed === null || !(thrown instanceof Problem)) return thrown;
  const { id, batches, inserted, updated, deleted } = committed;
  const data = { target, run: id, batches, rows: inserted + updated + deleted, reason: thrown.message };
  return new Problem('batches_stopped', data, { cause: thrown });
}

// After the commit, so that no row is listed that was not changed.
async function listRows({ project, world }: Workspace, input: SyncFiles, state: RunState): Promise<void> {
  const { log, logLevel, audit } = input;
  const folder = join(project.root, '.pgmage');
  for (const [undoFile, bytes] of state.undoFiles) {
    const files = [
      ...(audit === 'rows' ? [undoFile.replace(/\.undo$/, '.rows.jsonl')] : []),
      ...(logLevel === 'rows' && log !== undefined ? [resolve(project.root, log)] : []),
    ];
    const facts = { at: world.now(), run: basename(undoFile, '.undo') };
    if (files.length > 0)
      await withSpools(folder, (open) => appendRows(files, facts, readAuditedRows(undoFile, open, bytes)));
  }
}

async function writeReport(
  { project }: Workspace,
  { out, reports }: SyncFiles,
  report: DataSyncReport,
): Promise<void> {
  if (out === undefined) return;
  const text = reports?.markdown(report) ?? JSON.stringify(report, null, 2);
  await written(resolve(project.root, out), (file) => writeFile(file, text, { mode: 0o600 }));
}

async function written(file: string, work: (file: string) => Promise<void>): Promise<void> {
  await work(file).catch((thrown: Error) => {
    throw new Problem('unwritable_file', { file, reason: thrown.message }, { cause: thrown });
  });
}

async function withSession<T>(
  { world }: Workspace,
  target: Reachable,
  work: (session: ServerConnection, mark: CommitMark) => Promise<T>,
): Promise<T> {
  const session = await openWatched(target);
  const mark: CommitMark = { id: null };
  const forget = tellOutcome(world, { session, target, mark });
  try {
    return await work(session, mark);
  } finally {
    forget?.();
    await session.close();
  }
}
