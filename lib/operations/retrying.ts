// What may pass by itself is tried again: a server that starts, a connection that was lost.
import { setTimeout } from 'node:timers/promises';
import { type Code, Problem } from '../problem.ts';
import type { Context } from './context.ts';

/** A try that failed, and was made again. */
export interface Retry {
  readonly code: Code;
  readonly message: string;
  /** Seconds that were waited after it. */
  readonly waited: number;
}

const passing: ReadonlySet<Code> = new Set([
  'connection_lost',
  'connection_timeout',
  'connection_refused',
  'server_unavailable',
  'too_many_connections',
]);

// Seconds.
const pauses = [5, 10, 20];

/**
 * Does a work that leaves nothing behind when it fails, again where it failed of what may pass.
 * @throws Problem of the work
 */
export async function retrying<T>(
  context: Pick<Context, 'pause' | 'progress' | 'now'>,
  work: (tries: readonly Retry[]) => Promise<T>,
): Promise<T> {
  const tries: Retry[] = [];
  for (;;) {
    try {
      return await work(tries);
    } catch (thrown) {
      const waited = pauses[tries.length];
      if (!(thrown instanceof Problem) || waited === undefined) throw thrown;
      // The server may take a while to notice that the session is gone that had the lock.
      const own = tries.length > 0 && thrown.code === 'migration_running';
      if (!passing.has(thrown.code) && !own) throw thrown;
      tries.push({ code: thrown.code, message: thrown.message, waited });
      context.progress(
        `${context.now().toISOString()} ${thrown.message}; try ${tries.length + 1} of ${pauses.length + 1} follows in ${waited} s`,
      );
      await (context.pause ?? setTimeout)(waited * 1000);
    }
  }
}
