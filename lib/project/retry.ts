// What may pass by itself is tried again: a server that starts, a connection that was lost.
import { setTimeout } from 'node:timers/promises';
import type { Code } from '../problem/codes.ts';
import { Problem } from '../problem/problem.ts';
import type { Context } from './context.ts';

/** A try that failed, and was made again. */
export interface Retry {
  readonly code: Code;
  readonly message: string;
  /** Seconds that were waited after it. */
  readonly waited: number;
}

const passing: ReadonlySet<Code> = new Set(['connection_lost', 'server_unavailable']);

// Of a server that nobody has reached yet, the place is more likely to be wrong.
const passingOnceReached: ReadonlySet<Code> = new Set([
  'connection_refused',
  'connection_timeout',
  'too_many_connections',
]);

// Seconds.
const pauses = [5, 10, 20];

/**
 * Does a work that leaves nothing behind when it fails, again where it failed of what may pass.
 * @param work calls `reached` when the servers have let it in
 * @param more what else may pass for this work
 * @throws Problem of the work
 */
export async function retrying<T>(
  context: Pick<Context, 'pause' | 'progress'>,
  work: (tries: readonly Retry[], reached: () => void) => Promise<T>,
  more: readonly Code[] = [],
): Promise<T> {
  const tries: Retry[] = [];
  let isReached = false;
  const mayPass = (code: Code) =>
    passing.has(code) || more.includes(code) || (isReached && passingOnceReached.has(code));
  for (;;) {
    try {
      return await work(tries, () => {
        isReached = true;
      });
    } catch (thrown) {
      const waited = pauses[tries.length];
      if (!(thrown instanceof Problem) || waited === undefined) throw thrown;
      // The server may take a while to notice that the session is gone that had the lock.
      isReached ||= thrown.code === 'connection_lost';
      const own = tries.length > 0 && thrown.code === 'migration_running';
      if (!mayPass(thrown.code) && !own) throw thrown;
      tries.push({ code: thrown.code, message: thrown.message, waited });
      context.progress(
        `${thrown.message}; try ${tries.length + 1} of ${pauses.length + 1} follows in ${waited} s`,
      );
      await (context.pause ?? setTimeout)(waited * 1000);
    }
  }
}
