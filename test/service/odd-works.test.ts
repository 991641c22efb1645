// A worker of a Redis refuses what its configuration does not allow, also with the seal of its own service.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectRedis } from '../../lib/service/redis/connect.ts';
import type { FromWorker, SentWork } from '../../lib/service/redis/letters.ts';
import { Inbox, Outbox } from '../../lib/service/redis/mail.ts';
import { openOffers } from '../../lib/service/redis/offers.ts';
import { openSealer, type Sealer } from '../../lib/service/redis/seals.ts';
import { type Database, freshDatabase } from '../servers/databases.ts';
import { findMissingRedis, type OwnRedis, startRedis } from '../servers/redis.ts';
import { anyServer } from '../servers/running.ts';
import { type RunningWorker, startWorker } from './scene.ts';

const missing = findMissingRedis();

let redis: OwnRedis;
let database: Database;
let worker: RunningWorker;
let sealer: Sealer;

beforeAll(async () => {
  if (missing !== null) return;
  [redis, database] = [await startRedis(), await freshDatabase(anyServer())];
  const environments = { source: database.url, vault: database.url };
  worker = await startWorker({
    environments,
    protects: ['vault'],
    variables: { PGMAGE_QUEUE_URL: redis.url },
  });
  sealer = await openSealer(join(worker.root, 'of-service'));
});
afterAll(async () => {
  await worker?.remove();
  await database?.drop();
  await redis?.remove();
});

const usual = { does: 'job', agreed: null, storage: null, requestedBy: 'service' } as const;
const works = new Map<string, SentWork>([
  [randomUUID(), { ...usual, kind: 'prune', parameters: { keepDaily: -1 } }],
  [randomUUID(), { ...usual, does: 'status', kind: 'drift', parameters: { database: 'source' } }],
  [
    randomUUID(),
    { ...usual, kind: 'clone', parameters: { from: 'source', to: 'vault', force: true, confirm: 'vault' } },
  ],
]);

test('odd works and those of protected targets end with the problem, and nothing is started', async ({
  skip,
}) => {
  skip(missing !== null, `${missing}`);
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  const quiet = () => undefined;
  const clients = [connectRedis(redis.url, quiet), connectRedis(redis.url, quiet)] as const;
  const offers = openOffers(redis.url, version, quiet);
  const outbox = new Outbox(clients[0]);
  const codes = new Map<string, unknown>();
  const inbox = new Inbox(clients[1], 'service', (given) => {
    const message = given as FromWorker;
    const work = 'entry' in message ? works.get(message.entry) : undefined;
    if (work === undefined || !('entry' in message)) return;
    const { worker: to, entry } = message;
    if (message.is === 'take')
      outbox.send(to, sealer.seal(to, { is: 'start', entry, nonce: message.nonce, work }));
    if (message.is !== 'ended') return;
    codes.set(work.kind, message.ending.problem?.code);
    outbox.send(to, sealer.seal(to, { is: 'noted', entry }));
  });
  try {
    for (const entry of works.keys()) await offers.offer(entry, { service: 'service', job: entry });
    await expect.poll(() => codes.size, { timeout: 20_000 }).toBe(works.size);
    expect(Object.fromEntries(codes)).toEqual({
      prune: 'bad_request',
      drift: 'bad_request',
      clone: 'protected_target',
    });
    expect(worker.output).not.toContain('job started');
    expect(worker.output).not.toContain('was refused');
  } finally {
    inbox.close();
    offers.close();
    clients[0].disconnect();
  }
}, 60_000);
