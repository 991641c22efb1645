// The sessions that hold locks, for a statement that gave up waiting for one.
import type { Connection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import type { LockHolder } from '../problem/holders.ts';
import { Problem } from '../problem/problem.ts';
import { holder, preparedHolder } from './session-waits.ts';

/**
 * Does work, and adds to its `lock_timeout` the sessions that hold locks in the database.
 * @param open opens another session on the same database
 * @param of true if the work only reads
 * @throws Problem of the work
 */
export async function namingHolders<T>(
  open: () => Promise<Connection>,
  { reads }: { readonly reads: boolean },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof Problem) || thrown.code !== 'lock_timeout') throw thrown;
    const { data, where } = thrown as Problem<'lock_timeout'>;
    const holders = await readHolders(open, reads).catch(() => []);
    throw new Problem('lock_timeout', { ...data, holders }, { where, cause: thrown });
  }
}

async function readHolders(open: () => Promise<Connection>, reads: boolean): Promise<LockHolder[]> {
  const other = await open();
  try {
    return await listLockHolders(other, reads);
  } finally {
    await other.close();
  }
}

// Prepared transactions, then sessions with the oldest transaction first. A reader waits behind a session
// that waits to keep others from reading, too.
async function listLockHolders(connection: Connection, reads: boolean): Promise<LockHolder[]> {
  const isHolding = (lock: string) => `${lock}.locktype = 'relation' and ${lock}.relation >= 16384
    and (${lock}.mode = 'AccessExclusiveLock'${reads ? '' : ` or ${lock}.granted`})`;
  const prepared = await queryPinned<LockHolder>(
    connection,
    `select distinct ${preparedHolder} where p.database = current_database() and ${isHolding('k')}`,
  );
  const sessions = await queryPinned<LockHolder>(
    connection,
    `select a.pid, ${holder} from pg_stat_activity a
     where a.datname = current_database() and a.pid <> pg_backend_pid()
       and exists (select from pg_locks l where l.pid = a.pid and ${isHolding('l')})
     order by a.xact_start limit 3`,
  );
  return [...prepared, ...sessions].slice(0, 3);
}
