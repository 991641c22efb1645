// Looks at a session through another one while it works: the lock that it waits for, and its holders.
import { setTimeout as pause } from 'node:timers/promises';
import type { Connection } from '../pg/connection.ts';
import { type LockWait, readLockWait } from './session-waits.ts';

/** A look at a session that goes on. */
export interface LockWatch {
  /** Ends it. @returns the last wait; null: there was none, or it could not be seen */
  end(): Promise<LockWait | null>;
}

/** The options of a look. */
export interface LockWatchOptions {
  /** The session that may wait. It must be able to answer a query at first. */
  readonly session: Connection;
  /** Milliseconds that it waits for one lock; 0: as long as it takes. */
  readonly lockTimeout: number;
  /** Opens another session on the same database. */
  open(): Promise<Connection>;
  /** False: it is opened only when the work takes long. */
  readonly opensAtOnce: boolean;
}

// Milliseconds between two looks: several in one wait.
const restOf = (lockTimeout: number) => Math.max(10, (lockTimeout || 10_000) / 5);
// Looks without a wait after which the last one has ended. One of them may come after the failure.
const mostIdle = 2;

/** Begins to look. @throws Problem of the connection */
export async function watchLocks(of: LockWatchOptions): Promise<LockWatch> {
  const { session, lockTimeout, opensAtOnce } = of;
  const open = () => of.open().catch(() => null);
  let other = opensAtOnce ? await open() : null;
  const [me] = await session.rows<{ pid: number }>('select pg_catalog.pg_backend_pid() as pid');
  const done = new AbortController();
  const rest = () => pause(restOf(lockTimeout), null, { signal: done.signal }).catch(() => null);
  let seen: LockWait | null = null;
  const watch = async () => {
    if (!opensAtOnce) {
      await rest();
      other = done.signal.aborted ? null : await open();
    }
    for (let idle = 0; other !== null && !done.signal.aborted; await rest()) {
      const wait = await readLockWait(other, me?.pid as number).catch(() => null);
      idle = wait === null ? idle + 1 : 0;
      if (wait !== null || idle > mostIdle) seen = wait;
    }
    await other?.close().catch(() => undefined);
  };
  const watching = watch();
  return {
    end: async () => {
      done.abort();
      await watching;
      return seen;
    },
  };
}
