// One run of a sync: compares, shows, asks, changes, compares again, records.
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { readDataRuns } from '../ledger/data-runs.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { snapshot } from '../pg/snapshot.ts';
import { Problem } from '../problem/problem.ts';
import { confirm } from '../project/confirmation.ts';
import type { TableChange } from './apply.ts';
import { type BatchedInput, changeInBatches } from './batched-run.ts';
import { checkpointOf, findInterrupted, type InterruptedRun } from './checkpoint.ts';
import { type ComparedTable, compareTables } from './compare-tables.ts';
import { makeRowsReport, type NamedEnds, type RowComparison, withComparison } from './comparison.ts';
import { fetchRows } from './fetch-rows.ts';
import { finishRun, type RunInput, type RunMeans, type SyncRun } from './finish.ts';
import { countUnmapped, listUnmapped } from './ids-checks.ts';
import { withTablesLocked } from './locked-run.ts';
import { choosePartial, type PartialRun, wantsTimes } from './partial.ts';
import { beginRecord } from './recorder.ts';
import type { TablePair } from './shape.ts';
import { readOldest } from './since-facts.ts';
import {
  type PlannedTable,
  planTable,
  type RowSyncPlan,
  refuseManyDeletions,
  refuseUnwritable,
} from './sync-plan.ts';
import { changeInTransaction, lockIn } from './transaction.ts';
import { pruneUndo, undoFileOf, undoFolder } from './undo-file.ts';

/** A plan and what became of it; null: it was declined, or only asked for. */
export interface RunResult {
  readonly plan: RowSyncPlan;
  readonly run: SyncRun | null;
}

/**
 * Runs a sync over a session on the target that holds the lock.
 * @throws Problem as `dataSync`
 */
export function synchronize(session: ServerConnection, means: RunMeans): Promise<RunResult> {
  const { lock = false, dryRun = false } = means.input;
  const run = (more: RunMeans) => compareInPart(session, more);
  return lock && !dryRun ? withTablesLocked(session, means, run) : run(means);
}

// Rows that the source has deleted, or that its writers have changed without a trace, can be in the way of
// others. Then all rows are compared.
async function compareInPart(session: ServerConnection, means: RunMeans): Promise<RunResult> {
  const { input, state, locked } = means;
  const whole = input.complete
    ? 'all rows are asked for'
    : input.batch
      ? 'a run in batches compares all'
      : null;
  try {
    return await compareAndChange(session, means, whole);
  } catch (thrown) {
    const isInTheWay = thrown instanceof Problem && conflicts.has(thrown.code);
    if (!state.isPartial || !isInTheWay || locked) throw thrown;
    state.agreed = false;
    return compareAndChange(session, means, 'the changed rows alone do not fit');
  }
}

const conflicts = new Set<string>(['rows_refused', 'side_effects', 'not_as_source']);

async function compareAndChange(
  session: ServerConnection,
  means: RunMeans,
  whole: string | null,
): Promise<RunResult> {
  const { workspace, ends, input, state } = means;
  const oldest = wantsTimes(workspace.project) ? await readOldest(ends.from) : null;
  return withComparison(workspace, ends, input, async (comparison) => {
    const { all, pairs, named, asOf, notes, spool } = comparison;
    const onRows = makeRowsReport(workspace, pairs, 'Comparing');
    const partial = await choosePartial(comparison, { whole, oldest });
    state.isPartial = partial.bounds.size > 0;
    const compared = await compareTables(pairs, { crew: all, spool, onRows, since: partial.bounds });
    const tables = await planTables(comparison, compared, input, partial);
    const plan: RowSyncPlan = { source: named.from, target: named.to, asOf, tables, notes };
    refuseUnwritable(named, notes, compared, tables);
    refuseUnlocked(means, named, pairs);
    refuseWithoutTemporary(comparison, tables);
    const earlier = await findEarlier(session, means, named.from.name);
    refuseManyDeletions(plan, input, earlier);
    if (input.dryRun) return { plan, run: null };
    const isChanging = tables.some(({ inserts, updates, deletes }) => inserts + updates + deletes > 0);
    state.agreed ||=
      !isChanging ||
      (await confirm({ what: `data:sync to ${named.to.name}`, plan, losses: [] }, input, means.ask));
    if (!state.agreed) return { plan, run: null };
    state.plan = plan;
    if (input.batch === undefined)
      return { plan, run: await changeTarget(session, means, { comparison, compared, partial }) };
    state.committed = earlier;
    if (state.hasBegun) state.id = randomUUID();
    state.hasBegun = true;
    const batched = { comparison, compared, partial, plan, size: input.batch };
    return { plan, run: await changeInBatches(session, means, batched) };
  });
}

async function planTables(
  { first }: RowComparison,
  compared: readonly ComparedTable[],
  input: RunInput,
  { uses }: PartialRun,
): Promise<PlannedTable[]> {
  const tables: PlannedTable[] = [];
  for (const table of compared) {
    const since = uses.get(table.pair);
    const unmapped = await findUnmapped(first.to, table.pair, input);
    tables.push(planTable(table, input, { ...unmapped, ...(since && { since }) }));
  }
  return tables;
}

async function findUnmapped(
  target: ServerConnection,
  pair: TablePair,
  { unmapped: wanted }: RunInput,
): Promise<Pick<PlannedTable, 'unmapped' | 'unmappedIds'>> {
  const unmapped = await countUnmapped(target, pair);
  return wanted === 'list' && unmapped > 0
    ? { unmapped, unmappedIds: await listUnmapped(target, pair) }
    : { unmapped };
}

// The rows that a target needs are staged in temporary tables, or in the schema pgmage.
function refuseWithoutTemporary({ named, shapes }: RowComparison, tables: readonly PlannedTable[]): void {
  const isChanging = tables.some(({ inserts, updates, deletes }) => inserts + updates + deletes > 0);
  if (shapes.to.mayMakeTemporary || shapes.to.mayMakeStages || !isChanging) return;
  const fault =
    'the role of the target may make no tables to stage rows: it needs TEMPORARY on the database,' +
    ' or CREATE on its schema pgmage';
  throw new Problem('sync_refused', { source: named.from.name, target: named.to.name, faults: [fault] });
}

// A table that was created after the locks were taken.
function refuseUnlocked({ locked }: RunMeans, { from, to }: NamedEnds, pairs: readonly TablePair[]): void {
  const names = pairs.map((pair) => pair.to.table.name).filter((name) => locked?.names.has(name) === false);
  if (names.length > 0)
    throw new Problem('sync_refused', {
      source: from.name,
      target: to.name,
      faults: names.map((name) => `${name} was created after --lock had locked the tables`),
    });
}

// The interrupted run that this one goes on with: another one, or the try before.
async function findEarlier(
  session: ServerConnection,
  { workspace, input, state }: RunMeans,
  source: string,
): Promise<InterruptedRun | null> {
  if (input.batch === undefined || !(input.resume || state.hasBegun)) return null;
  const entries = await snapshot(session, readDataRuns);
  // Of the last commit, the answer may have been lost.
  const last = entries.findLast(({ id, outcome }) => id === state.id && outcome === 'batch');
  const undo = last && checkpointOf(last)?.undo;
  if (undo) state.undoFiles.set(undoFileOf(undoFolder(workspace.project.root), state.id), undo);
  return findInterrupted(entries, source) ?? state.committed;
}

async function changeTarget(
  session: ServerConnection,
  means: RunMeans,
  { comparison, compared, partial }: Pick<BatchedInput, 'comparison' | 'compared' | 'partial'>,
): Promise<SyncRun> {
  const { workspace, ends, input, state } = means;
  const { id } = state;
  const { named, asOf, shapes } = comparison;
  const facts = { id, source: named.from.name, asOf: asOf.from.toISOString(), mode: 'transaction' };
  const outcomes = means.locked && { outcomes: means.locked.outcomes };
  const recorder = await beginRecord(workspace, session, facts, outcomes);
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
      ...(means.locked && { open: means.locked }),
      lock: lockIn(workspace, session, ends.to),
      undoFile,
      mark: means.mark,
      ...(workspace.world.beforeCommit && { beforeCommit: workspace.world.beforeCommit }),
      finish: async (result) => {
        state.run = await finishRun(session, means, {
          ...{ comparison, compared, partial, ...result, recorder, undoFile },
          ...{ batches: null, resumes: null },
        });
      },
    });
  } catch (thrown) {
    await recorder.noteFailure(thrown);
    throw thrown;
  }
  await pruneUndo(folder);
  return state.run as SyncRun;
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

/** The result of a try whose COMMIT had no answer, if it was done. @throws Problem of the connection */
export async function findCommitted(
  session: ServerConnection,
  { state }: RunMeans,
): Promise<RunResult | null> {
  const { id, plan, run } = state;
  if (plan === null || run === null) return null;
  const runs = await snapshot(session, readDataRuns);
  return runs.some((one) => one.id === id && one.outcome === 'done') ? { plan, run } : null;
}
