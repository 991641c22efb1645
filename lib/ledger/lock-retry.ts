// Retries of locks. A statement that waits for a lock blocks every later query on that table. So pgmage waits
// shortly, gives up and retries, and finds the holder of the lock meanwhile.
import { setTimeout as pause } from 'node:timers/promises';
import type { Connection } from '../pg/connection.ts';
import { describeHolders } from '../problem/holders.ts';
import { Problem } from '../problem/problem.ts';
import { isNonBlocking } from '../sql/non-blocking.ts';
import { watchLocks } from './lock-watch.ts';
import type { LockWait } from './session-waits.ts';
import { withoutLimits } from './unlimited-statement.ts';

/** The limits of a wait for locks, and its messages. */
export interface LockRetryOptions {
  readonly connection: Connection;
  readonly environment: string;
  /** Milliseconds that one lock is waited for; 0: as long as it takes. Default: 3000. */
  readonly lockTimeout?: number;
  /** Opens another session on the same database, to look on; left out: there can be none. */
  readonly onlooker?: () => Promise<Connection>;
  progress?(message: string): void;
}

/** The default time to wait for a lock. */
export const defaultLockTimeout = 3000;

/** The number of attempts. */
export const lockAttempts = 5;

/**
 * Does a work that is given up when it waits too long for a lock, again and again, with growing pauses.
 * @param work leaves nothing behind when it fails of a lock
 * @throws Problem `lock_unavailable`; of the work
 */
export async function withLockRetry<T>(of: LockRetryOptions, work: () => Promise<T>): Promise<T> {
  const { environment, lockTimeout = defaultLockTimeout } = of;
  let seen: LockWait | null = null;
  for (let attempt = 1; ; attempt++) {
    // Nearly always the first one is enough.
    const look = attempt === 1 ? null : await lookOn(of, lockTimeout);
    try {
      return await work();
    } catch (thrown) {
      if (!(thrown instanceof Problem) || thrown.code !== 'lock_timeout') throw thrown;
      seen = (await look?.end()) ?? seen;
      if (attempt === lockAttempts)
        throw new Problem(
          'lock_unavailable',
          {
            environment,
            tries: lockAttempts,
            lockTimeout,
            lock: seen?.lock ?? null,
            holders: seen?.holders ?? [],
          },
          { cause: thrown, where: thrown.where },
        );
      const rest = lockTimeout * 2 ** (attempt - 3);
      const held = seen?.holders.length ? `, held by ${describeHolders(seen.holders)}` : '';
      of.progress?.(
        `${seen?.lock ?? 'A lock'} is not available after ${lockTimeout} ms${held};` +
          ` attempt ${attempt + 1} of ${lockAttempts} follows in ${rest} ms`,
      );
      await pause(rest);
    } finally {
      await look?.end();
    }
  }
}

/**
 * Gives the work a function that sends statements which are committed one by one, each with its own limit. A
 * statement that blocks no other session runs without a limit, because giving up would leave half of its
 * work behind.
 * @throws Problem `lock_unavailable`; of the work
 */
export async function sendOneByOne<T>(
  of: LockRetryOptions,
  work: (send: (sql: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  const { connection, lockTimeout = defaultLockTimeout } = of;
  let known: number | undefined;
  const send = async (sql: string) => {
    const blocks = !(await isNonBlocking(sql));
    const limit = blocks ? lockTimeout : 0;
    if (limit !== known) await connection.execute(`set lock_timeout = ${limit}`);
    known = limit;
    const run = () => connection.execute(sql);
    await (blocks ? withLockRetry(of, run) : withoutLimits(of, sql, run));
  };
  try {
    return await work(send);
  } finally {
    if (known !== undefined) await connection.execute('reset lock_timeout').catch(() => undefined);
  }
}

async function lookOn({ connection: session, onlooker: open }: LockRetryOptions, lockTimeout: number) {
  return open ? watchLocks({ session, lockTimeout, open, opensAtOnce: true }) : null;
}
