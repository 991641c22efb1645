// Several sessions that share work.
import { Problem } from '../problem/problem.ts';

/** Something that one session does. */
export interface Job<S> {
  does(session: S): Promise<void>;
  /** True if a failure ends the work: the session's transaction cannot go on. */
  readonly isFinal?: boolean;
  /** Places of the jobs that must be done before. */
  readonly waits?: readonly number[];
  /** The objects that it works on, by any names. */
  readonly ground?: ReadonlySet<string>;
  /** True if it must run alone. */
  readonly alone?: boolean;
  /** The more, the earlier it is begun. */
  readonly weight?: number;
}

// Errors that only come from concurrent work: deadlocks, catalog rows that two sessions changed, locks.
const passing = new Set(['40P01', 'XX000', '40001', '55P03']);

/**
 * Runs all jobs, each in one of the sessions. A job that fails because of concurrent work runs again alone.
 * @throws Problem of the first job that fails; others may still be running: close their sessions
 */
export async function runJobs<S>(crew: readonly S[], jobs: readonly Job<S>[]): Promise<void> {
  const left = new Set([...jobs.keys()].sort((a, b) => weightOf(jobs[b]) - weightOf(jobs[a]) || a - b));
  const running = new Set<number>();
  const done = new Set<number>();
  // Jobs that run when no other one does.
  const solitary = new Set<number>();
  let failed = false;
  let waiting: (() => void)[] = [];
  const isFree = (at: number) => {
    const { ground, alone = false, waits = [] } = jobs[at] as Job<S>;
    if (waits.some((other) => !done.has(other))) return false;
    if (solitary.has(at)) return running.size === 0;
    return [...running].every((other) => {
      const { ground: theirs, alone: excluding = false } = jobs[other] as Job<S>;
      const apart = !alone && !excluding;
      return !solitary.has(other) && (apart || !meet(ground, theirs));
    });
  };
  const work = async (session: S) => {
    while (!failed && left.size > 0) {
      const at = [...left].find(isFree);
      if (at === undefined) {
        if (running.size === 0) throw new Problem('internal', { reason: 'jobs depend on each other' });
        await new Promise<void>((resolve) => waiting.push(resolve));
        continue;
      }
      left.delete(at);
      running.add(at);
      try {
        await jobs[at]?.does(session);
        done.add(at);
      } catch (thrown) {
        if (solitary.has(at) || jobs[at]?.isFinal || !mayPass(thrown)) {
          failed = true;
          throw thrown;
        }
        solitary.add(at);
        left.add(at);
      } finally {
        running.delete(at);
        for (const wake of waiting) wake();
        waiting = [];
      }
    }
  };
  await Promise.all(crew.map(work));
}

const weightOf = (job: { readonly weight?: number } | undefined) => job?.weight ?? 0;

function meet(one: ReadonlySet<string> = new Set(), other: ReadonlySet<string> = new Set()): boolean {
  return [...one].some((name) => other.has(name));
}

function mayPass(thrown: unknown): boolean {
  return (
    thrown instanceof Problem && 'sqlstate' in thrown.data && passing.has(thrown.data.sqlstate as string)
  );
}
