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
  const pool = new JobPool(jobs);
  await Promise.all(crew.map((session) => pool.work(session)));
}

// The jobs of several sessions, by their places.
class JobPool<S> {
  readonly #jobs: readonly Job<S>[];
  readonly #left: Set<number>;
  readonly #running = new Set<number>();
  readonly #done = new Set<number>();
  // Jobs that run when no other one does.
  readonly #solitary = new Set<number>();
  #failed = false;
  #waiting: (() => void)[] = [];

  constructor(jobs: readonly Job<S>[]) {
    this.#jobs = jobs;
    this.#left = new Set([...jobs.keys()].sort((a, b) => weightOf(jobs[b]) - weightOf(jobs[a]) || a - b));
  }

  async work(session: S): Promise<void> {
    while (!this.#failed && this.#left.size > 0) {
      const at = [...this.#left].find((one) => this.#isFree(one));
      if (at !== undefined) await this.#run(at, session);
      else if (this.#running.size === 0)
        throw new Problem('internal', { reason: 'jobs depend on each other' });
      else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #isFree(at: number): boolean {
    const { ground, alone = false, waits = [] } = this.#jobs[at] as Job<S>;
    if (waits.some((other) => !this.#done.has(other))) return false;
    if (this.#solitary.has(at)) return this.#running.size === 0;
    return [...this.#running].every((other) => {
      const { ground: theirs, alone: excluding = false } = this.#jobs[other] as Job<S>;
      const apart = !alone && !excluding;
      return !this.#solitary.has(other) && (apart || !meet(ground, theirs));
    });
  }

  async #run(at: number, session: S): Promise<void> {
    this.#left.delete(at);
    this.#running.add(at);
    try {
      await this.#jobs[at]?.does(session);
      this.#done.add(at);
    } catch (thrown) {
      if (this.#solitary.has(at) || this.#jobs[at]?.isFinal || !mayPass(thrown)) {
        this.#failed = true;
        throw thrown;
      }
      this.#solitary.add(at);
      this.#left.add(at);
    } finally {
      this.#running.delete(at);
      for (const wake of this.#waiting) wake();
      this.#waiting = [];
    }
  }
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
