// Two services on one PostgreSQL: they share the jobs, and one takes over from the other.
// What waits for the end of a lease runs in the campaign: npm run service-faults.
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Jobs } from '../../lib/service/schemas.ts';
import { type Database, freshDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { type OwnServer, startServer } from '../servers/server.ts';
import { attempt, type FaultScene, fillSource, kinds, type TrialResult, tell } from './fault-trial.ts';
import { type RunningService, startService, startWorker } from './scene.ts';

const isCampaign = process.env.PGMAGE_FAULTS === 'all';
const patience = isCampaign ? 7_200_000 : 240_000;

let queue: OwnServer;
let source: Database;
let target: Database;
let services: RunningService[];

beforeAll(async () => {
  queue = await startServer(anyServer().major);
  [source, target] = [await freshDatabase(anyServer()), await freshDatabase(anyServer())];
  await fillSource(source);
  const environments = { source: source.url, target: target.url };
  const variables = { PGMAGE_QUEUE_URL: queue.url(), PGMAGE_CONCURRENCY: '1' };
  services = await Promise.all([0, 1].map(() => startService({ environments, variables })));
}, patience);
afterAll(async () => {
  for (const service of services ?? []) await service.remove();
  await source?.drop();
  await target?.drop();
  await queue?.stop();
});

// These wait for the end of a lease.
function onlyInCampaign(name: string, work: () => Promise<void>, limit: number): void {
  if (isCampaign) test(name, work, limit);
}

test(
  'both services take jobs, and each job is done once',
  async () => {
    const [first, second] = services as [RunningService, RunningService];
    const ids: string[] = [];
    for (const keep of [false, true])
      for (const database of ['source', 'target'])
        ids.push(await first.add('export', { database, keep, format: 'native' }));
    for (const id of ids) expect(await second.until(id)).toMatchObject({ state: 'done', tries: 1 });
    const starts = [first, second].map(({ output }) => output.split('job started').length - 1);
    expect(starts.reduce((sum, one) => sum + one)).toBe(ids.length);
    expect(Math.min(...starts)).toBeGreaterThan(0);
    // The other service sees the events of a job that it does not run.
    const id = await first.add('export', { database: 'source', format: 'native' });
    const events = await second.events(`/api/jobs/${id}/events`, null);
    expect(events.map((event) => event.id)).toEqual(events.map((_, index) => index + 1));
    expect(events.at(-1)).toMatchObject({ data: { state: 'done' } });
  },
  patience,
);

test(
  'a worker takes jobs of the same queue, and answers no requests',
  async () => {
    const [first] = services as [RunningService, RunningService];
    const environments = { source: source.url, target: target.url };
    const variables = { PGMAGE_QUEUE_URL: queue.url(), PGMAGE_CONCURRENCY: '1' };
    const worker = await startWorker({ environments, variables });
    try {
      // Both services have one place each, and four jobs may run at once.
      const ids: string[] = [];
      for (const database of ['source', 'target']) {
        ids.push(await first.add('export', { database, format: 'native' }));
        ids.push((await first.ask<{ id: string }>('POST', `/api/databases/${database}/drift`)).id);
      }
      for (const id of ids) expect(await first.until(id)).toMatchObject({ state: 'done', tries: 1 });
      expect(worker.output).toContain('job started');
      expect(worker.output).not.toContain('127.0.0.1:8170');
      expect(await worker.stop()).toBe(0);
      expect(worker.output).toContain('has stopped');
    } finally {
      await worker.remove();
    }
  },
  patience,
);

onlyInCampaign(
  'a service that is killed loses its job to the other one',
  async () => {
    const [first, second] = services as [RunningService, RunningService];
    const id = await second.add('export', { database: 'source', format: 'native', keep: true });
    let owner: RunningService | undefined;
    while (owner === undefined) {
      owner = services.find((service) => service.jobProcesses().length > 0);
      await setTimeout(20);
    }
    await owner.stop('SIGKILL');
    const other = owner === first ? second : first;
    const start = performance.now();
    expect(await other.until(id, undefined, 60_000)).toMatchObject({ state: 'done', tries: 2 });
    process.stdout.write(`taken over after ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
    await owner.start();
    const { jobs } = await owner.ask<Jobs>('GET', '/api/jobs?limit=200');
    expect(jobs.filter(({ state }) => state !== 'done')).toEqual([]);
  },
  patience,
);

onlyInCampaign(
  'a restart of the queue in the middle of a job leaves a true state',
  async () => {
    const [first] = services as [RunningService];
    const made = await first.run('export', { database: 'source', format: 'native' });
    const { file } = made.result as { file: string };
    // Both services need the file.
    await (services[1] as RunningService).stop('SIGTERM');
    const scene: FaultScene = { service: first, source, target, file };
    const results: TrialResult[] = [];
    for (const kind of kinds)
      for (const delay of [0, 300, 600, 900, 1200, 1500, 1800, 2100])
        results.push(await attempt(scene, { kind, victim: () => queue.restart(), delay }));
    process.stdout.write(tell('the queue restarts', results));
    expect(results.length).toBeGreaterThan(0);
  },
  patience,
);
