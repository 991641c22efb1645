// Two services on one PostgreSQL: they share the jobs, and one takes over from the other.
// What waits for the end of a lease is in the campaign: npm run service-faults.
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { type OwnServer, startServer } from '../servers/server.ts';
import { fillSource } from './matrix/content.ts';
import { adminKey, type RunningService, startService, startWorker } from './scene.ts';

const patience = 240_000;

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

test(
  'the events of a job say which service lost it, and which one goes on',
  async () => {
    const [first, second] = services as [RunningService, RunningService];
    const id = await second.add('export', { database: 'source', format: 'native' });
    const owner = await findOwner();
    const other = owner === first ? second : first;
    const lost = owner.pid;
    await owner.stop('SIGKILL');
    // As if the lease had ended.
    await rowsOf(queue.url(), `update service.jobs set lease_until = now() where state = 'running'`);
    expect(await other.until(id)).toMatchObject({ state: 'done', tries: 2 });
    const events = await other.events(`/api/jobs/${id}/events`, null);
    const lines = events.flatMap(({ type, data }) => (type === 'line' ? [String(data.text)] : []));
    const name = (pid: number) => `service on ${hostname()} (process ${pid})`;
    expect(lines).toContain(
      `Lost: the ${name(lost)} ran this job and does not answer any more. The ${name(other.pid)} goes on with it.`,
    );
    expect(lines).toContain(`Take-over: the ${name(other.pid)} runs this job now, after the ${name(lost)}.`);
    const runners = events.filter(({ data }) => data.state === 'running').map(({ data }) => data.runner);
    expect(runners).toEqual([name(lost), name(other.pid)]);
    for (const secret of [anyServer().password, adminKey]) expect(lines.join()).not.toContain(secret);
    await owner.start();
  },
  patience,
);

// The service that runs a job.
async function findOwner(): Promise<RunningService> {
  for (;;) {
    const owner = services.find((service) => service.jobProcesses().length > 0);
    if (owner !== undefined) return owner;
    await setTimeout(20);
  }
}
