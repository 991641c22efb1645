// The locks that a session waits for, as another session sees them.
import type { Connection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import type { LockHolder } from '../problem/holders.ts';
import { buildConflict } from './lock-modes.ts';

/** A lock that a session waits for, and the sessions that hold it. */
export interface LockWait {
  /** `ACCESS EXCLUSIVE on users`. */
  readonly lock: string;
  readonly holders: readonly LockHolder[];
}

const time = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

// The columns of pg_locks that say what is locked.
const object = (lock: string) =>
  `locktype database relation page tuple virtualxid transactionid classid objid objsubid`
    .split(' ')
    .map((column) => `${lock}.${column}`)
    .join();

/** The lock that a session waits for; null: it waits for none. @throws Problem of the connection */
export async function readLockWait(connection: Connection, pid: number): Promise<LockWait | null> {
  const rows = await queryPinned<{ lock: string } & LockHolder>(
    connection,
    `select coalesce(upper(regexp_replace(replace(l.mode, 'Lock', ''), '(?<=[a-z])(?=[A-Z])', ' ',
      'g')) || ' on '
        || regexp_replace(l.relation::regclass::text, '^public\\.', ''), 'a lock of ' || l.locktype) as lock,
       h.*
     from pg_locks l cross join lateral (
       select b.pid, ${holder} from unnest(pg_blocking_pids(l.pid)) b (pid)
         left join pg_stat_activity a on a.pid = b.pid where b.pid <> 0
       union all select ${preparedHolder} where 0 = any (pg_blocking_pids(l.pid)) and k.granted
         and (${object('k')}) is not distinct from (${object('l')}) and ${buildConflict('k', 'l')}
     ) h
     where l.pid = ${pid} and not l.granted`,
  );
  const [first] = rows;
  return first === undefined ? null : { lock: first.lock, holders: rows.map(({ lock: _, ...one }) => one) };
}

/** Columns of a `LockHolder`, of pg_stat_activity as `a`. */
export const holder = `a.application_name as "applicationName", a.usename as role, a.state,
  ${time('a.query_start')} as "queryStart", null::text as prepared`;

/**
 * The same of prepared transactions, whose locks have no session, with FROM: `k` is one of their locks. The
 * lock on its own number leads from a transaction to the others.
 */
export const preparedHolder = `0 as pid, null::text as "applicationName", p.owner as role,
    null::text as state, ${time('p.prepared')} as "queryStart", p.gid as prepared
  from pg_prepared_xacts p
    join pg_locks o on o.pid is null and o.locktype = 'transactionid' and o.granted
      and o.transactionid = p.transaction
    join pg_locks k on k.pid is null and k.virtualtransaction = o.virtualtransaction`;

/** The sessions that hold an advisory lock of this database. @throws Problem of the connection */
export function listAdvisoryHolders(connection: Connection, key: string): Promise<LockHolder[]> {
  return queryPinned<LockHolder>(
    connection,
    `select l.pid, ${holder} from pg_locks l left join pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'advisory' and l.granted and l.objsubid = 1
       and (l.classid::bigint << 32 | l.objid::bigint) = ${key}
       and l.database = (select oid from pg_database where datname = current_database())`,
  );
}

/** How far a session has built or dropped an index. */
interface IndexProgress {
  /** `building index: scanning table`; the words of pg_stat_progress_create_index. */
  readonly phase: string;
  /** In steps of ten; null: the phase does not count. */
  readonly percent: number | null;
}

/** How far a session has built an index; null: it builds none. @throws Problem of the connection */
export async function readIndexProgress(connection: Connection, pid: number): Promise<IndexProgress | null> {
  const [row] = await queryPinned<IndexProgress>(
    connection,
    `select phase, coalesce(10 * (10 * blocks_done / nullif(blocks_total, 0)),
       10 * (10 * tuples_done / nullif(tuples_total, 0)))::int as percent
     from pg_stat_progress_create_index where pid = ${pid}`,
  );
  return row ?? null;
}
