// Locks that others hold. Whoever waits for one makes everybody wait who comes after him, so it is waited for shortly, given
// up, and tried again; and who has it is found out while it is waited for.
import { setTimeout as pause } from 'node:timers/promises';
import type { Connection } from '../pg/connection.ts';
import { pinnedRows } from '../pg/pinned.ts';
import { Problem } from '../problem/problem.ts';
import { isPatient } from '../sql/non-blocking.ts';

/** How long locks are waited for, and how it is told. */
export interface Patience {
  readonly connection: Connection;
  readonly environment: string;
  /** Milliseconds that one lock is waited for; 0: as long as it takes. Default: 3000. */
  readonly lockTimeout?: number;
  /** Opens another session on the same database, to look on; left out: there can be none. */
  readonly onlooker?: () => Promise<Connection>;
  progress?(message: string): void;
}

/** How long a lock is waited for, where nobody says otherwise. */
export const usualLockTimeout = 3000;

/** A session that has a lock that somebody else waits for. */
export interface Holder {
  readonly pid: number;
  readonly applicationName: string | null;
  readonly role: string | null;
  /** `active`, `idle in transaction`; null: only its owner may know. */
  readonly state: string | null;
  /** When its last statement began; ISO 8601, in UTC. */
  readonly queryStart: string | null;
}

interface LockWait {
  readonly lock: string;
  readonly holders: readonly Holder[];
}

/** How often it is tried. */
export const tries = 5;

/**
 * Does a work that is given up when it waits too long for a lock, again and again, with growing pauses.
 * @param work leaves nothing behind when it fails of a lock
 * @throws Problem `lock_unavailable`; of the work
 */
export async function withPatience<T>(of: Patience, work: () => Promise<T>): Promise<T> {
  const { environment, lockTimeout = usualLockTimeout } = of;
  let seen: LockWait | null = null;
  for (let attempt = 1; ; attempt++) {
    // Nearly always the first one is enough.
    const look = attempt === 1 ? null : await lookOn(of);
    try {
      return await work();
    } catch (thrown) {
      if (!(thrown instanceof Problem) || thrown.code !== 'lock_timeout') throw thrown;
      seen = (await look?.end()) ?? seen;
      if (attempt === tries)
        throw new Problem(
          'lock_unavailable',
          { environment, tries, lockTimeout, lock: seen?.lock ?? null, holders: seen?.holders ?? [] },
          { cause: thrown, where: thrown.where },
        );
      const rest = lockTimeout * 2 ** (attempt - 3);
      of.progress?.(
        `${seen === null ? 'A lock' : `${seen.lock}`} is not to be had in ${lockTimeout} ms; try ${attempt + 1} of ${tries} follows in ${rest} ms`,
      );
      await pause(rest);
    } finally {
      await look?.end();
    }
  }
}

/**
 * Lends a way to send statements that are committed one by one, each with the patience that it may have: what nobody has to
 * wait behind waits as long as it takes, also because it would leave half of its work behind if it gave up.
 * @throws Problem `lock_unavailable`; of the work
 */
export async function oneByOne<T>(
  of: Patience,
  work: (send: (sql: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  const { connection, lockTimeout = usualLockTimeout } = of;
  let known: number | undefined;
  const send = async (sql: string) => {
    const limit = (await isPatient(sql)) ? 0 : lockTimeout;
    if (limit !== known) await connection.execute(`set lock_timeout = ${limit}`);
    known = limit;
    await withPatience(of, () => connection.execute(sql));
  };
  try {
    return await work(send);
  } finally {
    if (known !== undefined) await connection.execute('reset lock_timeout').catch(() => undefined);
  }
}

// What the session waits for: another one asks now and then.
async function lookOn({ connection, onlooker, lockTimeout = usualLockTimeout }: Patience) {
  const other = await onlooker?.().catch(() => null);
  if (other == null) return null;
  const [me] = await connection.rows<{ pid: number }>('select pg_catalog.pg_backend_pid() as pid');
  const done = new AbortController();
  let seen: LockWait | null = null;
  const watch = async () => {
    while (!done.signal.aborted) {
      const wait = await waitOf(other, me?.pid as number).catch(() => null);
      seen = wait ?? seen;
      await pause(lockTimeout / 5, null, { signal: done.signal }).catch(() => null);
    }
    await other.close().catch(() => undefined);
  };
  const watching = watch();
  return {
    end: async (): Promise<LockWait | null> => {
      done.abort();
      await watching;
      return seen;
    },
  };
}

async function waitOf(connection: Connection, pid: number): Promise<LockWait | null> {
  const rows = await pinnedRows<{ lock: string } & Holder>(
    connection,
    `select coalesce(upper(regexp_replace(replace(l.mode, 'Lock', ''), '(?<=[a-z])(?=[A-Z])', ' ', 'g')) || ' on '
        || regexp_replace(l.relation::regclass::text, '^public\\.', ''), 'a lock of ' || l.locktype) as lock,
       b.pid, a.application_name as "applicationName", a.usename as role, a.state,
       to_char(a.query_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "queryStart"
     from pg_locks l cross join unnest(pg_blocking_pids(l.pid)) b (pid) left join pg_stat_activity a on a.pid = b.pid
     where l.pid = ${pid} and not l.granted`,
  );
  const [first] = rows;
  return first === undefined
    ? null
    : { lock: first.lock, holders: rows.map(({ lock: _, ...holder }) => holder) };
}
