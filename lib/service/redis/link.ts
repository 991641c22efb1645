// The link of a service to a Redis: its claim, its offers, and the mail to and from workers.

import type { Redis } from 'ioredis';
import { Problem } from '../../problem/problem.ts';
import type { JobHost } from '../service.ts';
import { checkRedis, connectRedis, describeRedis, whenReady } from './connect.ts';
import type { FromWorker, ToWorker } from './letters.ts';
import { Inbox, Outbox } from './mail.ts';
import { type Offers, openOffers } from './offers.ts';
import type { Sealer } from './seals.ts';
import { claimRedis, releaseRedis, type ServeClaim } from './serve-claim.ts';

/** The link of a service to its workers. */
export interface RedisLink {
  /** The address to which workers answer. */
  readonly address: string;
  readonly offers: Offers;
  send(worker: string, message: ToWorker): void;
  /** Begins to read what workers send. */
  read(take: (message: FromWorker) => void): void;
  /** True while no other service has the Redis. */
  isOurs(): boolean;
  /** True if Redis answers. */
  isWell(): boolean;
  /** Logs a failure, once until Redis answers again. */
  report(error: Error): void;
  close(): Promise<void>;
}

// Milliseconds between two renewals of the claim, and until what was sent has to be gone.
const [renewal, patience] = [5_000, 2_000];

/** The facts about a service that a link needs. */
export interface LinkOwner {
  readonly url: string;
  /** The id of the installation. */
  readonly service: string;
  readonly version: string;
  readonly sealer: Sealer;
  readonly log: JobHost['log'];
}

/**
 * Opens a link.
 * @throws Problem `queue_unavailable`, `bad_option`, `service_running`
 */
export async function openLink(owner: LinkOwner): Promise<RedisLink> {
  const { url } = owner;
  await checkRedis(url);
  const link = new OwnLink(owner);
  const other = await link.claim().catch(async (thrown: Error) => {
    await link.close();
    throw new Problem('queue_unavailable', { reason: thrown.message, redis: 'connection' });
  });
  if (other === null) return link;
  await link.close();
  const folder = `Redis at ${describeRedis(url)}, on ${other.host}`;
  throw new Problem('service_running', { folder, redis: true });
}

class OwnLink implements RedisLink {
  readonly address: string;
  readonly offers: Offers;
  readonly #owner: LinkOwner;
  readonly #client: Redis;
  readonly #outbox: Outbox;
  readonly #timer: ReturnType<typeof setInterval>;
  #inbox: Inbox | null = null;
  #failure: Error | null = null;
  #isOurs = false;

  constructor(owner: LinkOwner) {
    const { url, service, version } = owner;
    const onError = (error: Error) => this.report(error);
    this.#owner = owner;
    this.address = service;
    this.#client = connectRedis(url, onError);
    this.#outbox = new Outbox(this.#client);
    this.offers = openOffers(url, version, onError);
    this.#timer = setInterval(() => void this.#renew(), renewal);
  }

  /** Claims the Redis. @returns the service that has it; null: ours */
  async claim(): Promise<ServeClaim | null> {
    const { service, version } = this.#owner;
    await whenReady(this.#client);
    const other = await claimRedis(this.#client, { service, version });
    this.#isOurs = other === null;
    return other;
  }

  send(worker: string, message: ToWorker): void {
    this.#outbox.send(worker, this.#owner.sealer.seal(worker, message));
  }

  read(take: (message: FromWorker) => void): void {
    const reader = connectRedis(this.#owner.url, (error) => this.report(error));
    this.#inbox = new Inbox(reader, this.address, (message) => take(message as FromWorker));
  }

  isOurs(): boolean {
    return this.#isOurs;
  }

  isWell(): boolean {
    return this.#failure === null;
  }

  report(error: Error): void {
    if (this.#failure === null) this.#owner.log.error({ reason: error.message }, 'Redis does not answer');
    this.#failure = error;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#inbox?.close();
    await this.#outbox.close(this.isWell() ? patience : 0);
    if (this.#isOurs) await releaseRedis(this.#client, this.address);
    this.offers.close();
    this.#client.disconnect();
  }

  async #renew(): Promise<void> {
    const { log } = this.#owner;
    const wasOurs = this.#isOurs;
    try {
      const other = await this.claim();
      if (other !== null && wasOurs) log.error({ host: other.host }, 'another pgmage serve has the Redis');
      if (!this.isWell()) log.info({}, 'Redis answers again');
      this.#failure = null;
    } catch (thrown) {
      this.report(thrown as Error);
    }
  }
}
