// One trial of the kill matrix: a job, a fault at some point of it, and the truth afterwards.
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import type { ServiceJob } from '../../lib/service/schemas.ts';
import { type Database, rowsOf } from '../servers/databases.ts';
import { query } from '../servers/server.ts';
import type { RunningService } from './scene.ts';

/** The jobs under test. */
export const kinds = ['export', 'import', 'clone', 'swap', 'data'] as const;
/** What is killed or cut. `cancel`: nothing, the job is asked to stop. */
export const victims = ['service', 'process', 'target', 'source', 'cancel'] as const;

/** The place of a trial. */
export interface FaultScene {
  readonly service: RunningService;
  readonly source: Database;
  readonly target: Database;
  /** A backup of the source. */
  readonly file: string;
}

/** One trial. */
export interface Trial {
  readonly kind: (typeof kinds)[number];
  readonly victim: (typeof victims)[number] | (() => Promise<unknown>);
  /** Milliseconds after the job began. */
  readonly delay: number;
  /** Milliseconds until the job has to be over; left out: 45,000. */
  readonly patience?: number;
}

/** Ends a fault that goes on: what a victim's function may give. It may be called more than once. */
export type Heal = () => void;

/** The result of a trial that was not wrong. */
export interface TrialResult {
  readonly state: ServiceJob['state'];
  /** Milliseconds from the fault to the true state. */
  readonly took: number;
}

const rows = 40_000;

/** Fills the source, once. */
export async function fillSource({ url }: Database): Promise<void> {
  await query(
    url,
    `create table users (id int primary key, name text);
     insert into users select i, repeat(md5(i::text), 4) from generate_series(1, ${rows}) i`,
  );
}

/** Puts the target into its state before a job. */
export async function resetTarget({ url }: Database): Promise<void> {
  await query(
    url,
    `drop table if exists users; create table users (id int primary key, name text);
     insert into users select i, 'old' from generate_series(1, 500) i`,
  );
}

/** A digest of the rows of a database. */
export async function digestOf({ url }: Database): Promise<string> {
  const [row] = await rowsOf<{ digest: string }>(
    url,
    `select count(*) || ' ' || md5(string_agg(u::text, ',' order by id)) as digest from users u`,
  );
  return row?.digest ?? '';
}

/** Starts the job of a trial. @returns its id */
export function startKind({ service, file }: FaultScene, kind: Trial['kind']): Promise<string> {
  const to = { to: 'target', force: true, confirm: 'target', backupFirst: false };
  if (kind === 'export') return service.add('export', { database: 'source', format: 'native' });
  if (kind === 'import') return service.add('import', { file, ...to });
  if (kind === 'data') return service.add('data', { from: 'source', ...to });
  return service.add('clone', { from: 'source', ...to, ...(kind === 'swap' && { swap: true }) });
}

const isOver = ({ state }: ServiceJob) => ['done', 'failed', 'cancelled'].includes(state);

/** Does a trial. Throws where anything about it is not true. */
export async function attempt(scene: FaultScene, trial: Trial): Promise<TrialResult> {
  const { service, target } = scene;
  await resetTarget(target);
  const [before, wanted] = [await digestOf(target), await digestOf(scene.source)];
  const id = await startKind(scene, trial.kind);
  await service.until(id, ({ state }) => state !== 'waiting');
  await setTimeout(trial.delay);
  const start = performance.now();
  const heal = await act(scene, id, trial.victim);
  const job = await service.until(id, isOver, trial.patience ?? 45_000);
  const took = performance.now() - start;
  const [digest, shown] = [await digestOf(target), JSON.stringify({ trial, job })];
  if (trial.kind === 'export') {
    expect([shown, digest]).toEqual([shown, before]);
    if (job.state === 'done') expect([shown, job.result]).toEqual([shown, expect.objectContaining({ rows })]);
  } else {
    expect([shown, job.target]).toEqual([shown, job.state === 'done' ? 'changed' : 'unchanged']);
    expect([shown, digest]).toEqual([shown, job.state === 'done' ? wanted : before]);
  }
  if (trial.victim === 'cancel') expect([shown, job.state]).not.toEqual([shown, 'failed']);
  expect([shown, job.tries <= 2]).toEqual([shown, true]);
  if (typeof heal === 'function') heal();
  await noSessionLeft(scene);
  // A process that was cut off changes nothing afterwards.
  expect([shown, await digestOf(target)]).toEqual([shown, digest]);
  return { state: job.state, took };
}

async function act(
  { service, source, target }: FaultScene,
  id: string,
  victim: Trial['victim'],
): Promise<unknown> {
  switch (victim) {
    case 'service': {
      const processes = service.jobProcesses();
      await service.stop('SIGKILL');
      for (const pid of processes) await untilGone(pid);
      await service.start();
      break;
    }
    case 'process':
      for (const pid of service.jobProcesses()) process.kill(pid, 'SIGKILL');
      break;
    case 'cancel':
      await service.request('POST', `/api/jobs/${id}/cancel`);
      break;
    case 'target':
    case 'source':
      await terminate(victim === 'target' ? target : source);
      break;
    default:
      return victim();
  }
  return null;
}

// A process of a job ends with its service.
async function untilGone(pid: number): Promise<void> {
  for (let waited = 0; waited < 10_000; waited += 20) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await setTimeout(20);
  }
  throw new Error(`the process ${pid} of a job outlives its service`);
}

const own = "application_name = 'pgmage' and pid <> pg_backend_pid()";

async function terminate({ url, name }: Database): Promise<void> {
  await query(
    url,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}' and ${own}`,
  );
}

async function noSessionLeft({ target, source }: FaultScene): Promise<void> {
  const sql = `select pid from pg_stat_activity where datname in ('${target.name}', '${source.name}') and ${own}`;
  for (let waited = 0; waited < 10_000; waited += 50) {
    if ((await rowsOf(target.url, sql)).length === 0) return;
    await setTimeout(50);
  }
  throw new Error('a session of a job is left');
}

/** Says what came of trials. */
export function tell(what: string, results: readonly TrialResult[]): string {
  const states = [...new Set(results.map(({ state }) => state))].sort();
  const counts = states.map((state) => `${results.filter((one) => one.state === state).length} ${state}`);
  const slowest = Math.max(0, ...results.map(({ took }) => took)) / 1000;
  return `${what}: ${results.length} trials, ${counts.join(', ')}, 0 wrong; the slowest ${slowest.toFixed(1)} s\n`;
}
