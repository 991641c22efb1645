// The entries of BullMQ: a service offers jobs that may start, and workers take them.
import { Queue, Worker } from 'bullmq';
import { connectPatiently, connectRedis, type OnError, within } from './connect.ts';
import type { Offer } from './letters.ts';

const prefix = 'pgmage';
// Milliseconds.
const [patience, lock] = [5_000, 15_000];

// Workers of another version do not see the jobs: they might not know a parameter.
const nameOf = (version: string) => `jobs-${version}`;

/** The side of the service. */
export interface Offers {
  /** Offers an attempt of a job. An entry that is there already stays as it is. */
  offer(entry: string, offer: Offer): Promise<void>;
  /** Takes an offer back, if no worker has it. A worker that asks for it is refused anyway. */
  withdraw(entry: string): void;
  close(): void;
}

/** Opens the side of the service. */
export function openOffers(url: string, version: string, onError: OnError): Offers {
  const connection = connectRedis(url, onError);
  const keep = { removeOnComplete: true, removeOnFail: true, attempts: 1 };
  const queue = new Queue<Offer>(nameOf(version), {
    connection,
    prefix,
    defaultJobOptions: keep,
    streams: { events: { maxLen: 100 } },
  });
  queue.on('error', onError);
  return {
    offer: async (entry, offer) => {
      await within(patience, queue.add('job', offer, { jobId: entry }));
    },
    withdraw: (entry) => void within(patience, queue.remove(entry)).catch(() => undefined),
    close: () => connection.disconnect(),
  };
}

/** The side of a worker. */
export interface OfferTaker {
  /**
   * Takes the next offer, and removes its entry: the service offers it again if the worker does not ask for
   * its job.
   * @returns null: there was none for some seconds
   */
  next(): Promise<{ readonly entry: string; readonly offer: Offer } | null>;
  close(): void;
}

/** Opens the side of a worker. */
export async function openOfferTaker(url: string, version: string, onError: OnError): Promise<OfferTaker> {
  const connection = connectPatiently(url, onError);
  const worker = new Worker<Offer>(nameOf(version), null, {
    connection,
    prefix,
    autorun: false,
    lockDuration: lock,
    stalledInterval: lock,
    drainDelay: 5,
  });
  worker.on('error', onError);
  // An entry whose worker died before it removed it is put back.
  await worker.startStalledCheckTimer();
  let count = 0;
  return {
    async next() {
      const token = `${worker.id}:${++count}`;
      const job = await worker.getNextJob(token);
      if (job === undefined || job.id === undefined) return null;
      await job.moveToCompleted(null, token, false);
      return { entry: job.id, offer: job.data };
    },
    close() {
      void worker.close(true).catch(() => undefined);
      connection.disconnect();
    },
  };
}
