// Retries after problems that may pass: a server that starts, a lost connection.
import { setTimeout } from 'node:timers/promises';
import type { Code, Problems } from '../problem/codes.ts';
import { Problem } from '../problem/problem.ts';
import type { World } from './world.ts';

/** A try that failed, and was made again. */
export interface Retry {
  readonly code: Code;
  readonly message: string;
  /** Seconds that were waited after it. */
  readonly waited: number;
}

const passing: ReadonlySet<Code> = new Set(['connection_lost', 'server_unavailable']);

// Before the first success, a wrong address is more likely.
const passingOnceReached: ReadonlySet<Code> = new Set([
  'connection_refused',
  'connection_timeout',
  'too_many_connections',
]);

/** Seconds between two tries. */
export const pauses = [5, 10, 20];

/**
 * Runs work that leaves nothing behind when it fails, and retries it if the problem may pass.
 * @param work calls `reached` when the servers have accepted the login
 * @param more further codes that may pass for this work
 * @throws Problem of the work
 */
export async function withRetries<T>(
  world: Pick<World, 'pause' | 'progress'>,
  work: (tries: readonly Retry[], reached: () => void) => Promise<T>,
  more: readonly Code[] = [],
): Promise<T> {
  const tries: Retry[] = [];
  let isReached = false;
  let lost: Problem<'connection_lost'> | undefined;
  const mayPass = (code: Code) =>
    passing.has(code) || more.includes(code) || (isReached && passingOnceReached.has(code));
  for (;;) {
    let isIn = false;
    try {
      return await work(tries, () => {
        isReached = isIn = true;
      });
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure;
      // A server that accepted a login before and does not answer now has gone silent.
      const thrown = isIn && failure.code === 'connection_timeout' ? silent(failure) : failure;
      const told = withLoss(thrown, lost, tries.length);
      if (isLoss(thrown)) lost = told as typeof lost;
      const waited = pauses[tries.length];
      // Work that may be done is not done again.
      if (waited === undefined || 'outcome' in thrown.data) throw told;
      // The server may take a while to notice that the session is gone that had the lock.
      isReached ||= thrown.code === 'connection_lost';
      const own = tries.length > 0 && thrown.code === 'migration_running';
      if (!mayPass(thrown.code) && !own) throw told;
      tries.push({ code: thrown.code, message: thrown.message, waited });
      world.progress(
        `${thrown.message}; try ${tries.length + 1} of ${pauses.length + 1} follows in ${waited} s`,
      );
      await (world.pause ?? setTimeout)(waited * 1000);
    }
  }
}

function silent(failure: Problem): Problem {
  const data = failure.data as Problems['connection_timeout'];
  const detail = `a new session got no answer from a server that had answered before: ${data.detail}`;
  return new Problem('connection_lost', { ...data, detail }, { cause: failure });
}

const isLoss = (problem: Problem): problem is Problem<'connection_lost'> =>
  problem.code === 'connection_lost';

// The first loss of the connection says more than the failure to reach the server later. After an unanswered
// COMMIT it also stays unknown if the work was done.
function withLoss(last: Problem, lost: Problem<'connection_lost'> | undefined, tries: number): Problem {
  if (lost === undefined || !('detail' in last.data) || 'sqlstate' in last.data) return last;
  const [{ unanswered }, { detail: said }] = [lost.data, last.data as { readonly detail: string }];
  if (isLoss(last) && unanswered === undefined) return last;
  if (!isLoss(last) && !passing.has(last.code) && !passingOnceReached.has(last.code)) return last;
  const detail = isLoss(last) ? said : `${lost.data.detail}; on try ${tries + 1}: ${said}`;
  const data = isLoss(last) ? { ...lost.data, ...last.data } : lost.data;
  return new Problem('connection_lost', { ...data, detail }, { cause: last });
}
