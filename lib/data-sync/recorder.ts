// The record of one run in its target, where the role may make and write it.
import type { AuditAuthor } from '../ledger/audit.ts';
import { type DataRunEntry, prepareDataRuns, type RunOutcome, recordRun } from '../ledger/data-runs.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { transaction } from '../pg/transaction.ts';
import { Problem } from '../problem/problem.ts';
import type { Workspace } from '../project/workspace.ts';

/** The facts that all outcomes of a run share. */
export type RunFacts = Pick<DataRunEntry, 'id' | 'source' | 'asOf' | 'mode'>;

/** The numbers of an outcome. */
export type RunNumbers = Pick<DataRunEntry, 'inserted' | 'updated' | 'deleted' | 'skipped'>;

/** Writes the outcomes of a run. */
export interface RunRecorder {
  /** The reason why the run is not recorded; null: it is. */
  readonly missing: string | null;
  /** In the open transaction. */
  note(outcome: RunOutcome, numbers: RunNumbers, detail?: string): Promise<void>;
  /** In a transaction of its own; a failure of that is not told. @param numbers of committed batches */
  noteFailure(thrown: unknown, numbers?: RunNumbers): Promise<void>;
}

const none: RunNumbers = { inserted: 0, updated: 0, deleted: 0, skipped: 0 };

/**
 * Begins the record of a run. A role that may not make it works without one.
 * @param more the detail of its beginning, and another session for what is not in the data's transaction
 * @throws Problem `ledger_unsafe`; of the connection
 */
export async function beginRecord(
  { world, project }: Workspace,
  connection: ServerConnection,
  facts: RunFacts,
  { detail, outcomes = connection }: { readonly detail?: string; readonly outcomes?: ServerConnection } = {},
): Promise<RunRecorder> {
  const unknownAuthor = { systemUser: null, gitAuthor: null, gitCommit: null };
  const author: AuditAuthor = {
    ...((await world.author?.()) ?? unknownAuthor),
    tool: `pgmage ${project.version}`,
  };
  const write = (to: ServerConnection, outcome: RunOutcome, numbers: RunNumbers, text?: string) =>
    recordRun(to, author, { ...facts, ...numbers, outcome, detail: text ?? null });
  const missing = await prepareDataRuns(outcomes)
    .then(() => transaction(outcomes, () => write(outcomes, 'begun', none, detail)))
    .then(() => null, refusalOf);
  const isKept = missing === null;
  return {
    missing,
    note: async (outcome, numbers, text) => {
      if (isKept) await write(connection, outcome, numbers, text);
    },
    noteFailure: async (thrown, numbers = none) => {
      if (!isKept) return;
      const reason = thrown instanceof Problem ? thrown.message : String(thrown);
      await transaction(outcomes, () => write(outcomes, 'failed', numbers, reason)).catch(() => undefined);
    },
  };
}

function refusalOf(thrown: unknown): string {
  if (thrown instanceof Problem && thrown.code === 'permission_denied') return thrown.message;
  throw thrown;
}
