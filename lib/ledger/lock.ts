// The migration lock: the same advisory lock as node-pg-migrate's, so that the two never run at once.
import type { Connection } from '../pg/connection.ts';
import { refusePooler } from '../pg/pooler.ts';
import { Problem } from '../problem/problem.ts';

/** The key of node-pg-migrate's lock. */
export const lockKey = '7241865325823964';

/**
 * Runs work while no other session migrates this database. The lock belongs to the session and ends with it.
 * A pooler that lends the session to others in between would lend the lock, too.
 * @throws Problem `migration_running`, `transaction_pooler`, and of the work
 */
export async function withLock<T>(
  connection: Connection,
  environment: string,
  work: () => Promise<T>,
): Promise<T> {
  await refusePooler(connection);
  const [row] = await connection.rows<{ held: boolean }>(
    `select pg_catalog.pg_try_advisory_lock(${lockKey}) as held`,
  );
  if (!row?.held) throw new Problem('migration_running', { environment });
  try {
    return await work();
  } finally {
    await connection.execute(`select pg_catalog.pg_advisory_unlock(${lockKey})`).catch(() => undefined);
  }
}
