// The outcome of a COMMIT whose answer nothing waits for any more. The server is asked (manual: "Transaction
// ID and Snapshot Information Functions", pg_xact_status).
import { setTimeout } from 'node:timers/promises';
import { literal } from '../model/quote.ts';
import type { Connection } from './connection.ts';

/** The number of a transaction whose COMMIT was sent. */
export interface CommitMark {
  /** Null: it was not sent, or the transaction changed nothing. */
  id: string | null;
  /** True once it was answered. */
  isCommitted?: boolean;
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

// The server needs a moment to notice that its client is gone.
const tries = 30;

/**
 * Asks a server what became of a transaction.
 * @param open opens another session there
 */
export async function readOutcome(
  open: () => Promise<Connection & { close(): Promise<void> }>,
  { id, isCommitted = false }: CommitMark,
): Promise<CommitOutcome> {
  if (isCommitted) return 'committed';
  if (id === null) return 'rolled back';
  const connection = await open().catch(() => null);
  if (connection === null) return 'unknown';
  try {
    for (let at = 0; at < tries; at++) {
      const [row] = await connection.rows<{ status: string | null }>(
        `select pg_catalog.pg_xact_status(${literal(id)}::pg_catalog.xid8) as status`,
      );
      if (row?.status === 'committed') return 'committed';
      if (row?.status === 'aborted') return 'rolled back';
      await setTimeout(100);
    }
    return 'unknown';
  } catch {
    return 'unknown';
  } finally {
    await connection.close().catch(() => undefined);
  }
}

/** The outcome in words, for a person who interrupted the work. */
export function describeOutcome(target: string, outcome: CommitOutcome): string {
  if (outcome === 'committed') return `The work was complete: it is committed in ${target}.`;
  if (outcome === 'rolled back') return `It was rolled back: ${target} is unchanged.`;
  return `COMMIT was sent to ${target}, and its outcome is not known. Look at ${target} before you retry.`;
}
