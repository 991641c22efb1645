// Changes a target in many transactions. Each leaves whole batches behind, with a checkpoint in the record:
// a run that was interrupted goes on from there.

import { makeRowProgress } from '../flow/progress.ts';
import type { CommitMark } from '../pg/commit-outcome.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { readingSettings, tablesAlone } from '../pg/snapshot.ts';
import { transaction } from '../pg/transaction.ts';
import { type ChangeResult, changeSettings, type TableChange } from './apply.ts';
import { checkStagedRows } from './batch-check.ts';
import { isInTheWay, refuseReach } from './batch-conflicts.ts';
import { describeBatches } from './batch-interrupt.ts';
import { makeBatches, orderSteps, type RowBatch } from './batches.ts';
import {
  addTotals,
  type BatchedBegin,
  batchMode,
  type Checkpoint,
  noRows,
  type RowTotals,
} from './checkpoint.ts';
import type { ComparedTable } from './compare-tables.ts';
import type { RowComparison } from './comparison.ts';
import { fetchRows, type RowSpools } from './fetch-rows.ts';
import {
  type ChangedRows,
  countBatches,
  finishRun,
  type ResumedBatches,
  type RunMeans,
  type SyncRun,
} from './finish.ts';
import { followSequences, type SequenceReport } from './follow-sequences.ts';
import type { PartialRun } from './partial.ts';
import { beginRecord, type RunRecorder } from './recorder.ts';
import type { SideEffect } from './side-effects.ts';
import type { RowSyncPlan } from './sync-plan.ts';
import { changeInTransaction, lockIn } from './transaction.ts';
import { pruneUndo, undoFileOf, undoFolder } from './undo-file.ts';

/** The comparison that a run in batches starts from. */
export interface BatchedInput {
  readonly comparison: RowComparison;
  readonly compared: readonly ComparedTable[];
  readonly plan: RowSyncPlan;
  readonly partial: PartialRun;
  /** Rows of a batch. */
  readonly size: number;
}

interface BatchedRun extends BatchedInput {
  readonly session: ServerConnection;
  readonly means: RunMeans;
  readonly recorder: RunRecorder;
  readonly undoFile: string | null;
  /** Of the batch under way. */
  mark: CommitMark;
  /** By table of the target. */
  readonly tables: Map<string, ChangedRows>;
  readonly sideEffects: Map<string, SideEffect>;
  /** The transaction of each batch. */
  readonly batches: string[];
  told(table: { readonly name: string }, rows: number): void;
}

/**
 * Changes the rows batch by batch, then compares both databases again.
 * @throws Problem as `changeInTransaction`; `not_as_source`
 */
export async function changeInBatches(
  session: ServerConnection,
  means: RunMeans,
  input: BatchedInput,
): Promise<SyncRun> {
  const { workspace, state } = means;
  const { comparison } = input;
  const run = await beginBatches(session, means, input);
  const resumes = state.committed;
  // The snapshot of the target has done its work, and its locks would be in the way.
  for (const { to } of comparison.all) await to.execute('commit');
  const kept = () => ({ batches: run.batches.length, ...totalsOf(run) });
  const forget = workspace.world.onInterrupt?.(() =>
    describeBatches({ run: state.id, target: means.ends.to, mark: run.mark }, kept()),
  );
  try {
    const sequences = await changeAll(run);
    await finishBatches(run, { resumes: resumes && countBatches(resumes), sequences });
  } catch (thrown) {
    await run.recorder.noteFailure(thrown, { ...totalsOf(run), skipped: 0 });
    throw thrown;
  } finally {
    forget?.();
  }
  await pruneUndo(undoFolder(workspace.project.root));
  return state.run as SyncRun;
}

// Compares both databases again, and records the end.
async function finishBatches(
  run: BatchedRun,
  more: { readonly resumes: ResumedBatches | null; readonly sequences: SequenceReport },
): Promise<void> {
  const { session, means } = run;
  const { workspace, ends, state } = means;
  await transaction(
    session,
    async () => {
      state.run = await finishRun(session, means, {
        ...run,
        ...more,
        tables: [...run.tables.values()],
        sideEffects: [...run.sideEffects.values()],
      });
      await workspace.world.beforeCommit?.(session);
    },
    `begin isolation level repeatable read read write; ${readingSettings}; ${tablesAlone};
      ${changeSettings(lockIn(workspace, session, ends.to).lockTimeout)}`,
  );
}

async function changeAll(run: BatchedRun): Promise<SequenceReport> {
  const { session, means, comparison, compared, size } = run;
  const { keepDeleted = false, tables } = means.input;
  // Before any row: a run that is interrupted leaves no sequence behind its rows.
  const sessions = { from: comparison.first.from, to: session };
  const sequences = await transaction(session, () =>
    followSequences(sessions, comparison.pairs, tables === undefined),
  );
  const steps = orderSteps({ tables: compared, foreignKeys: comparison.shapes.to.foreignKeys, keepDeleted });
  for await (const batch of makeBatches(steps, size, comparison.spool)) await changeBatch(run, batch);
  return sequences;
}

async function beginBatches(
  session: ServerConnection,
  means: RunMeans,
  input: BatchedInput,
): Promise<BatchedRun> {
  const { workspace, state } = means;
  const { comparison, plan, size } = input;
  const { named, asOf } = comparison;
  const begin: BatchedBegin = {
    planned: Object.fromEntries(
      plan.tables.filter((one) => one.deletes > 0).map((one) => [one.name, one.deletes]),
    ),
    resumes: state.committed?.id ?? null,
  };
  const from = { source: named.from.name, asOf: asOf.from.toISOString() };
  const facts = { ...from, id: state.id, mode: batchMode(size) };
  const recorder = await beginRecord(workspace, session, facts, { detail: JSON.stringify(begin) });
  const changing = plan.tables.map(({ name, inserts, updates, deletes }) => ({
    name,
    rows: inserts + updates + deletes,
  }));
  const { told } = makeRowProgress(workspace.world, changing, 'Changing');
  return {
    ...input,
    session,
    means,
    recorder,
    undoFile: changing.some(({ rows }) => rows > 0)
      ? undoFileOf(undoFolder(workspace.project.root), state.id)
      : null,
    mark: { id: null },
    tables: new Map(),
    sideEffects: new Map(),
    batches: [],
    told,
  };
}

const totalsOf = ({ tables }: BatchedRun): RowTotals => [...tables.values()].reduce(addTotals, noRows);

// A row can need another one of a later batch: then the batch takes more rows. The last one has all rows.
async function changeBatch(run: BatchedRun, batch: RowBatch): Promise<void> {
  for (;;)
    try {
      run.mark = { id: null };
      return await tryBatch(run, batch);
    } catch (thrown) {
      if (batch.isLast() || !isInTheWay(run, thrown)) throw thrown;
      await batch.grow(batch.rows() * 3);
    }
}

async function tryBatch(run: BatchedRun, batch: RowBatch): Promise<void> {
  const { session, means, comparison, recorder } = run;
  const { workspace, ends, input } = means;
  const spools: RowSpools[] = [];
  const changes: TableChange[] = [];
  try {
    for (const table of batch.tables()) {
      const fetched = await fetchRows(comparison.first.from, table, comparison.spool);
      spools.push(fetched);
      changes.push({ pair: table.pair, ...fetched });
    }
    const isLast = batch.isLast();
    const kept: { id: string; undo: number | null } = { id: '', undo: null };
    const result = await changeInTransaction(session, {
      changes,
      shape: comparison.shapes.to,
      triggersFire: input.triggers === 'on',
      force: input.force ?? false,
      lock: lockIn(workspace, session, ends.to),
      undoFile: run.undoFile,
      mark: run.mark,
      isPart: !isLast,
      ...(workspace.world.beforeCommit && { beforeCommit: workspace.world.beforeCommit }),
      finish: async (found, undo, stages) => {
        if (!isLast) refuseReach(run, found);
        await checkStagedRows(stages, comparison.named, found.tables);
        [kept.id, kept.undo] = [await ownTransaction(session), undo];
        await noteBatch(run, recorder, found, undo);
      },
    });
    run.batches.push(kept.id);
    if (run.undoFile !== null) means.state.undoFiles.set(run.undoFile, kept.undo);
    addResult(run, result);
  } finally {
    await Promise.all(spools.flatMap(({ fresh, gone }) => [fresh.close(), gone.close()]));
  }
}

async function ownTransaction(session: ServerConnection): Promise<string> {
  const [row] = await session.rows<{ id: string }>('select pg_catalog.pg_current_xact_id()::text as id');
  return (row as { id: string }).id;
}

async function noteBatch(
  run: BatchedRun,
  recorder: RunRecorder,
  { tables }: ChangeResult,
  undo: number | null,
): Promise<void> {
  const point: Checkpoint = {
    batch: run.batches.length + 1,
    undo,
    tables: Object.fromEntries(
      tables.map(({ pair, inserted, updated, deleted }) => [
        pair.to.table.name,
        { inserted, updated, deleted },
      ]),
    ),
  };
  const all = Object.values(point.tables).reduce(addTotals, totalsOf(run));
  await recorder.note('batch', { ...all, skipped: 0 }, JSON.stringify(point));
}

function addResult(run: BatchedRun, { tables, sideEffects }: ChangeResult): void {
  const { state } = run.means;
  const before = state.committed;
  const planned =
    before?.planned ?? Object.fromEntries(run.plan.tables.map((one) => [one.name, one.deletes]));
  const all = new Map(before?.tables ?? []);
  for (const { pair, waiting, ...rows } of tables) {
    const { name } = pair.to.table;
    const known = run.tables.get(name) ?? { pair, ...noRows, waiting: 0 };
    run.tables.set(name, { pair, ...addTotals(known, rows), waiting: known.waiting + waiting });
    all.set(name, addTotals(all.get(name) ?? noRows, rows));
    run.told({ name }, rows.inserted + rows.updated + rows.deleted);
  }
  for (const one of sideEffects) {
    const known = run.sideEffects.get(one.table) ?? { ...noRows, table: one.table };
    run.sideEffects.set(one.table, { table: one.table, ...addTotals(known, one) });
  }
  const sum = tables.reduce(addTotals, before ?? noRows);
  const batches = (before?.batches ?? 0) + 1;
  state.committed = { id: state.id, batches, tables: all, planned, ...sum };
}
