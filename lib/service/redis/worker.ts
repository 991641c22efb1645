// A worker of a queue in Redis: it takes offers, runs their jobs, and tells their services how these go.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { openLog } from '../log.ts';
import { nameProcess } from '../process-names.ts';
import { stopPatience } from '../settings.ts';
import { openSupervisor } from '../supervisor.ts';
import type { ServiceSurroundings } from '../surroundings.ts';
import { checkRedis, connectRedis } from './connect.ts';
import { acceptWork } from './foreign-work.ts';
import { openHearing } from './hearing.ts';
import type { SentWork, ToWorker } from './letters.ts';
import { Inbox, Outbox, sleep } from './mail.ts';
import { type OfferTaker, openOfferTaker } from './offers.ts';
import { clock } from './remote-work.ts';
import { readClaim } from './serve-claim.ts';
import { type Letter, Slot } from './slots.ts';

// Milliseconds: between two looks, between two signs of life, and until what was sent has to be noted.
const [tick, beat, patience] = [1_000, 5_000, 5_000];

/**
 * Runs a worker until it is asked to stop.
 * @throws Problem `queue_unavailable`, `bad_option`
 */
export async function runOnRedis(around: ServiceSurroundings, asked: Promise<void>): Promise<void> {
  const { settings } = around;
  const url = settings.queueUrl ?? '';
  await checkRedis(url);
  const log = openLog(settings.logLevel);
  let isAway = false;
  const report = ({ message }: Error) => {
    if (!isAway) log.error({ reason: message }, 'Redis does not answer');
    isAway = true;
  };
  const client = connectRedis(url, report);
  client.on('ready', () => {
    if (isAway) log.info({}, 'Redis answers again');
    isAway = false;
  });
  const offers = await openOfferTaker(url, around.project.version, report);
  const worker = new RedisWorker(around, new Outbox(client), log);
  const hear = await openHearing(around.settings, worker, log);
  const inbox = new Inbox(connectRedis(url, report), worker.id, hear);
  log.info({ queue: settings.queue, worker: worker.id, host: hostname() }, 'pgmage serve:worker is ready');
  const supervisor = openSupervisor(process.env, log);
  await supervisor.ready(async () => true);
  await warnOfVersion(client, around, log);
  void worker.takeOffers(offers);
  await asked;
  log.info({ jobs: worker.busy() }, 'pgmage serve:worker stops');
  await supervisor.stopping();
  await worker.stop();
  inbox.close();
  offers.close();
  client.disconnect();
  log.info({}, 'pgmage serve:worker has stopped');
}

type Log = ReturnType<typeof openLog>;

// Jobs of a service of another version are in another queue.
async function warnOfVersion(
  client: Parameters<typeof readClaim>[0],
  { project }: ServiceSurroundings,
  log: Log,
): Promise<void> {
  const claim = await readClaim(client).catch(() => null);
  if (claim === null || claim.version === project.version) return;
  const facts = { service: claim.version, worker: project.version };
  log.warn(facts, 'the service has another version: this worker takes none of its jobs');
}

class RedisWorker {
  readonly id = randomUUID();
  readonly #around: ServiceSurroundings;
  readonly #outbox: Outbox;
  readonly #log: Log;
  readonly #slots = new Map<string, Slot>();
  // The last signs of life, with what they named.
  readonly #beats = new Map<number, { readonly sent: number; readonly entries: readonly string[] }>();
  readonly #timers: ReturnType<typeof setInterval>[];
  #count = 0;
  #isStopped = false;
  #wake: () => void = () => undefined;

  constructor(around: ServiceSurroundings, outbox: Outbox, log: Log) {
    this.#around = around;
    this.#outbox = outbox;
    this.#log = log;
    this.#timers = [setInterval(() => this.#look(), tick), setInterval(() => this.#beat(), beat)];
  }

  busy(): number {
    return [...this.#slots.values()].filter(({ isBusy }) => isBusy).length;
  }

  async takeOffers(offers: OfferTaker): Promise<void> {
    while (!this.#isStopped)
      try {
        if (this.busy() >= this.#places()) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          continue;
        }
        const found = await offers.next();
        if (found === null || this.#isStopped || this.#slots.has(found.entry)) continue;
        this.#slots.set(found.entry, new Slot(this.#surroundings(), found.entry, found.offer));
      } catch {
        // The connection reports its errors itself. The service makes the offer again.
        await sleep(tick);
      }
  }

  hear(message: ToWorker): void {
    if (message.is === 'alive') this.#acknowledge(message);
    else this.#hearOne(message);
    this.#look();
  }

  #acknowledge(message: Extract<ToWorker, { is: 'alive' }>): void {
    const answered = this.#beats.get(message.beat);
    this.#beats.delete(message.beat);
    for (const entry of answered?.entries ?? []) {
      const slot = this.#slots.get(entry);
      if (message.known.includes(entry)) slot?.acknowledge(answered?.sent ?? 0);
      else slot?.drop();
      if (message.cancelling.includes(entry)) slot?.cancel();
    }
  }

  /** Gives jobs some time, asks them to stop, and waits until the service has noted their ends. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake();
    for (const slot of this.#slots.values()) slot.giveBack();
    for (let waited = 0; this.busy() > 0 && waited < stopPatience; waited += 100) await sleep(100);
    for (const slot of this.#slots.values()) slot.drain();
    while (this.busy() > 0) await sleep(100);
    for (let waited = 0; this.#slots.size > 0 && waited < patience; waited += 50) {
      this.#forget();
      await sleep(50);
    }
    for (const timer of this.#timers) clearInterval(timer);
    await this.#outbox.close(patience);
  }

  #hearOne(message: Exclude<ToWorker, { is: 'alive' }>): void {
    const slot = this.#slots.get(message.entry);
    if (slot !== undefined) slot.hear(message);
    // Its service was away for long. It takes the job for lost, and decides what becomes of it.
    else if (message.is === 'start') this.#log.warn({ entry: message.entry }, 'a job came too late');
  }

  // Only a service may leave all jobs to others.
  #places(): number {
    return Math.max(1, this.#around.settings.concurrency);
  }

  #surroundings() {
    return {
      memory: this.#around.settings.jobMemory,
      name: nameProcess('worker'),
      log: this.#log,
      send: (service: string, message: Letter, isRepeated = false) => {
        if (!isRepeated || !this.#outbox.isStuck) this.#outbox.send(service, { ...message, worker: this.id });
      },
      accept: (work: SentWork) => acceptWork(this.#around, work),
      onChange: () => this.#look(),
    };
  }

  #look(): void {
    for (const slot of this.#slots.values()) slot.tick();
    this.#forget();
    if (this.busy() < this.#places()) this.#wake();
  }

  #forget(): void {
    for (const [entry, slot] of this.#slots) if (slot.isGone) this.#slots.delete(entry);
  }

  #beat(): void {
    if (this.#outbox.isStuck) return;
    const alive = [...this.#slots.values()].filter(({ isAlive }) => isAlive);
    for (const service of new Set(alive.map((slot) => slot.service))) {
      const entries = alive.filter((slot) => slot.service === service).map(({ entry }) => entry);
      const number = ++this.#count;
      this.#beats.set(number, { sent: clock(), entries });
      for (const old of this.#beats.keys()) if (old < number - 20) this.#beats.delete(old);
      this.#outbox.send(service, { is: 'alive', beat: number, entries, worker: this.id });
    }
  }
}
