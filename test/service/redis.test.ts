// A service and its workers on one Redis: jobs spread, a worker dies, Redis dies, and what starts refuse.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, freshDatabase } from '../servers/databases.ts';
import { findMissingRedis, type OwnRedis, startRedis } from '../servers/redis.ts';
import { anyServer } from '../servers/running.ts';
import { digestOf, fillSource, resetTarget } from './fault-trial.ts';
import { type RunningService, type RunningWorker, startService, startWorker } from './scene.ts';

const missing = findMissingRedis();
const patience = 240_000;

let redis: OwnRedis;
let source: Database;
let target: Database;
let folder: string;
let service: RunningService;
let workers: RunningWorker[];

beforeAll(async () => {
  if (missing !== null) return;
  redis = await startRedis();
  [source, target] = [await freshDatabase(anyServer()), await freshDatabase(anyServer())];
  await fillSource(source);
  folder = mkdtempSync(join(tmpdir(), 'pgmage-backups-'));
  const environments = { source: source.url, target: target.url };
  const variables = { PGMAGE_QUEUE_URL: redis.url, DUMP_DIRECTORY: folder };
  // The service leaves all jobs to the workers.
  service = await startService({ environments, variables: { ...variables, PGMAGE_CONCURRENCY: '0' } });
  const options = { environments, variables: { ...variables, PGMAGE_CONCURRENCY: '1' } };
  workers = await Promise.all([0, 1].map(() => startWorker(options)));
}, patience);
afterAll(async () => {
  for (const one of [service, ...(workers ?? [])]) await one?.remove();
  await source?.drop();
  await target?.drop();
  await redis?.remove();
  if (folder !== undefined) rmSync(folder, { recursive: true });
});

const force = { force: true, confirm: 'target', backupFirst: false };

test(
  'jobs spread over two workers, and each is done once',
  async ({ skip }) => {
    skip(missing !== null, `${missing}`);
    const ids: string[] = [];
    for (const keep of [false, true])
      for (const database of ['source', 'target'])
        ids.push(await service.add('export', { database, keep, format: 'native' }));
    for (const id of ids) expect(await service.until(id)).toMatchObject({ state: 'done', tries: 1 });
    const started = workers.map(({ output }) => output.split('job started').length - 1);
    expect([started.reduce((sum, one) => sum + one), Math.min(...started) > 0]).toEqual([ids.length, true]);
    const events = await service.events(`/api/jobs/${ids[0]}/events`, null);
    expect(events.map(({ type }) => type)).toContain('line');
    expect(events.at(-1)).toMatchObject({ data: { state: 'done' } });
  },
  patience,
);

test(
  'a clone at a worker commits after the service has noted its transaction',
  async ({ skip }) => {
    skip(missing !== null, `${missing}`);
    await resetTarget(target);
    const job = await service.run('clone', { from: 'source', to: 'target', ...force });
    expect(job).toMatchObject({ state: 'done', target: 'changed', problem: null });
    expect(await digestOf(target)).toBe(await digestOf(source));
  },
  patience,
);
