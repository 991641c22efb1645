// The migration lock: the same advisory lock as node-pg-migrate's, so that the two never run at once.
import { createHash } from 'node:crypto';
import { tenantLedger } from '../model/schema-pair.ts';
import type { Connection } from '../pg/connection.ts';
import { refusePooler } from '../pg/pooler.ts';
import { Problem } from '../problem/problem.ts';
import { listAdvisoryHolders } from './session-waits.ts';

/** The key of node-pg-migrate's lock. */
export const lockKey = '7241865325823964';

/** A lock, and the end of the name of its function. */
interface HeldLock {
  readonly key: string;
  readonly mode: '' | '_shared';
}

// Tenants of one database share its lock, so work on the whole of it waits for them, and they for it.
function locksOf({ schemas }: Pick<Connection, 'schemas'>): HeldLock[] {
  if (schemas === undefined) return [{ key: lockKey, mode: '' }];
  const hash = createHash('sha256').update(tenantLedger(schemas)).digest();
  return [
    { key: lockKey, mode: '_shared' },
    { key: hash.readBigInt64BE().toString(), mode: '' },
  ];
}

/** A condition in SQL: the transaction has the locks of the session, which no other session holds. */
export function lockCondition(connection: Pick<Connection, 'schemas'>): string {
  return locksOf(connection)
    .map(({ key, mode }) => `pg_catalog.pg_try_advisory_xact_lock${mode}(${key})`)
    .join(' and ');
}

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
  const locks = locksOf(connection);
  for (const [at, lock] of locks.entries()) {
    if (await isHeld(connection, `try_advisory_lock${lock.mode}`, lock.key)) continue;
    await unlock(connection, locks.slice(0, at));
    const holders = await listAdvisoryHolders(connection, lock.key).catch(() => []);
    throw new Problem('migration_running', { environment, holders });
  }
  // If this process ends, the server ends the statement, and lets go of its locks. Not every system can.
  await connection
    .execute(`select pg_catalog.set_config('client_connection_check_interval', '1s', false)`)
    .catch(() => undefined);
  try {
    return await work();
  } finally {
    await unlock(connection, locks);
  }
}

async function isHeld(connection: Connection, call: string, key: string): Promise<boolean> {
  const sql = `select pg_catalog.pg_${call}(${key}) as held`;
  const [row] = await connection.rows<{ held: boolean }>(sql);
  return row?.held === true;
}

async function unlock(connection: Connection, locks: readonly HeldLock[]): Promise<void> {
  for (const { key, mode } of locks)
    await isHeld(connection, `advisory_unlock${mode}`, key).catch(() => undefined);
}
