// Messages between a service and its workers: one list in Redis for each of them.
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { within } from './connect.ts';

// Milliseconds: until an unread list is deleted, for an answer of Redis, and between two tries.
const [life, patience, pause] = [120_000, 5_000, 250];
// Messages: sent at once, kept while Redis is away, and kept in one list.
const [batch, most, longest] = [100, 5_000, 10_000];
// Seconds that a read waits for a message.
const wait = 2;

const listOf = (address: string) => `pgmage:mail:${address}`;

/** A message with its sender and its number, by which the reader finds repeated ones. */
interface Envelope {
  readonly via: string;
  readonly seq: number;
  readonly message: object;
}

/** Sends messages in their order, as soon as Redis takes them. */
export class Outbox {
  readonly #client: Redis;
  readonly #via = randomUUID();
  readonly #waiting: { readonly to: string; readonly text: string }[] = [];
  #seq = 0;
  #isSending = false;
  #isStuck = false;
  #isClosed = false;

  constructor(client: Redis) {
    this.#client = client;
  }

  /** True if all was sent. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /**
   * True if Redis did not take the last messages. One that is only on its way keeps no sign of life back, or
   * a job that tells much over a slow line seems to be dead.
   */
  get isStuck(): boolean {
    return this.#isStuck;
  }

  send(to: string, message: object): void {
    const envelope: Envelope = { via: this.#via, seq: ++this.#seq, message };
    this.#waiting.push({ to, text: JSON.stringify(envelope) });
    // Redis is away for long. What counts is repeated by its sender.
    if (this.#waiting.length > most) this.#waiting.shift();
    void this.#flush();
  }

  /** Waits until all is sent, so many milliseconds at most. */
  async close(milliseconds: number): Promise<void> {
    for (let waited = 0; !this.isEmpty && waited < milliseconds; waited += 50) await sleep(50);
    this.#isClosed = true;
  }

  async #flush(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    while (!this.isEmpty && !this.#isClosed) {
      const to = this.#waiting[0]?.to ?? '';
      const other = this.#waiting.findIndex((one) => one.to !== to);
      const count = Math.min(batch, other === -1 ? this.#waiting.length : other);
      const texts = this.#waiting.slice(0, count);
      const list = listOf(to);
      const sent = this.#client
        .multi()
        .rpush(list, ...texts.map(({ text }) => text))
        .ltrim(list, -longest, -1)
        .pexpire(list, life)
        .exec()
        .then((results) => results?.every(([error]) => error === null) ?? false);
      // If only the answer was lost, the reader knows the numbers of the messages.
      this.#isStuck = !(await within(patience, sent).catch(() => false));
      if (!this.#isStuck) this.#waiting.splice(0, texts.filter((one) => this.#waiting.includes(one)).length);
      else await sleep(pause);
    }
    this.#isSending = false;
  }
}

/** Reads the messages to one address. */
export class Inbox {
  readonly #client: Redis;
  readonly #list: string;
  readonly #take: (message: object) => void;
  // The newest message of each sender.
  readonly #seen = new Map<string, number>();
  #isClosed = false;

  constructor(client: Redis, address: string, take: (message: object) => void) {
    this.#client = client;
    this.#list = listOf(address);
    this.#take = take;
    void this.#read();
  }

  close(): void {
    this.#isClosed = true;
    this.#client.disconnect();
  }

  async #read(): Promise<void> {
    while (!this.#isClosed)
      try {
        const found = await within(patience, this.#client.blpop(this.#list, wait));
        if (found === null) continue;
        this.#tryOpen(found[1]);
        for (const text of (await within(patience, this.#client.lpop(this.#list, batch))) ?? [])
          this.#tryOpen(text);
      } catch {
        if (!this.#isClosed) await sleep(pause);
      }
  }

  // Each client of the Redis can send. What counts is repeated by its sender.
  #tryOpen(text: string): void {
    try {
      this.#open(text);
    } catch {
      // The others of its batch are read.
    }
  }

  #open(text: string): void {
    const { via, seq, message } = JSON.parse(text) as Envelope;
    if (seq <= (this.#seen.get(via) ?? 0)) return;
    this.#seen.delete(via);
    this.#seen.set(via, seq);
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > 1_000 && oldest !== undefined) this.#seen.delete(oldest);
    this.#take(message);
  }
}

/** Waits so many milliseconds. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
