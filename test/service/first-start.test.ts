// The first start on a new queue in PostgreSQL: all processes that start at once are ready.
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { openBossQueue } from '../../lib/service/boss-queue.ts';
import type { LaneQueue } from '../../lib/service/queue.ts';
import { openStore, type Store } from '../../lib/service/store.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';
import { startService, startWorker } from './scene.ts';

const patience = 240_000;
const rounds = 8;
const four = [0, 1, 2, 3];

/** A queue and its store, as `serve` opens them. */
interface OpenQueue {
  readonly store: Store;
  readonly queue: LaneQueue;
}

async function openQueue(url: string): Promise<OpenQueue> {
  const store = await openStore({ url, folder: tmpdir(), cacheDir: tmpdir(), progress: () => undefined });
  return { store, queue: await openBossQueue(store, randomUUID(), () => undefined) };
}

// What has gone wrong.
const messagesOf = (ends: readonly PromiseSettledResult<unknown>[]) =>
  ends.flatMap((end) => (end.status === 'rejected' ? [String(end.reason)] : []));

async function addAtOnce(open: readonly OpenQueue[], laneOf: (at: number) => string): Promise<void> {
  const adds = open.map(({ store, queue }, at) =>
    store.change((session) => queue.add(session, { id: randomUUID(), lane: laneOf(at), delay: 0 })),
  );
  expect(messagesOf(await Promise.allSettled(adds))).toEqual([]);
}

test.each(servers())(
  'four sessions that open one new queue at once all open it, and add the first jobs of its lanes, on $major',
  async (server) => {
    for (let round = 0; round < rounds; round++)
      await withDatabase(server, async ({ url }) => {
        const opened = await Promise.allSettled(four.map(() => openQueue(url)));
        expect(messagesOf(opened), `round ${round}`).toEqual([]);
        const open = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
        try {
          expect(await rowsOf(url, 'select version from pgboss.version')).toHaveLength(1);
          await addAtOnce(open, () => 'write-shared');
          await addAtOnce(open, (at) => `write-${at}`);
          await addAtOnce(open, (at) => `read-${at}`);
          expect(await rowsOf(url, 'select id from pgboss.job')).toHaveLength(12);
        } finally {
          for (const { store, queue } of open) await queue.close().then(() => store.close());
        }
      });
  },
  patience,
);

test.each(servers())(
  'two services and two workers that start at once on one new queue are all ready, on $major',
  async (server) => {
    for (let round = 0; round < 2; round++)
      await withDatabase(server, async ({ url }) => {
        const options = { environments: { source: url }, variables: { PGMAGE_QUEUE_URL: url } };
        const starts = four.map((at) => (at % 2 === 0 ? startService(options) : startWorker(options)));
        const started = await Promise.allSettled(starts);
        for (const one of started) if (one.status === 'fulfilled') await one.value.remove();
        expect(messagesOf(started), `round ${round}`).toEqual([]);
      });
  },
  patience,
);
