// A statement that is tried and taken back: some hosts give roles rights that only superusers have in
// PostgreSQL, so the server is asked.
import type { ServerConnection } from '../pg/connection.ts';
import { pinned } from '../pg/pinned.ts';
import { Problem } from '../problem/problem.ts';

// insufficient_privilege
const denied = '42501';

/**
 * True if the server refuses statements for want of a right. Nothing of them stays. No transaction is open.
 * @throws Problem of the connection
 */
export async function isDenied(connection: ServerConnection, sql: string): Promise<boolean> {
  try {
    await connection.execute(`begin; ${pinned}; set local lock_timeout = '3s'; ${sql}`);
    return false;
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    return 'sqlstate' in thrown.data && thrown.data.sqlstate === denied;
  } finally {
    await connection.execute('rollback');
  }
}
