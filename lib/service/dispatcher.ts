// Starts jobs, keeps them while they run, and looks for those that lost their process.
import type { TakenJob } from './claims.ts';
import { readCommitStatus } from './commit-status.ts';
import { judgeLost } from './endings.ts';
import { type BeginWork, type JobRun, startJob } from './job-run.ts';
import type { JobFloor, JobSource } from './job-source.ts';
import { listCancelling, listOpenJobs } from './jobs.ts';
import { listLost, markLost } from './leases.ts';
import { describeLoss } from './process-names.ts';
import type { JobHost } from './service.ts';
import { settle } from './settle.ts';
import type { StorageRule } from './storage.ts';
import { readStorageRule } from './storage-rule.ts';

/** The dispatcher of a service or of a worker. */
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
export async function startDispatcher(host: JobHost, source: JobSource): Promise<Dispatcher> {
  const own = new OwnDispatcher(host, source);
  // A job that goes on at a worker may still have to begin.
  await own.readRule();
  await own.findLost(await source.begin(own));
  own.begin();
  return own;
}

class OwnDispatcher implements Dispatcher, JobFloor {
  readonly #host: JobHost;
  readonly #source: JobSource;
  readonly #runs = new Map<string, JobRun>();
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  #isLooking = false;
  #isWanted = false;
  #isStopped = false;
  #isDraining = false;
  // The end of the look under way, or of the last one.
  #lookEnds: Promise<void> = Promise.resolve();
  #isIdle = false;
  #storage: StorageRule | null = null;

  constructor(host: JobHost, source: JobSource) {
    this.#host = host;
    this.#source = source;
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

  count(): number {
    return this.#runs.size;
  }

  isIdle(): boolean {
    return this.#isIdle && this.#runs.size === 0;
  }

  async stop(patience: number): Promise<void> {
    this.#isStopped = true;
    this.#source.stop();
    const late = setTimeout(() => {
      this.#isDraining = true;
      for (const run of this.running()) run.drain();
    }, patience);
    // A look that has just taken a job starts it.
    await this.#lookEnds;
    while (this.#runs.size > 0) await Promise.allSettled(this.running().map((run) => run.ended));
    clearTimeout(late);
    for (const timer of this.#timers) clearInterval(timer);
  }

  async findLost(all: boolean): Promise<void> {
    const { events, world, log } = this.#host;
    const lost = await events.change(async (session, note) => {
      for (const { id, runner } of await markLost(session, this.#host.id, all)) {
        await note(id, 'state', { state: 'lost' });
        if (runner !== null) await note(id, 'line', { text: describeLoss(runner, this.#host.name) });
      }
      return listLost(session);
    });
    for (const job of lost) {
      const commit =
        job.commitXid === null ? null : await readCommitStatus(world, job.to ?? '', job.commitXid);
      const outcome = judgeLost(job, commit, 'the service or the machine stopped');
      if (outcome === null) continue;
      await settle(this.#host, job.id, null, outcome);
      const state = outcome.is === 'over' ? outcome.state : outcome.is;
      log.warn({ job: job.id, kind: job.kind, state }, 'job had lost its process');
    }
    if (lost.length > 0) this.wake();
  }

  /** Reads the rule of storage. @throws Problem `queue_unavailable`, `bad_config` */
  async readRule(): Promise<void> {
    this.#storage = await readStorageRule(this.#host, 'own');
  }

  start(job: TakenJob, begin?: BeginWork, goesOn?: 'goes on'): void {
    const run = startJob(this.#host, job, { storage: this.#storage, begin });
    this.#runs.set(job.id, run);
    const { log } = this.#host;
    const { id, kind, worker } = job;
    const place = worker === null ? { pid: run.pid } : { worker };
    log.info({ job: id, kind, by: job.requestedBy, ...place }, goesOn ? 'job goes on' : 'job started');
    if (this.#isDraining) run.drain();
    void run.ended
      .catch((thrown) => this.#report(thrown))
      .finally(() => {
        if (this.#runs.get(id) === run) this.#runs.delete(id);
        this.wake();
      });
  }

  // One look at a time; a wish during a look makes another one.
  async #look(): Promise<void> {
    this.#isWanted = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    const look = this.#lookWhileWanted().finally(() => {
      this.#isLooking = false;
    });
    this.#lookEnds = look.catch(() => undefined);
    await look;
  }

  async #lookWhileWanted(): Promise<void> {
    while (this.#isWanted && !this.#isStopped) {
      this.#isWanted = false;
      await this.#startJobs();
      await this.#cancelJobs();
    }
  }

  async #startJobs(): Promise<void> {
    const open = await this.#host.store.use(listOpenJobs);
    this.#isIdle = open.length === 0;
    // It is read while a job waits: a worker takes that one soon.
    if (open.length > 0) await this.readRule();
    await this.#source.startJobs(open, this);
  }

  async #cancelJobs(): Promise<void> {
    if (this.#runs.size === 0) return;
    const ids = await this.#host.store.use((session) => listCancelling(session, this.#host.id));
    for (const id of ids) this.#runs.get(id)?.cancel();
  }

  async #renew(): Promise<void> {
    const ids = [...this.#runs.keys()];
    if (ids.length === 0) return;
    const { store, queue } = this.#host;
    const kept = new Set(await store.change((session) => queue.renew(session, ids)));
    for (const id of ids) if (!kept.has(id)) this.#runs.get(id)?.abandon();
  }

  #report(thrown: unknown): void {
    this.#host.log.error({ reason: (thrown as Error).message }, 'the dispatcher failed');
  }
}
