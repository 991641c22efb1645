// The sessions that hold locks, for a statement that gave up waiting for one.
import { literal } from '../model/quote.ts';
import type { Connection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import type { LockHolder } from '../problem/holders.ts';
import { Problem } from '../problem/problem.ts';
import { buildConflict, type LockMode } from './lock-modes.ts';
import { type LockWatchOptions, watchLocks } from './lock-watch.ts';
import { holder, preparedHolder } from './session-waits.ts';

/** The database whose locks the work asks for. */
export interface LockedDatabase {
  /** Opens another session on it. */
  open(): Promise<Connection>;
  /** The mode that is asked for: only locks in conflict with it are named. */
  readonly mode: LockMode;
  /** The name of the database in problems: those of another one are left alone. Left out: any. */
  readonly environment?: string;
  /** The session that asks. Left out: it is not looked at, and all tables count. */
  readonly asking?: Pick<LockWatchOptions, 'session' | 'lockTimeout'>;
}

/**
 * Does work, and adds to its `lock_timeout` the sessions whose locks conflict with the lock that it asked
 * for.
 * @throws Problem of the work
 */
export async function namingHolders<T>(of: LockedDatabase, work: () => Promise<T>): Promise<T> {
  const { asking, environment } = of;
  const watch = asking && (await watchLocks({ ...asking, open: () => of.open(), opensAtOnce: false }));
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof Problem) || thrown.code !== 'lock_timeout') throw thrown;
    const { data, where, state } = thrown as Problem<'lock_timeout'>;
    const isOther = environment !== undefined && data.environment !== environment;
    if (isOther || data.holders !== undefined) throw thrown;
    const seen = (await watch?.end()) ?? null;
    const holders = seen?.holders ?? (await readHolders(of).catch(() => []));
    throw new Problem('lock_timeout', { ...data, holders }, { where, cause: thrown, state });
  } finally {
    await watch?.end();
  }
}

async function readHolders({ open, mode }: LockedDatabase): Promise<LockHolder[]> {
  const other = await open();
  try {
    return await listLockHolders(other, mode);
  } finally {
    await other.close();
  }
}

/**
 * The sessions that keep a lock on tables from others, also by one on their indexes or large values.
 * @param tables qualified and quoted
 * @param mode the lock that they keep off
 * @throws Problem of the connection
 */
export function listTableHolders(
  connection: Connection,
  tables: readonly string[],
  mode: LockMode,
): Promise<LockHolder[]> {
  const list = tables.map((name) => `${literal(name)}::regclass`).join();
  const parts = `select oid from pg_class where oid in (${list})
    union all select reltoastrelid from pg_class where oid in (${list})
    union all select indexrelid from pg_index where indrelid in (${list})`;
  return listLockHolders(connection, mode, (relation) => `${relation} in (${parts})`);
}

const isUsers = (relation: string) => `${relation} >= 16384`;

// Prepared transactions, then sessions with the oldest transaction first. A session that waits for a lock in
// conflict keeps others out, too, where no holder does.
async function listLockHolders(
  connection: Connection,
  mode: LockMode,
  isMeant = isUsers,
): Promise<LockHolder[]> {
  const asked = `(values ('${mode}Lock')) asked (mode)`;
  const isInConflict = (lock: string) => `${lock}.locktype = 'relation'
    and exists (select from ${asked} where ${buildConflict(lock, 'asked')})`;
  const isInTheWay = (lock: string) => `${isMeant(`${lock}.relation`)} and ${isInConflict(lock)}
    and (${lock}.granted or not exists (select from pg_locks g where g.granted
      and g.relation = ${lock}.relation and g.database = ${lock}.database and ${isInConflict('g')}))`;
  const prepared = await queryPinned<LockHolder>(
    connection,
    `select distinct ${preparedHolder} where p.database = current_database() and ${isInTheWay('k')}`,
  );
  const sessions = await queryPinned<LockHolder>(
    connection,
    `select a.pid, ${holder} from pg_stat_activity a
     where a.datname = current_database() and a.pid <> pg_backend_pid()
       and exists (select from pg_locks l where l.pid = a.pid and ${isInTheWay('l')})
     order by a.xact_start`,
  );
  return [...prepared, ...sessions];
}
