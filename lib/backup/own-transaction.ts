// A transaction of a restore that nothing but its own end may end.
import { literal } from '../model/quote.ts';
import type { CommitMark } from '../pg/commit-outcome.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { transaction } from '../pg/transaction.ts';
import { Problem } from '../problem/problem.ts';

/** The transaction of a restore. */
export interface OwnTransaction {
  readonly environment: string;
  /** The statements that begin it. */
  readonly begin: string;
  /** Receives its number before COMMIT is sent. */
  readonly mark?: CommitMark | undefined;
}

/**
 * Runs work between BEGIN and COMMIT. Work that calls `check` commits only what this transaction did.
 * @param work calls `check` when all is done
 * @throws Problem `transaction_ended` where a statement of the work ended the transaction; of the work
 */
export async function inOwnTransaction<T>(
  connection: ServerConnection,
  { environment, begin, mark }: OwnTransaction,
  work: (check: () => Promise<void>) => Promise<T>,
): Promise<T> {
  let own = '';
  const check = async () => {
    // A statement that ended our transaction would have run the rest in another one.
    if ((await transactionOf(connection)) !== own) throw new Problem('transaction_ended', { environment });
  };
  // A server that looks for its client while it works rolls back as soon as that is gone. Not every system
  // can.
  await connection
    .execute(`select pg_catalog.set_config('client_connection_check_interval', '1s', false)`)
    .catch(() => undefined);
  try {
    return await transaction(
      connection,
      async () => {
        own = await transactionOf(connection);
        return work(check);
      },
      begin,
      mark,
    );
  } catch (thrown) {
    if (own !== '' && (await isCommitted(connection, own)))
      throw new Problem('transaction_ended', { environment }, { cause: thrown });
    throw thrown;
  }
}

async function transactionOf(connection: ServerConnection): Promise<string> {
  const [row] = await connection.rows<{ id: string }>(
    'select pg_catalog.xid8out(pg_catalog.pg_current_xact_id())::pg_catalog.text as id',
  );
  return (row as { id: string }).id;
}

// True if a transaction that the session has lost left changes. A lost session has left none: the server has
// rolled back. A script that ended the transaction, which none of its statements may do, has left some.
async function isCommitted(connection: ServerConnection, id: string): Promise<boolean> {
  const rows = await connection
    .rows<{ status: string | null }>(
      `select pg_catalog.pg_xact_status(${literal(id)}::pg_catalog.xid8) as status`,
    )
    .catch(() => []);
  return rows[0]?.status === 'committed';
}
