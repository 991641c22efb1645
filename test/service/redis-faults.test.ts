// The kill matrix of a queue in Redis: whatever happens to Redis, a worker, the service or a network between
// them, a target is as before or done, the job tells it, and no job is lost. PGMAGE_FAULTS=all
// (npm run service-faults): every kind and fault at PGMAGE_PHASES points, in PGMAGE_SCENES scenes.
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Jobs } from '../../lib/service/schemas.ts';
import type { Line } from '../servers/line.ts';
import { findMissingRedis } from '../servers/redis.ts';
import {
  attempt,
  digestOf,
  type Heal,
  kinds,
  resetTarget,
  startKind,
  type Trial,
  type TrialResult,
  tell,
} from './fault-trial.ts';
import { withHangingCommit } from './hanging-commit.ts';
import { openRedisScene, type RedisScene } from './redis-scene.ts';

const missing = findMissingRedis();
const isCampaign = process.env.PGMAGE_FAULTS === 'all';
const phases = Number(process.env.PGMAGE_PHASES ?? 13);
// Trials wait more than they compute, so several scenes share the work.
const sceneCount = Number(process.env.PGMAGE_SCENES ?? 3);
const patience = 14_400_000;

// It may give the way to end it.
type Fault = (scene: RedisScene) => Promise<unknown>;

// Longer than a worker may be silent.
const long = 36_000;

// Ends a fault after some time, or when the trial asks for it.
function healAfter(milliseconds: number, heal: () => void): Heal {
  let isOver = false;
  const once = () => {
    if (!isOver) heal();
    isOver = true;
  };
  const timer = globalThis.setTimeout(once, milliseconds);
  return () => {
    clearTimeout(timer);
    once();
  };
}

const freeze =
  (
    milliseconds: number,
    of: (scene: RedisScene) => { freeze(): void; thaw?(): void; mend?(): void },
  ): Fault =>
  async (scene) => {
    const one = of(scene);
    one.freeze();
    return healAfter(milliseconds, () => (one.thaw ?? one.mend)?.call(one));
  };
const cut =
  (of: (scene: RedisScene) => Line): Fault =>
  async (scene) => {
    of(scene).cut();
    await setTimeout(1_500);
    of(scene).mend();
  };
const busy = ({ workers }: RedisScene) =>
  workers.find((worker) => worker.jobProcesses().length > 0) ?? workers[0];

const faults: Readonly<Record<string, Fault>> = {
  'a worker is killed': async (scene) => {
    const worker = busy(scene);
    await worker?.stop('SIGKILL');
    await worker?.start();
  },
  'a worker is stopped and started': async (scene) => {
    const worker = busy(scene);
    await worker?.stop('SIGTERM');
    await worker?.start();
  },
  'a worker is frozen for long': async (scene) => {
    const worker = busy(scene);
    worker?.signal('SIGSTOP');
    return healAfter(long, () => worker?.signal('SIGCONT'));
  },
  'the process of a job is killed': async (scene) => {
    for (const pid of busy(scene)?.jobProcesses() ?? []) process.kill(pid, 'SIGKILL');
  },
  'Redis is killed and starts empty': async ({ redis }) => {
    await redis.kill();
    await setTimeout(500);
    await redis.start();
  },
  'Redis is away for long': async ({ redis }) => {
    await redis.kill();
    return healAfter(long, () => void redis.start().catch(() => undefined));
  },
  'Redis is emptied': ({ redis }) => redis.ask(async (client) => void (await client.flushall())),
  'Redis is frozen for a moment': freeze(4_000, ({ redis }) => redis),
  'Redis is frozen for long': freeze(long, ({ redis }) => redis),
  'the service is killed': async ({ service }) => {
    await service.stop('SIGKILL');
    await service.start();
  },
  'the service is stopped and started': async ({ service }) => {
    await service.stop('SIGTERM');
    await service.start();
  },
  'the line of the service is cut': cut(({ lines }) => lines.service),
  'the line of the service is frozen for long': freeze(long, ({ lines }) => lines.service),
  'the line of the workers is cut': cut(({ lines }) => lines.workers),
  'the line of the workers is frozen for long': freeze(long, ({ lines }) => lines.workers),
  'the line to the target is cut': cut(({ lines }) => lines.target),
};

let scenes: RedisScene[] = [];

beforeAll(async () => {
  if (missing !== null) return;
  const length = isCampaign ? sceneCount : 1;
  scenes = await Promise.all(Array.from({ length }, () => openRedisScene({ workers: 2 })));
}, patience);
afterAll(async () => {
  for (const scene of scenes) await scene.close();
}, patience);

// Milliseconds that each kind takes undisturbed, with all scenes at work.
async function measure(kind: Trial['kind']): Promise<number> {
  const times = await Promise.all(
    scenes.map(async (scene) => {
      await resetTarget(scene.target);
      const id = await startKind(scene, kind);
      await scene.service.until(id, ({ state }) => state === 'running');
      const start = performance.now();
      const job = await scene.service.until(id);
      expect([job.kind, job.state, job.problem]).toEqual([job.kind, 'done', null]);
      return performance.now() - start;
    }),
  );
  return Math.max(...times);
}

// In the default run, two of them at one point. Neither waits for the end of a lease.
const few: readonly { readonly kind: Trial['kind']; readonly name: string }[] = [
  { kind: 'clone', name: 'the service is killed' },
  { kind: 'data', name: 'Redis is killed and starts empty' },
];

for (const { kind, name } of isCampaign ? [] : few)
  test(
    `${kind}, and ${name}`,
    async ({ skip }) => {
      skip(missing !== null, `${missing}`);
      const [scene] = scenes as [RedisScene];
      const victim = () => (faults[name] as Fault)(scene);
      expect((await attempt(scene, { kind, victim, delay: 300 })).state).toBe('done');
    },
    patience,
  );

// The trials of one kind, shared by all scenes.
async function runTrials(kind: Trial['kind']): Promise<Map<string, TrialResult[]>> {
  const whole = await measure(kind);
  const trials = Object.entries(faults).flatMap(([name, fault]) =>
    Array.from({ length: phases }, (_, at) => ({ name, fault, delay: (whole * (at + 0.5)) / phases })),
  );
  const results = new Map<string, TrialResult[]>(Object.keys(faults).map((name) => [name, []]));
  await Promise.all(
    scenes.map(async (scene) => {
      for (let trial = trials.shift(); trial !== undefined; trial = trials.shift()) {
        const { name, fault, delay } = trial;
        const victim = () => fault(scene);
        const result = await attempt(scene, { kind, victim, delay, patience: 75_000 });
        results.get(name)?.push(result);
      }
    }),
  );
  return results;
}

for (const kind of isCampaign ? kinds : [])
  test(
    `${kind}, and anything fails at any point`,
    async ({ skip }) => {
      skip(missing !== null, `${missing}`);
      for (const [name, results] of await runTrials(kind)) {
        process.stdout.write(tell(`${kind}, ${name}`, results));
        expect([name, results.length]).toEqual([name, phases]);
      }
    },
    patience,
  );

if (isCampaign)
  test(
    'a worker that dies during COMMIT, and Redis with it, leave a job whose end the server tells',
    async ({ skip }) => {
      skip(missing !== null, `${missing}`);
      await withHangingCommit(async ({ target, untilHanging, release }) => {
        const scene = await openRedisScene({ workers: 1, target });
        try {
          const id = await startKind(scene, 'clone');
          await untilHanging();
          await scene.workers[0]?.stop('SIGKILL');
          await scene.redis.kill();
          await scene.service.until(id, ({ state }) => state === 'lost', 45_000);
          await release();
          const job = await scene.service.until(id, undefined, 45_000);
          expect(job).toMatchObject({ state: 'done', target: 'changed', result: null });
          expect(await digestOf(target)).toBe(await digestOf(scene.source));
        } finally {
          await scene.close();
        }
      });
    },
    patience,
  );

if (isCampaign)
  test(
    'a schedule adds one job for each time, also where the service, a worker or Redis dies',
    async ({ skip }) => {
      skip(missing !== null, `${missing}`);
      const often = { task: 'export', every: '* * * * *', database: 'source', format: 'native' };
      const scene = await openRedisScene({ workers: 2, serve: { schedules: { often } } });
      try {
        for (const name of [
          'the service is killed',
          'a worker is killed',
          'Redis is killed and starts empty',
        ]) {
          // Just before the next minute, and a moment after it has begun.
          await setTimeout(((119 - new Date().getUTCSeconds()) % 60) * 1_000);
          if (name !== 'the service is killed') await setTimeout(3_000);
          await (faults[name] as Fault)(scene);
        }
        const list = async () => {
          const { jobs } = await scene.service.ask<Jobs>('GET', '/api/jobs?limit=100');
          return jobs.filter(({ requestedBy }) => requestedBy === 'schedule often');
        };
        for (const { id } of await list()) expect((await scene.service.until(id)).state).toBe('done');
        const minutes = (await list()).map(({ createdAt }) => createdAt.slice(0, 16));
        process.stdout.write(`scheduled jobs: ${minutes.length}, in ${new Set(minutes).size} minutes\n`);
        expect(minutes.length).toBeGreaterThan(2);
        expect(new Set(minutes).size).toBe(minutes.length);
      } finally {
        await scene.close();
      }
    },
    patience,
  );
