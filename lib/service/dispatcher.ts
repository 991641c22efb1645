// Takes jobs from the queue, keeps them while they run, and looks for those that lost their process.
import { Problem } from '../problem/problem.ts';
import { leaseSeconds } from './boss-queue.ts';
import { listStartable } from './choose.ts';
import { readCommitStatus } from './commit-status.ts';
import { judgeLost } from './endings.ts';
import { type JobRun, startJob } from './job-run.ts';
import { claimJob, listCancelling, listOpenJobs, type TakenJob } from './jobs.ts';
import { forgetOld, listLost, markLost } from './lost-jobs.ts';
import type { Service } from './service.ts';
import { settle } from './settle.ts';

/** The dispatcher of a service. */
export interface Dispatcher {
  /** Looks for jobs now. */
  wake(): void;
  /** The jobs that run. */
  running(): readonly JobRun[];
  /** True if no job waits or runs, as of the last look. */
  isIdle(): boolean;
  /** Takes no more jobs, gives those that run some time, and then asks them to stop. */
  stop(patience: number): Promise<void>;
}

// Milliseconds: between two looks for jobs; for lost ones; between two renewals.
const [tick, sweep, renewal] = [1_000, 5_000, 10_000];

/**
 * Starts the dispatcher.
 * @throws Problem `queue_unavailable`
 */
export async function startDispatcher(service: Service): Promise<Dispatcher> {
  const own = new OwnDispatcher(service);
  // An embedded queue belongs to this process alone: jobs that ran have no process.
  await own.findLost(service.store.kind === 'embedded');
  own.begin();
  return own;
}

class OwnDispatcher implements Dispatcher {
  readonly #service: Service;
  readonly #runs = new Map<string, JobRun>();
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  #isLooking = false;
  #isWanted = false;
  #isStopped = false;
  #isIdle = false;

  constructor(service: Service) {
    this.#service = service;
  }

  begin(): void {
    const every = (milliseconds: number, work: () => Promise<unknown>) =>
      this.#timers.push(setInterval(() => void work().catch((thrown) => this.#report(thrown)), milliseconds));
    every(tick, () => this.#look());
    every(renewal, () => this.#renew());
    every(sweep, () => this.findLost(false));
    this.wake();
  }

  wake(): void {
    void this.#look().catch((thrown) => this.#report(thrown));
  }

  running(): readonly JobRun[] {
    return [...this.#runs.values()];
  }

  isIdle(): boolean {
    return this.#isIdle && this.#runs.size === 0;
  }

  async stop(patience: number): Promise<void> {
    this.#isStopped = true;
    const ended = Promise.all(this.running().map((run) => run.ended));
    const late = setTimeout(() => {
      for (const run of this.running()) run.drain();
    }, patience);
    await ended;
    clearTimeout(late);
    for (const timer of this.#timers) clearInterval(timer);
  }

  async findLost(all: boolean): Promise<void> {
    const { events, store, world, log } = this.#service;
    const lost = await events.change(async (session, note) => {
      const ids = await markLost(session, this.#service.id, all);
      for (const id of ids) await note(id, 'state', { state: 'lost' });
      return listLost(session);
    });
    for (const job of lost) {
      const commit =
        job.commitXid === null ? null : await readCommitStatus(world, job.to ?? '', job.commitXid);
      const outcome = judgeLost(job, commit, 'the service or the machine stopped');
      if (outcome === null) continue;
      await settle(this.#service, job.id, null, outcome);
      const state = outcome.is === 'over' ? outcome.state : outcome.is;
      log.warn({ job: job.id, kind: job.kind, state }, 'job had lost its process');
    }
    await store.change(forgetOld);
    if (lost.length > 0) this.wake();
  }

  // One look at a time; a wish during a look makes another one.
  async #look(): Promise<void> {
    this.#isWanted = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      while (this.#isWanted && !this.#isStopped) {
        this.#isWanted = false;
        await this.#startJobs();
        await this.#cancelJobs();
      }
    } finally {
      this.#isLooking = false;
    }
  }

  async #startJobs(): Promise<void> {
    const { store, settings } = this.#service;
    const open = await store.use(listOpenJobs);
    this.#isIdle = open.length === 0;
    const refused = new Set<string>();
    for (let left = open; this.#runs.size < settings.concurrency && !this.#isStopped; ) {
      const next = listStartable(left).find(({ lane }) => !refused.has(lane));
      if (next === undefined) return;
      const job = await this.#take(next.lane);
      if (job === null) refused.add(next.lane);
      else this.#start(job);
      left = await store.use(listOpenJobs);
    }
  }

  // Null: another service was faster, or the lane is in use.
  async #take(lane: string): Promise<TakenJob | null> {
    const { events, queue, id: owner } = this.#service;
    try {
      return await events.change(async (session, note) => {
        const taken = await queue.take(session, lane);
        if (taken === null) return null;
        const job = await claimJob(session, taken.id, owner, leaseSeconds);
        // It does not wait any more.
        if (job === null) await queue.end(session, { lane, queueId: taken.queueId });
        else await note(job.id, 'state', { state: 'running' });
        return job;
      });
    } catch (thrown) {
      const isInUse =
        thrown instanceof Problem && 'sqlstate' in thrown.data && thrown.data.sqlstate === '23505';
      if (isInUse) return null;
      throw thrown;
    }
  }

  #start(job: TakenJob): void {
    const run = startJob(this.#service, job);
    this.#runs.set(job.id, run);
    const { log } = this.#service;
    log.info({ job: job.id, kind: job.kind, by: job.requestedBy, pid: run.pid }, 'job started');
    void run.ended
      .catch((thrown) => this.#report(thrown))
      .finally(() => {
        this.#runs.delete(job.id);
        this.wake();
      });
  }

  async #cancelJobs(): Promise<void> {
    if (this.#runs.size === 0) return;
    const ids = await this.#service.store.use((session) => listCancelling(session, this.#service.id));
    for (const id of ids) this.#runs.get(id)?.cancel();
  }

  async #renew(): Promise<void> {
    const ids = [...this.#runs.keys()];
    if (ids.length === 0) return;
    const { store, queue } = this.#service;
    const kept = new Set(await store.change((session) => queue.renew(session, ids)));
    for (const id of ids) if (!kept.has(id)) this.#runs.get(id)?.abandon();
  }

  #report(thrown: unknown): void {
    this.#service.log.error({ reason: (thrown as Error).message }, 'the dispatcher failed');
  }
}
