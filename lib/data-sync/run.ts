// One run of a sync: compares, shows, asks, changes, compares again, records.
import { rm } from 'node:fs/promises';
import { readDataRuns } from '../ledger/data-runs.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { snapshot } from '../pg/snapshot.ts';
import { Problem } from '../problem/problem.ts';
import { type Ask, type Consent, confirm } from '../project/confirmation.ts';
import type { Reachable } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import type { ChangeResult, TableChange } from './apply.ts';
import { type ComparedTable, compareTables } from './compare-tables.ts';
import { type ComparisonInput, makeRowsReport, type RowComparison, withComparison } from './comparison.ts';
import { fetchRows } from './fetch-rows.ts';
import { followSequences, type SequenceReport } from './follow-sequences.ts';
import { beginRecord, type RunRecorder } from './recorder.ts';
import type { BothSides } from './shape.ts';
import type { SideEffect } from './side-effects.ts';
import {
  planTable,
  type RowSyncPlan,
  refuseManyDeletions,
  refuseUnwritable,
  type SyncLimits,
} from './sync-plan.ts';
import { changeInTransaction, lockIn } from './transaction.ts';
import { pruneUndo, undoFileOf, undoFolder } from './undo-file.ts';
import { type ValidatedTable, validate } from './validation.ts';

/** The options of a run. */
export interface RunInput extends ComparisonInput, SyncLimits, Consent {
  readonly dryRun?: boolean;
  readonly triggers?: 'on' | 'off';
  readonly validate?: 'full' | 'changed';
}

/** All that a run needs. */
export interface RunMeans {
  readonly workspace: Workspace;
  readonly ends: BothSides<Reachable>;
  readonly input: RunInput;
  readonly ask: Ask<RowSyncPlan>;
  /** The run's UUID. */
  readonly id: string;
  /** The results of earlier attempts. */
  readonly state: { agreed: boolean; plan: RowSyncPlan | null; run: SyncRun | null };
}

/** The result for one table. */
export interface SyncedTable {
  /** Qualified and quoted, of the target. */
  readonly name: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Rows that another session has changed meanwhile: they wait for the next run. */
  readonly skipped: number;
  /** Rows on both sides after the change; null: only the parts that had differed were compared. */
  readonly validated: BothSides<number> | null;
}

/** The changes that a run made. */
export interface SyncRun {
  readonly id: string;
  readonly tables: readonly SyncedTable[];
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly skipped: number;
  readonly validation: 'full' | 'changed';
  readonly sequences: SequenceReport;
  /** Rows that foreign keys or triggers of the target changed. */
  readonly sideEffects: readonly SideEffect[];
  /** The file that `data:undo` reads; null: nothing was changed. */
  readonly undoFile: string | null;
  /** The reason why the run is not in pgmage.data_runs; null: it is. */
  readonly unrecorded: string | null;
}

/** A plan and what became of it; null: it was declined, or only asked for. */
export interface RunResult {
  readonly plan: RowSyncPlan;
  readonly run: SyncRun | null;
}

// Above it, only what has changed is compared again.
const fullAtMost = 2 * 2 ** 30;

/**
 * Runs a sync over a session on the target that holds the lock.
 * @throws Problem as `dataSync`
 */
export function synchronize(session: ServerConnection, means: RunMeans): Promise<RunResult> {
  const { workspace, ends, input, state } = means;
  return withComparison(workspace, ends, input, async (comparison) => {
    const { all, pairs, named, asOf, notes, spool } = comparison;
    const onRows = makeRowsReport(workspace, pairs, 'Comparing');
    const compared = await compareTables(pairs, { crew: all, spool, onRows });
    const tables = compared.map((table) => planTable(table, input));
    const plan: RowSyncPlan = { source: named.from, target: named.to, asOf, tables, notes };
    refuseUnwritable(named, notes, compared, tables);
    refuseManyDeletions(plan, input);
    if (input.dryRun) return { plan, run: null };
    const isChanging = tables.some(({ inserts, updates, deletes }) => inserts + updates + deletes > 0);
    state.agreed ||=
      !isChanging ||
      (await confirm({ what: `data:sync to ${named.to.name}`, plan, losses: [] }, input, means.ask));
    if (!state.agreed) return { plan, run: null };
    state.plan = plan;
    return { plan, run: await changeTarget(session, means, comparison, compared) };
  });
}

async function changeTarget(
  session: ServerConnection,
  means: RunMeans,
  comparison: RowComparison,
  compared: readonly ComparedTable[],
): Promise<SyncRun> {
  const { workspace, ends, input, id } = means;
  const { named, asOf, shapes } = comparison;
  const facts = { id, source: named.from.name, asOf: asOf.from.toISOString(), mode: 'transaction' };
  const recorder = await beginRecord(workspace, session, facts);
  const changes = await fetchChanges(comparison, compared, input);
  const folder = undoFolder(workspace.project.root);
  const undoFile = changes.length > 0 ? undoFileOf(folder, id) : null;
  if (undoFile !== null) await rm(undoFile, { force: true });
  try {
    await changeInTransaction(session, {
      changes,
      shape: shapes.to,
      triggersFire: input.triggers === 'on',
      force: input.force ?? false,
      lock: lockIn(workspace, session, ends.to),
      undoFile,
      ...(workspace.world.beforeCommit && { beforeCommit: workspace.world.beforeCommit }),
      finish: async (result) => {
        means.state.run = await finishRun(session, means, {
          comparison,
          compared,
          result,
          recorder,
          undoFile,
        });
      },
    });
  } catch (thrown) {
    await recorder.noteFailure(thrown);
    throw thrown;
  }
  await pruneUndo(folder);
  return means.state.run as SyncRun;
}

// Afterwards the snapshot of the target has done its work, and its locks would be in the way.
async function fetchChanges(
  { first, all, spool }: RowComparison,
  compared: readonly ComparedTable[],
  { keepDeleted = false }: RunInput,
): Promise<TableChange[]> {
  const changes: TableChange[] = [];
  for (const table of compared.filter((one) => one.spool !== null)) {
    const { fresh, gone } = await fetchRows(first.from, table, spool);
    changes.push({ pair: table.pair, fresh, gone: keepDeleted ? nothing : gone });
  }
  for (const { to } of all) await to.execute('commit');
  return changes;
}

const nothing = {
  size: () => 0,
  async *read() {
    yield* [];
  },
};

interface Finishing {
  readonly comparison: RowComparison;
  readonly compared: readonly ComparedTable[];
  readonly result: ChangeResult;
  readonly recorder: RunRecorder;
  readonly undoFile: string | null;
}

async function finishRun(
  session: ServerConnection,
  { input, id }: RunMeans,
  { comparison, compared, result, recorder, undoFile }: Finishing,
): Promise<SyncRun> {
  const sessions = { from: comparison.first.from, to: session };
  const { pairs, spool, named } = comparison;
  const bytes = pairs.reduce((sum, { from, to }) => sum + Math.max(from.table.bytes, to.table.bytes), 0);
  const mode = input.validate ?? (bytes <= fullAtMost ? 'full' : 'changed');
  const { sideEffects } = result;
  const sequences = await followSequences(sessions, pairs, input.tables === undefined);
  const validated = await validate({
    sessions,
    mode,
    compared,
    sideEffects,
    spool,
    keepDeleted: input.keepDeleted ?? false,
  });
  refuseWrong(named, validated);
  const tables = pairs.map(({ to }) => syncedTable(to.table.name, result, validated));
  const sum = (of: 'inserted' | 'updated' | 'deleted' | 'skipped') =>
    tables.reduce((total, table) => total + table[of], 0);
  const numbers = {
    inserted: sum('inserted'),
    updated: sum('updated'),
    deleted: sum('deleted'),
    skipped: sum('skipped'),
  };
  await recorder.note('done', numbers);
  const unrecorded = recorder.missing;
  return { id, tables, ...numbers, validation: mode, sequences, sideEffects, undoFile, unrecorded };
}

function refuseWrong({ from, to }: RowComparison['named'], validated: readonly ValidatedTable[]): void {
  const differences = validated
    .filter(({ wrong }) => wrong > 0)
    .map(({ pair, wrong }) => `${pair.to.table.name}: ${wrong} rows are not as in the source`);
  if (differences.length > 0)
    throw new Problem('not_as_source', { source: from.name, target: to.name, differences });
}

function syncedTable(
  name: string,
  { tables }: ChangeResult,
  validated: readonly ValidatedTable[],
): SyncedTable {
  const changed = tables.find(({ pair }) => pair.to.table.name === name);
  const again = validated.find(({ pair }) => pair.to.table.name === name);
  const { inserted = 0, updated = 0, deleted = 0, waiting = 0 } = changed ?? {};
  return {
    name,
    inserted,
    updated,
    deleted,
    skipped: Math.max(waiting, again?.meanwhile ?? 0),
    validated: again?.rows ?? null,
  };
}

/** The result of a try whose COMMIT had no answer, if it was done. @throws Problem of the connection */
export async function findCommitted(
  session: ServerConnection,
  { id, state }: RunMeans,
): Promise<RunResult | null> {
  const { plan, run } = state;
  if (plan === null || run === null) return null;
  const runs = await snapshot(session, readDataRuns);
  return runs.some((one) => one.id === id && one.outcome === 'done') ? { plan, run } : null;
}
