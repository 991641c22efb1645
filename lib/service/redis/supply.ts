// The service's side of a queue in Redis: it runs jobs itself, and offers the others to workers.
import { randomUUID } from 'node:crypto';
import { listStartable, type OpenJob } from '../choose.ts';
import { claimJob, type NamedProcess, type TakenJob } from '../claims.ts';
import type { BeginWork } from '../job-run.ts';
import type { JobFloor, JobSource } from '../job-source.ts';
import { listOpenJobs } from '../jobs.ts';
import { leaseSeconds, renewLeases } from '../leases.ts';
import type { ProcessWork } from '../messages.ts';
import { describeAdoption, readName } from '../process-names.ts';
import type { Queue } from '../queue.ts';
import type { JobHost } from '../service.ts';
import { type AdoptedJob, adoptJobs, findEntry, listEntries } from './entries.ts';
import type { FromWorker, SentWork, ToWorker } from './letters.ts';
import type { RedisLink } from './link.ts';
import { clock, RemoteWork, type WorkPlace } from './remote-work.ts';

export { readInstallation } from './entries.ts';
export { openLink } from './link.ts';
export { openSealer } from './seals.ts';

// Milliseconds: between two looks at silent workers, and until an offer is made again.
const [tick, renewal] = [1_000, 5_000];

/**
 * The queue whose rows are in the service's own database. Entries are made after the transaction, by the
 * source, so that a Redis that is away refuses no job.
 */
export function makeRedisQueue(link: RedisLink, owner: string): Queue {
  return {
    add: async () => randomUUID(),
    renew: (session, ids) => renewLeases(session, owner, ids),
    end: async () => undefined,
    cancel: async (_, { queueId }) => link.offers.withdraw(queueId),
    isWell: () => link.isWell(),
    close: () => link.close(),
  };
}

/** Opens the source of jobs of a service with a queue in Redis. */
export function openRedisSource(host: JobHost, link: RedisLink): JobSource {
  return new RedisSource(host, link);
}

class RedisSource implements JobSource {
  readonly #host: JobHost;
  readonly #link: RedisLink;
  // By their entries.
  readonly #works = new Map<string, RemoteWork>();
  readonly #offered = new Map<string, number>();
  #floor: JobFloor | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isStopped = false;
  #isOffering = false;
  // Messages are answered in their order.
  #last: Promise<unknown> = Promise.resolve();

  constructor(host: JobHost, link: RedisLink) {
    this.#host = host;
    this.#link = link;
  }

  async begin(floor: JobFloor): Promise<boolean> {
    this.#floor = floor;
    for (const job of await this.#adopt()) this.#start(floor, job, { ...job, nonce: null }, 'goes on');
    this.#link.read((message) => this.#hear(message));
    let before = clock();
    this.#timer = setInterval(() => {
      // This process itself may have stood still: messages wait that were not read.
      const slept = clock() - before - tick;
      before = clock();
      for (const work of this.#works.values()) {
        if (slept > tick) work.refresh(slept);
        work.check();
      }
    }, tick);
    return true;
  }

  async startJobs(open: readonly OpenJob[], floor: JobFloor): Promise<void> {
    const { store, settings } = this.#host;
    let left = open;
    while (floor.count() - this.#works.size < settings.concurrency && !this.#isStopped) {
      const [next] = listStartable(left);
      if (next === undefined) break;
      const job = await this.#claim(next.id);
      if (job !== null) floor.start(job);
      left = await store.use(listOpenJobs);
    }
    void this.#offer(listStartable(left).map(({ id }) => id));
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    for (const work of this.#works.values()) work.leave();
  }

  // A worker that dies takes an entry along, and a Redis that restarts empty loses all: an offer is repeated
  // until its job runs.
  async #offer(jobs: readonly string[]): Promise<void> {
    if (this.#isOffering || this.#isStopped || !this.#link.isOurs()) return;
    this.#isOffering = true;
    try {
      const entries = await this.#host.store.use((session) => listEntries(session, jobs));
      const known = new Set(entries.map(({ entry }) => entry));
      for (const entry of this.#offered.keys()) if (!known.has(entry)) this.#offered.delete(entry);
      for (const { job, entry } of entries) {
        if (clock() - (this.#offered.get(entry) ?? Number.NEGATIVE_INFINITY) < renewal) continue;
        await this.#link.offers.offer(entry, { service: this.#link.address, job });
        this.#offered.set(entry, clock());
      }
    } catch (thrown) {
      this.#link.report(thrown as Error);
    } finally {
      this.#isOffering = false;
    }
  }

  #hear(message: FromWorker): void {
    if (this.#isStopped) return;
    const { worker } = message;
    // An answer to `take` that is still being worked on comes first.
    if (message.is === 'take') this.#inOrder(() => this.#answer(message));
    else if (message.is === 'alive') {
      for (const work of this.#worksOf(message)) work.refresh();
      this.#inOrder(async () => {
        const own = this.#worksOf(message);
        const cancelling = own.filter(({ isCancelled }) => isCancelled).map(({ entry }) => entry);
        const known = own.map(({ entry }) => entry);
        this.#link.send(worker, { is: 'alive', beat: message.beat, known, cancelling });
      });
    } else if (this.#works.has(message.entry)) this.#deliver(message);
    else this.#inOrder(async () => this.#deliver(message));
  }

  #worksOf({ worker, entries }: Extract<FromWorker, { is: 'alive' }>): RemoteWork[] {
    const works = entries.map((entry) => this.#works.get(entry));
    return works.filter((work) => work !== undefined).filter((work) => work.worker === worker);
  }

  #deliver(message: Exclude<FromWorker, { is: 'take' | 'alive' }>): void {
    const { worker, entry } = message;
    const work = this.#works.get(entry);
    if (work?.worker === worker) work.hear(message);
    else if (message.is === 'ended') this.#link.send(worker, { is: 'noted', entry });
  }

  #inOrder(work: () => Promise<void>): void {
    this.#last = this.#last.then(work).catch((thrown: Error) => this.#link.report(thrown));
  }

  async #answer(question: Extract<FromWorker, { is: 'take' }>): Promise<void> {
    const { worker, entry, nonce, name: given } = question;
    const floor = this.#floor;
    if (floor === null || this.#works.get(entry)?.worker === worker) {
      this.#works.get(entry)?.remind(nonce);
      return;
    }
    const { store, log } = this.#host;
    const id = await store.use((session) => findEntry(session, entry));
    const name = readName(given);
    const job = id === null ? null : await this.#claim(id, { id: worker, name });
    // The next service goes on with it.
    if (this.#isStopped) return;
    if (job === null) return this.#link.send(worker, { is: 'refuse', entry });
    log.info({ job: job.id, worker, name }, 'job goes to a worker');
    this.#start(floor, job, { entry, worker, nonce });
  }

  // Null: it does not wait any more, or may not start now.
  #claim(id: string, worker: NamedProcess | null = null): Promise<TakenJob | null> {
    const { events, id: own, name } = this.#host;
    return events.change(async (session, note) => {
      const mayStart = listStartable(await listOpenJobs(session)).some((one) => one.id === id);
      if (!mayStart || this.#isStopped) return null;
      return claimJob(session, note, id, { owner: { id: own, name }, seconds: leaseSeconds, worker });
    });
  }

  // Jobs that run at workers, whatever became of the service before.
  #adopt(): Promise<AdoptedJob[]> {
    const { events, id, name } = this.#host;
    return events.change(async (session, note) => {
      const jobs = await adoptJobs(session, { id, name });
      for (const { id: job, before, runner } of jobs)
        if (before !== null) await note(job, 'line', { text: describeAdoption(before, name, runner) });
      return jobs;
    });
  }

  #start(
    floor: JobFloor,
    job: TakenJob,
    { entry, worker, nonce }: Pick<WorkPlace, 'entry' | 'worker' | 'nonce'>,
    goesOn?: 'goes on',
  ): void {
    const begin: BeginWork = (work, listener) => {
      const place = {
        ...{ entry, worker, nonce },
        work: withoutPlace(work),
        send: (message: ToWorker) => this.#link.send(worker, message),
        forget: () => this.#works.delete(entry),
      };
      const remote = new RemoteWork(place, listener);
      this.#works.set(entry, remote);
      remote.remind();
      return remote;
    };
    floor.start(job, begin, goesOn);
  }
}

function withoutPlace({ does, kind, parameters, agreed, storage, requestedBy }: ProcessWork): SentWork {
  return { does, kind, parameters, agreed, storage, requestedBy };
}
