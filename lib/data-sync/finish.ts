// The end of a run: sequences follow, the databases are compared again, the record gets its outcome.

import type { CommitMark } from '../pg/commit-outcome.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { formatCount } from '../problem/amount.ts';
import { Problem } from '../problem/problem.ts';
import type { Ask, Consent } from '../project/confirmation.ts';
import type { Reachable } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import type { InterruptedRun } from './checkpoint.ts';
import type { ComparedTable } from './compare-tables.ts';
import type { ComparisonInput, RowComparison } from './comparison.ts';
import { followSequences, type SequenceReport } from './follow-sequences.ts';
import type { PartialRun } from './partial.ts';
import type { RunRecorder } from './recorder.ts';
import type { BothSides, TablePair, UniqueShape } from './shape.ts';
import type { SideEffect } from './side-effects.ts';
import type { RowSyncPlan, SyncLimits } from './sync-plan.ts';
import { type ValidatedTable, validate } from './validation.ts';

/** The options of a run. */
export interface RunInput extends ComparisonInput, SyncLimits, Consent {
  /** The name of the target, where that is protected. */
  readonly confirm?: string;
  readonly dryRun?: boolean;
  readonly triggers?: 'on' | 'off';
  readonly validate?: 'full' | 'changed';
  /** Rows of a transaction; default: all rows are changed in one. */
  readonly batch?: number;
  /** `list`: the plan has the ids of the target's rows that have no old id; default: their number. */
  readonly unmapped?: 'count' | 'list';
  /** Lock the tables of the target against writers before they are compared. */
  readonly lock?: boolean;
  /** Go on with the last run in batches from this source, where it was interrupted. */
  readonly resume?: boolean;
  /** Compare all rows, also of tables with `since`. */
  readonly complete?: boolean;
}

/** The state of a run over its tries. */
export interface RunState {
  /** A UUID. Each try in batches has one of its own. */
  id: string;
  /** True if a try in batches is recorded under this UUID. */
  hasBegun: boolean;
  /** True if the plan was confirmed. */
  agreed: boolean;
  /** True if the last try has compared only changed rows of some table. */
  isPartial: boolean;
  plan: RowSyncPlan | null;
  run: SyncRun | null;
  /** The committed batches of this try and of those before; null: none. */
  committed: InterruptedRun | null;
  /** The undo files of its tries, with their length at the last commit; null: all of it. */
  readonly undoFiles: Map<string, number | null>;
}

/** All that a run needs. */
export interface RunMeans {
  readonly workspace: Workspace;
  readonly ends: BothSides<Reachable>;
  readonly input: RunInput;
  readonly ask: Ask<RowSyncPlan>;
  readonly state: RunState;
  /** Of the transaction that changes all rows. */
  readonly mark: CommitMark;
  /** Given while the session has a transaction open that has locked the tables. */
  readonly locked?: LockedTables;
}

/** The tables that a run has locked before it compares. */
export interface LockedTables {
  /** Qualified and quoted. */
  readonly names: ReadonlySet<string>;
  /** Unique indexes of which an earlier try has failed. */
  readonly stubborn: Map<string, readonly UniqueShape[]>;
  /** Another session on the target, for outcomes that do not belong to the transaction. */
  readonly outcomes: ServerConnection;
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

/** Batches that were committed before, with the number of their rows. */
export type ResumedBatches = Pick<InterruptedRun, 'id' | 'batches' | 'inserted' | 'updated' | 'deleted'>;

/** The batches of an interrupted run, without its tables. */
export function countBatches({ tables: _, planned: _planned, ...rest }: InterruptedRun): ResumedBatches {
  return rest;
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
  /** The number of committed batches; null: one transaction has changed all rows. */
  readonly batches: number | null;
  /** The batches of interrupted runs that this one went on with; null: there are none. */
  readonly resumes: ResumedBatches | null;
  readonly sequences: SequenceReport;
  /** Rows that foreign keys or triggers of the target changed. */
  readonly sideEffects: readonly SideEffect[];
  /** The file that `data:undo` reads; null: nothing was changed. */
  readonly undoFile: string | null;
  /** The reason why the run is not in pgmage.data_runs; null: it is. */
  readonly unrecorded: string | null;
}

// Above it, only what has changed is compared again.
const fullAtMost = 2 * 2 ** 30;

/** The changed rows of one table. */
export interface ChangedRows {
  readonly pair: TablePair;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly waiting: number;
}

/** The work of a run before its end. */
export interface RunFinish {
  readonly comparison: RowComparison;
  readonly compared: readonly ComparedTable[];
  readonly tables: readonly ChangedRows[];
  readonly sideEffects: readonly SideEffect[];
  readonly recorder: RunRecorder;
  readonly undoFile: string | null;
  /** The transactions of its batches; null: the open one has changed the rows. */
  readonly batches: readonly string[] | null;
  readonly resumes: ResumedBatches | null;
  /** The sequences that were set before. */
  readonly sequences?: SequenceReport;
  readonly partial: PartialRun;
}

/**
 * Ends a run in the open transaction of the target.
 * @throws Problem `not_as_source`; of the connections
 */
export async function finishRun(
  session: ServerConnection,
  { input, state: { id } }: RunMeans,
  finish: RunFinish,
): Promise<SyncRun> {
  const { comparison, compared, recorder, undoFile, batches, resumes, sideEffects } = finish;
  const sessions = { from: comparison.first.from, to: session };
  const { pairs, spool, named } = comparison;
  const bytes = pairs.reduce((sum, { from, to }) => sum + Math.max(from.table.bytes, to.table.bytes), 0);
  const mode = input.validate ?? (bytes <= fullAtMost ? 'full' : 'changed');
  const validated = await validate({
    sessions,
    mode,
    compared,
    sideEffects,
    spool,
    keepDeleted: input.keepDeleted ?? false,
    batches,
  });
  refuseWrong(named, validated);
  // A rollback does not take them back.
  const last = await followSequences(sessions, pairs, input.tables === undefined);
  const sequences = joinSequences(finish.sequences, last);
  const tables = pairs.map(({ to }) => syncedTable(to.table.name, finish, validated));
  const sum = (of: 'inserted' | 'updated' | 'deleted' | 'skipped') =>
    tables.reduce((total, table) => total + table[of], 0);
  const numbers = {
    inserted: sum('inserted'),
    updated: sum('updated'),
    deleted: sum('deleted'),
    skipped: sum('skipped'),
  };
  await recorder.note('done', numbers, finish.partial.keep(tables));
  const unrecorded = recorder.missing;
  const validation = finish.partial.bounds.size > 0 ? 'changed' : mode;
  const done = { id, tables, ...numbers, validation, batches: batches?.length ?? null } as const;
  return { ...done, resumes, sequences, sideEffects, undoFile, unrecorded };
}

function refuseWrong({ from, to }: RowComparison['named'], validated: readonly ValidatedTable[]): void {
  const differences = validated
    .filter(({ wrong }) => wrong > 0)
    .map(
      ({ pair, wrong }) =>
        `${pair.to.table.name}: ${formatCount(wrong, 'row is', 'rows are')} not as in the source`,
    );
  if (differences.length > 0)
    throw new Problem('not_as_source', { source: from.name, target: to.name, differences });
}

function syncedTable(name: string, { tables }: RunFinish, validated: readonly ValidatedTable[]): SyncedTable {
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

// A sequence that was set twice goes from its first to its last value.
function joinSequences(first: SequenceReport | undefined, last: SequenceReport): SequenceReport {
  if (first === undefined) return last;
  const names = new Set(last.set.map(({ name }) => name));
  const again = last.set.map((one) => ({
    ...one,
    from: first.set.find(({ name }) => name === one.name)?.from ?? one.from,
  }));
  return { set: [...first.set.filter(({ name }) => !names.has(name)), ...again], refused: last.refused };
}
