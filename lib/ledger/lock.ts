// One at a time: the advisory lock that node-pg-migrate takes too, so that neither runs beside the other.
import type { Connection } from '../pg/connection.ts';
import { refusePooler } from '../pg/pooler.ts';
import { Problem } from '../problem/problem.ts';

/** The key of node-pg-migrate's lock. */
export const lockKey = '7241865325823964';

/**
 * Works while nobody else migrates this database. The lock is the session's: it goes when that ends, however it ends. A
 * pooler that gives the session to others in between would give them the lock.
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
