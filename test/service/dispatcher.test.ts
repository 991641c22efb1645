// The dispatcher at its edges: jobs that are taken while it stops, that go on from before, and whose end the
// queue does not take.
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Project } from '../../lib/project/project.ts';
import type { World } from '../../lib/project/world.ts';
import { openBossQueue } from '../../lib/service/boss-queue.ts';
import type { RunningWork, WorkEnding } from '../../lib/service/child.ts';
import { claimJob, type TakenJob } from '../../lib/service/claims.ts';
import { startDispatcher } from '../../lib/service/dispatcher.ts';
import { openEventLog } from '../../lib/service/events.ts';
import type { JobFloor, JobSource } from '../../lib/service/job-source.ts';
import { askCancel, insertJob, readEntry, readJob, setEntry } from '../../lib/service/jobs.ts';
import { loseJob } from '../../lib/service/leases.ts';
import type { ProcessWork } from '../../lib/service/messages.ts';
import type { JobKind } from '../../lib/service/schemas.ts';
import type { JobHost } from '../../lib/service/service.ts';
import { readSettings } from '../../lib/service/settings.ts';
import { settle } from '../../lib/service/settle.ts';
import { openStore } from '../../lib/service/store.ts';
import { type Database, freshDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

let database: Database;
beforeAll(async () => {
  database = await freshDatabase(anyServer());
});
afterAll(() => database?.drop());

/** A host with a real queue, and what it logs. */
interface OpenHost {
  readonly host: JobHost;
  readonly logged: string[];
  /** A job that the host has taken. */
  take(kind?: JobKind): Promise<TakenJob>;
  close(): Promise<void>;
}

async function openHost(): Promise<OpenHost> {
  const place = { url: database.url, folder: tmpdir(), cacheDir: tmpdir(), progress: () => undefined };
  const store = await openStore(place);
  const [id, name] = [randomUUID(), 'service on here (process 1)'];
  const queue = await openBossQueue(store, id, () => undefined);
  const logged: string[] = [];
  const tell = (_: object, message: string) => void logged.push(message);
  const project = { root: tmpdir(), version: '1' } as Project;
  const world = { now: () => new Date() } as World;
  const [settings, log] = [readSettings(project, {}), { info: tell, warn: tell, error: tell }];
  const parts = { store, queue, events: openEventLog(store), log, isStopping: false };
  const host: JobHost = { ...{ project, world, settings, id, name, wake: () => undefined }, ...parts };
  return {
    host,
    logged,
    take: (kind) => takeNew(host, kind),
    async close() {
      host.events.close();
      await queue.close();
      await store.close();
    },
  };
}

async function takeNew(host: JobHost, kind: JobKind = 'prune'): Promise<TakenJob> {
  const { events, queue, id: owner, name } = host;
  const id = randomUUID();
  const taken = await events.change(async (session, note) => {
    const nothing = { reads: null, writes: null, from: null, to: null, retryOf: null, agreed: null };
    const facts = { lane: 'read-1', requestedBy: 'test', retryLost: false, digest: id };
    await insertJob(session, { id, kind, parameters: {}, ...nothing, ...facts });
    await setEntry(session, id, await queue.add(session, { id, lane: 'read-1', delay: 0 }));
    return claimJob(session, note, id, { owner: { id: owner, name }, seconds: 30, worker: null });
  });
  return taken as TakenJob;
}

const ended: WorkEnding = { exitCode: 143, signal: null, failure: null, result: null, problem: null };

// A process that goes on until it is asked to stop.
class HeldWork implements RunningWork {
  readonly pid = 1;
  isReleased = false;
  #end: (ending: WorkEnding) => void = () => undefined;
  readonly ended = new Promise<WorkEnding>((resolve) => {
    this.#end = resolve;
  });

  cancel(): void {
    this.#end(ended);
  }

  kill(): void {
    this.#end(ended);
  }

  release(): void {
    this.isReleased = true;
  }
}

const nothingBegins = async () => false;

test('a job that is taken while the service stops ends before that', async () => {
  const { host, take, close } = await openHost();
  const work = new HeldWork();
  let goOn: () => void = () => undefined;
  const isHeld = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let job: TakenJob | undefined;
  const source: JobSource = {
    begin: nothingBegins,
    // The answer to the claim takes some time.
    async startJobs(_, floor) {
      if (job !== undefined) return;
      job = await take();
      await isHeld;
      floor.start(job, () => work);
    },
    stop: () => undefined,
  };
  const dispatcher = await startDispatcher(host, source);
  await expect.poll(() => job?.id).toBeDefined();
  const stop = dispatcher.stop(50);
  setTimeout(goOn, 200);
  await stop;
  const left = await host.store.use((session) => readJob(session, job?.id ?? ''));
  expect([left?.state, left?.tries, dispatcher.running()]).toEqual(['waiting', 1, []]);
  await close();
});

test('a job that goes on from before a restart has the rule of storage, and is logged as that', async () => {
  const { host, take, logged, close } = await openHost();
  const [work, job] = [new HeldWork(), await take()];
  const given: ProcessWork[] = [];
  const source: JobSource = {
    async begin(floor: JobFloor) {
      const begin = (one: ProcessWork) => {
        given.push(one);
        return work;
      };
      floor.start(job, begin, 'goes on');
      return false;
    },
    startJobs: async () => undefined,
    stop: () => undefined,
  };
  const dispatcher = await startDispatcher(host, source);
  expect(given[0]?.storage).toMatchObject({ limit: null, retention: { daily: 7 } });
  expect(logged).toEqual(['job goes on']);
  await dispatcher.stop(0);
  await close();
});

test('an end that the queue did not take is neither logged nor forgotten by its worker', async () => {
  const { host, take, logged, close } = await openHost();
  const [work, job] = [new HeldWork(), await take()];
  const source: JobSource = {
    begin: nothingBegins,
    startJobs: async (_, floor) => void (floor.count() === 0 && floor.start(job, () => work)),
    stop: () => undefined,
  };
  const dispatcher = await startDispatcher(host, source);
  await expect.poll(() => dispatcher.running().length).toBe(1);
  host.isStopping = true;
  await close();
  await dispatcher.stop(0);
  expect(logged).toContain('the end of a job was not written');
  expect([logged.includes('job ended'), work.isReleased]).toEqual([false, false]);
});

test.each([
  ['fails', 'data', 'unchanged'],
  ['fails', 'prune', null],
  ['is lost', 'data', 'unchanged'],
] as const)(
  'a job that %s and is cancelled before it waits again is over: %s',
  async (what, kind, target) => {
    const { host, take, close } = await openHost();
    const { id } = await take(kind);
    const owner = what === 'fails' ? host.id : null;
    await host.store.change(async (session) => {
      if (owner === null) await loseJob(session, id, host.id);
      await askCancel(session, id);
    });
    const again = { is: 'again', why: owner === null ? 'lost' : 'failed', seconds: 10 } as const;
    expect(await settle(host, id, randomUUID(), again)).toBe(false);
    expect(await settle(host, id, owner, again)).toBe(true);
    const [left, entry] = await host.store.use(async (session) => [
      await readJob(session, id),
      await readEntry(session, id),
    ]);
    expect([left?.state, left?.target, entry]).toEqual(['cancelled', target, null]);
    const log = await host.events.readLog(id);
    expect(log.at(-1)?.data).toMatchObject({ state: 'cancelled' });
    await close();
  },
);
