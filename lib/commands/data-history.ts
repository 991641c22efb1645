// Lists the runs that changed the rows of a database.
import { readdir } from 'node:fs/promises';
import { undoFolder } from '../data-sync/undo-file.ts';
import { type DataRunEntry, type RecordedRun, readDataRuns } from '../ledger/data-runs.ts';
import { snapshot } from '../pg/snapshot.ts';
import { withTarget } from '../project/source.ts';
import { type NamedTarget, nameTarget } from '../project/target-address.ts';
import type { Workspace } from '../project/workspace.ts';

/** The options of `data:history`. */
export interface DataHistoryInput {
  /** The environment; default: the configured one. */
  readonly env?: string;
  /** The number of runs, from the newest; default: 20. */
  readonly limit?: number;
}

/** One run, as its last outcome has it. */
export interface DataRun extends RecordedRun {
  /** ISO 8601, in UTC. */
  readonly begunAt: string;
  /** True if its undo file is in this project, and no undo has taken it back. */
  readonly canUndo: boolean;
  /** The run that has taken it back; null: none has. */
  readonly undoneBy: string | null;
}

/** The report of `data:history`. */
export interface DataHistoryReport {
  readonly target: NamedTarget;
  /** The newest first. */
  readonly runs: readonly DataRun[];
}

/**
 * Lists runs from pgmage.data_runs, and changes nothing.
 * @throws Problem `ledger_unsafe`; of the connection
 */
export async function dataHistory(
  workspace: Workspace,
  { env, limit = 20 }: DataHistoryInput,
): Promise<DataHistoryReport> {
  const { world, project } = workspace;
  const target = await world.environment(env);
  const entries = await withTarget(workspace, target, (session) => snapshot(session, readDataRuns));
  const files = new Set(await readdir(undoFolder(project.root)).catch(() => []));
  return { target: nameTarget(project, target), runs: listRuns(entries, files).slice(0, limit) };
}

/** The runs of a record, the newest first. @param files the names of the undo files */
export function listRuns(entries: readonly RecordedRun[], files: ReadonlySet<string>): DataRun[] {
  const undone = new Map(entries.filter(isDoneUndo).map(({ detail, id }) => [detail, id]));
  const runs = new Map<string, DataRun>();
  const changed = new Set(
    entries.flatMap(({ id, outcome }) => (outcome === 'done' || outcome === 'batch' ? [id] : [])),
  );
  for (const entry of entries) {
    const begunAt = runs.get(entry.id)?.begunAt ?? entry.at;
    const canUndo = changed.has(entry.id) && !undone.has(entry.id) && files.has(`${entry.id}.undo`);
    runs.set(entry.id, { ...entry, begunAt, canUndo, undoneBy: undone.get(entry.id) ?? null });
  }
  return [...runs.values()].reverse();
}

const isDoneUndo = ({ mode, outcome }: DataRunEntry) => mode === 'undo' && outcome === 'done';
