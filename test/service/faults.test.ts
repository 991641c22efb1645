// The kill matrix: whatever is killed while a job runs, its target is as before or done, and its state true.
// PGMAGE_FAULTS=all (npm run service-faults): every kind and victim at PGMAGE_PHASES points of the job.
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Jobs } from '../../lib/service/schemas.ts';
import { type Database, freshDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import {
  attempt,
  digestOf,
  type FaultScene,
  fillSource,
  kinds,
  resetTarget,
  startKind,
  type Trial,
  type TrialResult,
  tell,
  victims,
} from './fault-trial.ts';
import { withHangingCommit } from './hanging-commit.ts';
import { type RunningService, startService } from './scene.ts';

const isCampaign = process.env.PGMAGE_FAULTS === 'all';
const phases = Number(process.env.PGMAGE_PHASES ?? 13);
const patience = isCampaign ? 7_200_000 : 240_000;

let source: Database;
let target: Database;
let service: RunningService;
let scene: FaultScene;
// Milliseconds that each kind takes undisturbed.
const usual = new Map<string, number>();

async function makeScene(variables: Readonly<Record<string, string>> = {}): Promise<FaultScene> {
  const environments = { source: source.url, target: target.url };
  service = await startService({ environments, variables });
  const made = await service.run('export', { database: 'source', format: 'native' });
  return { service, source, target, file: (made.result as { file: string }).file };
}

beforeAll(async () => {
  [source, target] = [await freshDatabase(anyServer()), await freshDatabase(anyServer())];
  await fillSource(source);
  scene = await makeScene();
}, patience);
afterAll(async () => {
  await service?.remove();
  await source?.drop();
  await target?.drop();
});

async function measure(kind: Trial['kind']): Promise<number> {
  await resetTarget(target);
  const known = usual.get(kind);
  if (known !== undefined) return known;
  const id = await startKind(scene, kind);
  await service.until(id, ({ state }) => state === 'running');
  const start = performance.now();
  const job = await service.until(id);
  expect([job.kind, job.state, job.problem]).toEqual([job.kind, 'done', null]);
  usual.set(kind, performance.now() - start);
  return performance.now() - start;
}

// In the default run, three of them at one point.
const few = ['export by service', 'clone by process', 'data by cancel'];
const chosen = kinds
  .flatMap((kind) => victims.map((victim) => ({ kind, victim })))
  .filter(({ kind, victim }) => isCampaign || few.includes(`${kind} by ${victim}`));

test.each(chosen)(
  '$kind, and $victim fails at any point',
  async ({ kind, victim }) => {
    const whole = isCampaign ? await measure(kind) : 2_400;
    const results: TrialResult[] = [];
    const points = isCampaign ? Array.from({ length: phases }, (_, at) => (at + 0.5) / phases) : [0.5];
    for (const point of points) results.push(await attempt(scene, { kind, victim, delay: whole * point }));
    process.stdout.write(tell(`${kind}, ${victim}`, results));
    expect(results.length).toBe(points.length);
    if (victim === 'cancel')
      for (const { took } of results) expect(took).toBeLessThan(isCampaign ? 4_000 : 8_000);
  },
  patience,
);

// It takes the 15 seconds after which a process is ended.
if (isCampaign)
  test(
    'a process that does not answer is ended, and its job is cancelled',
    async () => {
      const freeze = async () => {
        for (const pid of service.jobProcesses()) process.kill(pid, 'SIGSTOP');
        const { jobs } = await service.ask<Jobs>('GET', '/api/jobs?limit=1');
        await service.request('POST', `/api/jobs/${jobs[0]?.id}/cancel`);
      };
      const results = [await attempt(scene, { kind: 'clone', victim: freeze, delay: 1_000 })];
      process.stdout.write(tell('clone, frozen and cancelled', results));
      expect(results[0]?.state).toBe('cancelled');
    },
    patience,
  );

test(
  'a process that is killed during COMMIT leaves a job whose end the server tells',
  async () => {
    await withHangingCommit(async ({ target: other, untilHanging, release }) => {
      const hanging = await startService({ environments: { source: source.url, target: other.url } });
      try {
        const body = { from: 'source', to: 'target', force: true, confirm: 'target' };
        const id = await hanging.add('clone', body);
        await untilHanging();
        // A cancel comes too late now.
        await hanging.request('POST', `/api/jobs/${id}/cancel`);
        for (const pid of hanging.jobProcesses()) process.kill(pid, 'SIGKILL');
        await setTimeout(1_000);
        expect((await hanging.job(id)).state).toMatch(/^(lost|cancelling)$/);
        await release();
        const job = await hanging.until(id, undefined, 45_000);
        expect(job).toMatchObject({ state: 'done', target: 'changed', cancelTooLate: true, result: null });
        expect(await digestOf(other)).toBe(await digestOf(source));
      } finally {
        await hanging.remove();
      }
    });
  },
  patience,
);
