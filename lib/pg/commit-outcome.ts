// The outcome of a COMMIT whose answer nothing waits for any more. The server is asked (manual: "Transaction
// ID and Snapshot Information Functions", pg_xact_status).
import { setTimeout } from 'node:timers/promises';
import { literal } from '../model/quote.ts';
import { Problem, toProblem } from '../problem/problem.ts';
import type { Connection } from './connection.ts';

/** The number of a transaction whose COMMIT was sent. */
export interface CommitMark {
  /** Null: it was not sent, or the transaction changed nothing. */
  id: string | null;
  /** True once it was answered, or the server said later that it is committed. */
  isCommitted?: boolean;
  /** Asks the server for its outcome where COMMIT was not answered; left out: nothing asks. */
  ask?(): Promise<CommitOutcome>;
}

/** The outcome of a transaction; `unknown`: the server is still at work, or cannot be asked. */
export type CommitOutcome = 'committed' | 'rolled back' | 'unknown';

/** The number of the open transaction. @throws Problem of the connection */
export async function readTransactionId(connection: Connection): Promise<string | null> {
  const [row] = await connection.rows<{ id: string | null }>(
    'select pg_catalog.xid8out(pg_catalog.pg_current_xact_id_if_assigned())::pg_catalog.text as id',
  );
  return row?.id ?? null;
}

/**
 * Milliseconds that a server has to end a transaction whose client is gone. A process that is interrupted
 * ends soon after.
 */
export const outcomePatience = 2_000;

/**
 * Asks a server what became of a transaction.
 * @param open opens another session there
 */
export async function readOutcome(
  open: () => Promise<Connection & { close(): Promise<void> }>,
  mark: CommitMark,
): Promise<CommitOutcome> {
  const { id } = mark;
  if (mark.isCommitted) return 'committed';
  if (id === null) return 'rolled back';
  const patience = AbortSignal.timeout(outcomePatience);
  const connection = await open().catch(() => null);
  if (connection === null) return 'unknown';
  try {
    for (;;) {
      const status = await readStatus(connection, id);
      if (status === 'committed') return 'committed';
      if (status === 'aborted') return 'rolled back';
      if (patience.aborted) return 'unknown';
      await setTimeout(100);
    }
  } catch {
    // The work may have been told meanwhile, and have closed the session.
    return mark.isCommitted ? 'committed' : 'unknown';
  } finally {
    await connection.close().catch(() => undefined);
  }
}

/**
 * The status of a transaction as the server knows it. One that a server has lost in a crash, before it was on
 * disk, is in its future: it is aborted. On a standby it is in progress: the primary may have committed it,
 * and the standby may not have replayed it.
 * @param id the number of the transaction
 * @throws Problem of the connection
 */
export async function readStatus(connection: Connection, id: string): Promise<string | null> {
  try {
    const [row] = await connection.rows<{ status: string | null }>(
      `select pg_catalog.pg_xact_status(${literal(id)}::pg_catalog.xid8) as status`,
    );
    return row?.status ?? null;
  } catch (thrown) {
    // invalid_parameter_value
    if (thrown instanceof Problem && 'sqlstate' in thrown.data && thrown.data.sqlstate === '22023')
      return (await isStandby(connection)) ? 'in progress' : 'aborted';
    throw thrown;
  }
}

async function isStandby(connection: Connection): Promise<boolean> {
  const [row] = await connection.rows<{ is: boolean }>('select pg_catalog.pg_is_in_recovery() as is');
  return row?.is ?? false;
}

/**
 * The outcome in words, for a person who interrupted the work.
 * @param setsSequences true if the work may have set sequences, which no rollback takes back
 */
export function describeOutcome(target: string, outcome: CommitOutcome, setsSequences = false): string {
  if (outcome === 'committed') return `The work was complete: it is committed in ${target}.`;
  const apart = setsSequences ? ', apart from values of sequences' : '';
  if (outcome === 'rolled back') return `It was rolled back: ${target} is unchanged${apart}.`;
  return `COMMIT was sent to ${target}, and its outcome is not known. Look at ${target} before you retry.`;
}

/**
 * Runs the work of one transaction on a target. A failure says that the target is unchanged, where it is sure
 * that the server rolled the transaction back.
 * @throws Problem of the work, with its state
 */
export async function statingOutcome<T>(
  target: string,
  mark: CommitMark,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const { code, data, where, cause = thrown } = toProblem(thrown);
    const isUnclear = mark.isCommitted || code === 'transaction_ended';
    if (isUnclear || 'unanswered' in data || 'outcome' in data) throw thrown;
    throw new Problem(code, data, { where, cause, state: `${target} is unchanged.` });
  }
}
