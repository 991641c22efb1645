// A service and its workers on one Redis: jobs spread, are cancelled, survive an empty Redis and a service
// that is away, and no secret is in Redis. Faults in the middle of jobs: redis-faults.test.ts.
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectRedis } from '../../lib/service/redis/connect.ts';
import type { FromWorker, SentWork, ToWorker } from '../../lib/service/redis/letters.ts';
import { Inbox, Outbox } from '../../lib/service/redis/mail.ts';
import { openOffers } from '../../lib/service/redis/offers.ts';
import { openSealer } from '../../lib/service/redis/seals.ts';
import type { Jobs } from '../../lib/service/schemas.ts';
import { openStore } from '../../lib/service/store.ts';
import { makeProject, type Project } from '../program/project.ts';
import { findMissingRedis, type OwnRedis } from '../servers/redis.ts';
import { anyServer } from '../servers/running.ts';
import { freePort } from '../servers/server.ts';
import { digestOf, resetTarget } from './matrix/content.ts';
import { startKind } from './matrix/jobs.ts';
import { openStage, type Stage } from './matrix/stage.ts';
import type { RunningWorker } from './scene.ts';

const missing = findMissingRedis();
const patience = 240_000;

let scene: Stage;
let redis: OwnRedis;
let project: Project;

beforeAll(async () => {
  if (missing !== null) return;
  const server = anyServer();
  scene = await openStage({ queue: 'redis', servers: { source: server, target: server } });
  redis = scene.redis as OwnRedis;
  project = await makeProject();
}, patience);
afterAll(async () => {
  await scene?.close();
  await project?.remove();
});

// A wait that ends with its event; the limit is for a machine that is very busy.
const wait = { timeout: 120_000 };

const starts = () => scene.workers.map(({ output }) => output.split('job started').length - 1);

test(
  'jobs spread over two workers, and each is done once',
  async ({ skip }) => {
    skip(missing !== null, `${missing}`);
    const { service } = scene;
    const before = starts();
    const ids: string[] = [];
    for (const keep of [false, true])
      for (const database of ['source', 'target'])
        ids.push(await service.add('export', { database, keep, format: 'native' }));
    for (const id of ids) expect(await service.until(id)).toMatchObject({ state: 'done', tries: 1 });
    const started = starts().map((count, at) => count - (before[at] as number));
    expect([started.reduce((sum, one) => sum + one), Math.min(...started) > 0]).toEqual([ids.length, true]);
    const events = await service.events(`/api/jobs/${ids[0]}/events`, null);
    expect(events.map(({ id }) => id)).toEqual(events.map((_, at) => at + 1));
    expect(events.map(({ type }) => type)).toContain('line');
    expect(events.at(-1)).toMatchObject({ data: { state: 'done' } });
  },
  patience,
);

test(
  'Redis sees names of environments, and no password',
  async ({ skip }) => {
    skip(missing !== null, `${missing}`);
    const { service, source, target } = scene;
    await resetTarget(target);
    const commands: string[] = [];
    await redis.ask(async (client) => {
      const monitor = await client.monitor();
      monitor.on('monitor', (_: string, words: string[]) => commands.push(words.join(' ')));
      const id = await startKind(scene, 'clone');
      expect(await service.until(id)).toMatchObject({ state: 'done', target: 'changed', problem: null });
      monitor.disconnect();
    });
    expect(await digestOf(target)).toBe(await digestOf(source));
    const seen = commands.join('\n') + (await redis.dump());
    expect(seen).toMatch(/"is":"start".*"from":"source"/);
    expect(seen).toContain('"is":"committing"');
    for (const { url } of [source, target]) {
      const { password } = new URL(url);
      expect([password.length > 8, seen.includes(password)]).toEqual([true, false]);
    }
    expect(seen).not.toContain(redis.password);
  },
  patience,
);

test(
  'a cancel reaches a worker and a waiting job at once',
  async ({ skip }) => {
    skip(missing !== null, `${missing}`);
    const { service, target } = scene;
    await resetTarget(target);
    const before = await digestOf(target);
    const id = await startKind(scene, 'clone');
    await service.until(id, ({ state }) => state === 'running');
    const second = await service.add('data', {
      from: 'source',
      to: 'target',
      force: true,
      confirm: 'target',
    });
    expect((await service.request('POST', `/api/jobs/${second}/cancel`)).body).toEqual({
      state: 'cancelled',
    });
    await setTimeout(300);
    const start = performance.now();
    await service.request('POST', `/api/jobs/${id}/cancel`);
    expect(await service.until(id)).toMatchObject({ state: 'cancelled', target: 'unchanged' });
    // Two seconds, and as much again on a busy machine.
    expect(performance.now() - start).toBeLessThan(4_000);
    expect(await digestOf(target)).toBe(before);
    expect(scene.workers.map(({ output }) => output.includes(second))).toEqual([false, false]);
  },
  patience,
);

test(
  'jobs that wait or run are done after Redis was emptied',
  async ({ skip }) => {
    skip(missing !== null, `${missing}`);
    const { service } = scene;
    const ids: string[] = [];
    for (const keep of [false, true])
      for (const database of ['source', 'target'])
        ids.push(await service.add('export', { database, keep, format: 'native' }));
    await service.until(ids[0] as string, ({ state }) => state === 'running');
    await redis.ask((client) => client.flushall());
    for (const id of ids) expect(await service.until(id)).toMatchObject({ state: 'done', tries: 1 });
  },
  patience,
);

test(
  'a schedule adds one job for its time, also if the service dies and starts again',
  async ({ skip }) => {
    skip(missing !== null, `${missing}`);
    const { service } = scene;
    const body = { task: 'export', every: 'daily', database: 'source', format: 'native' };
    await service.ask('PUT', '/api/schedules/nightly', body);
    await service.stop();
    const { root } = service;
    const place = { url: null, folder: join(root, '.pgmage/service'), cacheDir: join(root, '.pgmage/cache') };
    const store = await openStore({ ...place, progress: () => undefined });
    const sql = `update service.schedules set since = now() - interval '2 days', last_slot = null`;
    await store.change((session) => session.rows(sql)).finally(() => store.close());
    await service.start();
    const list = async () => {
      const { jobs } = await service.ask<Jobs>('GET', '/api/jobs?limit=200');
      return jobs.filter(({ requestedBy }) => requestedBy === 'schedule nightly');
    };
    await expect.poll(async () => (await list()).length, wait).toBe(1);
    await service.stop('SIGKILL');
    await service.start();
    const [job] = await list();
    expect(await service.until(job?.id ?? '')).toMatchObject({ state: 'done' });
    // The scheduler looks every five seconds.
    await setTimeout(6_000);
    expect(await list()).toHaveLength(1);
    await service.request('DELETE', '/api/schedules/nightly');
  },
  patience,
);

// Whether the messages of a worker that the service did not read yet have a text.
const hasSent = ({ output }: RunningWorker, part: string) =>
  redis.ask(async (client) => {
    const worker = /"worker":"[^"]+"/.exec(output)?.[0] ?? expect.unreachable();
    const lists = await client.keys('pgmage:mail:*');
    const texts = (await Promise.all(lists.map((list) => client.lrange(list, 0, -1)))).flat();
    return texts.some((text) => text.includes(worker) && text.includes(part));
  });

test(
  'jobs that workers take while the service is away begin later, and no try is used up',
  async ({ skip }) => {
    skip(missing !== null, `${missing}`);
    const { service, source, target, workers } = scene;
    await resetTarget(target);
    const [stopped, patient] = workers as [RunningWorker, RunningWorker];
    for (const worker of workers) worker.signal('SIGSTOP');
    const ids = [await startKind(scene, 'clone'), await startKind(scene, 'export')];
    const offered = () =>
      redis.ask(async (client) => {
        const [list] = await client.keys('pgmage:jobs-*:wait');
        return list === undefined ? 0 : client.llen(list);
      });
    await expect.poll(offered, wait).toBe(2);
    await service.stop('SIGKILL');
    for (const worker of workers) worker.signal('SIGCONT');
    for (const worker of workers) await expect.poll(() => hasSent(worker, '"is":"take"'), wait).toBe(true);
    // One of them stops, and the other one waits as long as it does for an answer.
    expect(await stopped.stop('SIGTERM')).toBe(0);
    await expect.poll(() => hasSent(patient, '"isUnbegun":true'), wait).toBe(true);
    await service.start();
    for (const id of ids) expect(await service.until(id)).toMatchObject({ state: 'done', tries: 1 });
    expect(await digestOf(target)).toBe(await digestOf(source));
    const events = await service.events(`/api/jobs/${ids[0]}/events`, null);
    expect(JSON.stringify(events)).toMatch(/worker on .+ gave the job back before it began/);
    expect(patient.output).not.toContain('came too late');
    await stopped.start();
  },
  patience,
);

test(
  'a job that goes on at its worker says which service follows it after a restart',
  async ({ skip }) => {
    skip(missing !== null, `${missing}`);
    const { service, target } = scene;
    await resetTarget(target);
    const before = service.pid;
    const id = await startKind(scene, 'clone');
    await service.until(id, ({ state }) => state === 'running');
    await service.stop('SIGKILL');
    await service.start();
    expect(await service.until(id)).toMatchObject({ state: 'done', tries: 1, target: 'changed' });
    const events = await service.events(`/api/jobs/${id}/events`, null);
    const lines = events.flatMap(({ type, data }) => (type === 'line' ? [String(data.text)] : []));
    const [line = ''] = lines.filter((one) => one.startsWith('Take-over: '));
    expect(line).toContain(`the service on ${hostname()} (process ${service.pid}) follows this job now`);
    expect(line).toContain(`after the service on ${hostname()} (process ${before}).`);
    const runners = scene.workers.map(({ pid }) => `worker on ${hostname()} (process ${pid}) still runs it`);
    expect(runners.some((one) => line.includes(one))).toBe(true);
    expect(service.output).toContain('job goes on');
  },
  patience,
);

test(
  'a worker runs no job that another client of its Redis sends, valid or not',
  async ({ skip }) => {
    skip(missing !== null, `${missing}`);
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
    const quiet = () => undefined;
    const clients = [connectRedis(redis.url, quiet), connectRedis(redis.url, quiet)] as const;
    const offers = openOffers(redis.url, version, quiet);
    const outbox = new Outbox(clients[0]);
    const sealer = await openSealer(join(scene.folder, 'intruder'));
    const work = { does: 'job', kind: 'prune', parameters: { keepDaily: 1 }, agreed: null } as const;
    const sent: SentWork = { ...work, storage: null, requestedBy: 'intruder' };
    const entries = { plain: randomUUID(), sealed: randomUUID() };
    const ends = new Map<string, unknown>();
    const inbox = new Inbox(clients[1], 'intruder', (given) => {
      const message = given as FromWorker;
      if (message.is === 'take') {
        const { worker, entry, nonce } = message;
        const start: ToWorker = { is: 'start', entry, nonce, work: sent };
        outbox.send(worker, entry === entries.plain ? start : sealer.seal(worker, start));
      } else if (message.is === 'ended') ends.set(message.entry, message.ending);
    });
    const [before, files] = [starts(), readdirSync(scene.folder)];
    expect(files.filter((name) => name.endsWith('.native')).length).toBeGreaterThan(1);
    for (const entry of Object.values(entries))
      await offers.offer(entry, { service: 'intruder', job: entry });
    try {
      // The workers give up after a while.
      await expect.poll(() => ends.size, wait).toBe(2);
      for (const end of ends.values()) expect(end).toMatchObject({ isUnbegun: true, result: null });
      const output = scene.workers.map((worker) => worker.output).join('');
      expect(output).toContain('a message was refused: it is not of the service that this worker trusts');
      expect([starts(), readdirSync(scene.folder)]).toEqual([before, files]);
    } finally {
      inbox.close();
      offers.close();
      clients[0].disconnect();
    }
  },
  patience,
);

test(
  'a second service on the same Redis is refused',
  async ({ skip }) => {
    skip(missing !== null, `${missing}`);
    const variables = { PGMAGE_QUEUE_URL: redis.url };
    const run = await project.pgmage(`serve --once --port ${await freePort()}`, { variables });
    expect([run.code, run.log]).toEqual([
      1,
      expect.stringContaining('Another pgmage serve uses Redis at 127.0.0.1'),
    ]);
    expect(run.log).toContain('serve:worker');
  },
  patience,
);
