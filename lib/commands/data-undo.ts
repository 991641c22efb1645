// Takes a run back: puts old rows in place again, where no session has changed them since.
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChangedTable, ChangeResult, TableChange } from '../data-sync/apply.ts';
import { checkpointOf, findSuccessor } from '../data-sync/checkpoint.ts';
import { findPacked } from '../data-sync/packed-columns.ts';
import { readShape } from '../data-sync/read-shapes.ts';
import { beginRecord } from '../data-sync/recorder.ts';
import type { DatabaseShape } from '../data-sync/shape.ts';
import type { SideEffect } from '../data-sync/side-effects.ts';
import { withSpools } from '../data-sync/spool.ts';
import { changeInTransaction, lockIn } from '../data-sync/transaction.ts';
import { pairWithItself } from '../data-sync/undo.ts';
import { pruneUndo, readUndo, type UndoRows, undoFileOf, undoFolder } from '../data-sync/undo-file.ts';
import { type RecordedRun, readDataRuns } from '../ledger/data-runs.ts';
import { withLock } from '../ledger/lock.ts';
import type { CommitMark } from '../pg/commit-outcome.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { snapshot } from '../pg/snapshot.ts';
import { Problem } from '../problem/problem.ts';
import { type Ask, type Consent, confirm } from '../project/confirmation.ts';
import { tellOutcome } from '../project/late-commit.ts';
import { openWatched, type Reachable } from '../project/source.ts';
import { type NamedTarget, nameTarget } from '../project/target-address.ts';
import type { Workspace } from '../project/workspace.ts';
import {
  findProtected,
  refuseProtected,
  refuseUnconfirmed,
  type WriteNames,
  writeTarget,
} from '../project/write-access.ts';
import { listRuns } from './data-history.ts';

/** The options of `data:undo`. */
export interface DataUndoInput extends Consent, WriteNames {
  /** If on, the triggers of the tables fire. Default: off. */
  readonly triggers?: 'on' | 'off';
}

/** The changes that an undo is going to make. */
export interface DataUndoPlan {
  readonly target: NamedTarget;
  /** The run that is taken back. */
  readonly run: string;
  readonly source: string;
  /** ISO 8601, in UTC. */
  readonly ranAt: string;
  /** Rows that the run inserted, updated and deleted. */
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** The rows of one table that were put back. */
export interface UndoneTable {
  readonly name: string;
  /** Rows that are there again. */
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Rows that a session changed after the run: they stay as they are. */
  readonly skipped: number;
}

/** The report of `data:undo`. */
export interface DataUndoReport extends DataUndoPlan {
  /** Null: it was declined, and nothing was changed. */
  readonly tables: readonly UndoneTable[] | null;
  readonly skipped: number;
  readonly sideEffects: readonly SideEffect[];
  /** The undo's own run, which can be taken back, too. */
  readonly id: string;
}

/**
 * Takes a run back in one transaction.
 * @param run its UUID, or the beginning of it
 * @throws Problem `no_run`, `missing_file`, `undo_damaged`, `protected_target`, `confirmation_needed`,
 * `migration_running`, `side_effects`, `triggers_fire`, `lock_unavailable`, `rows_refused`; of the
 * connection
 */
export async function dataUndo(
  workspace: Workspace,
  run: string,
  input: DataUndoInput,
  ask: Ask<DataUndoPlan>,
): Promise<DataUndoReport> {
  const { world, project } = workspace;
  const found = await writeTarget(world, input, ask);
  const target: Reachable = { ...found, url: reachableUrl(found.url, found.name) };
  refuseUnconfirmed(target, { confirm: input.confirm ?? input.env ?? '' });
  const guarded = findProtected(world, target, input);
  const session = await openWatched(target);
  const mark: CommitMark = { id: null };
  const forget = tellOutcome(world, { session, target, mark });
  try {
    await refuseProtected(project, session, target, await guarded);
    return await withLock(session, target.name, async () => {
      const { plan, undoBytes } = await planUndo(workspace, session, target, run);
      const id = randomUUID();
      const what = `data:undo of ${target.name}`;
      if (!(await confirm({ what, plan, losses: [] }, input, ask)))
        return { ...plan, tables: null, skipped: 0, sideEffects: [], id };
      const { tables, sideEffects } = await undo({
        ...{ workspace, session, target, input, mark },
        ...{ plan, undoBytes, id },
      });
      const skipped = tables.reduce((sum, { waiting }) => sum + waiting, 0);
      return { ...plan, tables: tables.map(undoneTable), skipped, sideEffects, id };
    });
  } finally {
    forget?.();
    await session.close();
  }
}

function reachableUrl(url: string | null, environment: string): string {
  if (url === null) throw new Problem('no_server', { environment });
  return url;
}

const undoneTable = ({ pair, inserted, updated, deleted, waiting }: ChangedTable): UndoneTable => ({
  name: pair.to.table.name,
  inserted,
  updated,
  deleted,
  skipped: waiting,
});

async function planUndo(
  { project }: Workspace,
  session: ServerConnection,
  target: Reachable,
  wanted: string,
): Promise<{ plan: DataUndoPlan; undoBytes: number | null }> {
  const entries = await snapshot(session, readDataRuns);
  const all = listRuns(entries, new Set());
  const refuse = (reason: string) => new Problem('no_run', { environment: target.name, run: wanted, reason });
  const fitting = all.filter(({ id }) => wanted.length >= 4 && id.startsWith(wanted));
  const [one] = fitting;
  if (one === undefined) throw refuse('the run does not exist');
  if (fitting.length > 1) throw refuse(`${fitting.length} runs begin so`);
  const undone = all.find(
    ({ mode, outcome, detail }) => mode === 'undo' && outcome === 'done' && detail === one.id,
  );
  if (undone !== undefined) throw refuse(`run ${undone.id} has taken it back`);
  if (!entries.some((entry) => entry.id === one.id && hasChanged(entry)))
    throw refuse('it changed nothing, so there is nothing to take back');
  const successor = findSuccessor(entries, one.id);
  const isUndone = all.some((it) => it.mode === 'undo' && it.outcome === 'done' && it.detail === successor);
  if (successor !== undefined && !isUndone)
    throw refuse(`run ${successor} went on after it: undo that first`);
  const last = entries.findLast(({ id, outcome }) => id === one.id && outcome === 'batch');
  const { inserted, updated, deleted, source, begunAt: ranAt } = one;
  const plan = {
    target: nameTarget(project, target),
    run: one.id,
    source,
    ranAt,
    inserted,
    updated,
    deleted,
  };
  return { plan, undoBytes: last === undefined ? null : (checkpointOf(last)?.undo ?? null) };
}

// Such a run has no undo file.
const hasChanged = ({ outcome, inserted, updated, deleted }: RecordedRun) =>
  (outcome === 'done' || outcome === 'batch') && inserted + updated + deleted > 0;

interface Undoing {
  readonly workspace: Workspace;
  readonly session: ServerConnection;
  readonly target: Reachable;
  readonly input: DataUndoInput;
  readonly mark: CommitMark;
  readonly plan: DataUndoPlan;
  /** The length of the undo file at the last commit; null: all of it. */
  readonly undoBytes: number | null;
  readonly id: string;
}

async function undo(undoing: Undoing): Promise<ChangeResult> {
  const { workspace, session, target, input, mark, plan, undoBytes, id } = undoing;
  const { project } = workspace;
  const folder = undoFolder(project.root);
  return withSpools(join(project.root, '.pgmage'), async (spool) => {
    const rows = await readUndo(undoFileOf(folder, plan.run), spool, undoBytes);
    const shape = await snapshot(session, readShape);
    const changes = rows.map((one) => changeOf(shape, one, plan.run, target.name));
    const facts = { id, source: plan.source, asOf: null, mode: 'undo' };
    const recorder = await beginRecord(workspace, session, facts);
    const undoFile = undoFileOf(folder, id);
    await rm(undoFile, { force: true });
    try {
      const result = await changeInTransaction(session, {
        changes,
        shape,
        triggersFire: input.triggers === 'on',
        force: input.force ?? false,
        lock: lockIn(workspace, session, target),
        undoFile,
        mark,
        finish: async ({ tables }) => {
          const sum = (of: 'inserted' | 'updated' | 'deleted' | 'waiting') =>
            tables.reduce((total, table) => total + table[of], 0);
          const numbers = { inserted: sum('inserted'), updated: sum('updated'), deleted: sum('deleted') };
          await recorder.note('done', { ...numbers, skipped: sum('waiting') }, plan.run);
        },
      });
      await pruneUndo(folder);
      return result;
    } catch (thrown) {
      await recorder.noteFailure(thrown);
      throw thrown;
    }
  });
}

// The table has to be as it was: all columns that can be written, in their order.
function changeOf(
  shape: DatabaseShape,
  { table, fresh, gone }: UndoRows,
  run: string,
  environment: string,
): TableChange {
  const now = shape.tables.get(table.name);
  const refuse = (reason: string) => new Problem('no_run', { environment, run, reason });
  if (now === undefined) throw refuse(`${table.name} is not there any more`);
  const pair = pairWithItself(now, table.key);
  const columns = (all: readonly { readonly name: string; readonly type: string }[]) =>
    all.map(({ name, type }) => `${name} ${type}`).join(', ');
  const packed = [...findPacked(pair)].map((at) => pair.columns[at]?.name);
  const isSame =
    columns(pair.columns) === columns(table.columns) && packed.join() === (table.packed ?? []).join();
  if (!isSame) throw refuse(`${table.name} has other columns now`);
  return { pair, fresh, gone };
}
