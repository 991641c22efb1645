// One cancel: the time that it takes, and what is left.
import { readdirSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { rowsOf } from '../../servers/databases.ts';
import { type CancelledKind, isOver, writes } from './jobs.ts';
import type { Stage } from './stage.ts';
import { begin, checkEnd, type TrialResult } from './trial.ts';

/** Milliseconds that a cancel may take, COMMIT apart. */
const bar = 2_000;
const mostTries = 8;

/**
 * Cancels a job; one that was over before is repeated, earlier in the job.
 * @param first milliseconds after the job began
 * @throws Error where anything about it is wrong
 */
export async function cancelAt(stage: Stage, kind: CancelledKind, first: number): Promise<TrialResult> {
  for (let tries = 0, delay = first; tries < mostTries; tries++, delay *= 0.7) {
    const result = await cancelOnce(stage, kind, delay);
    if (result !== null) return result;
  }
  throw new Error(`the job was over before each of ${mostTries} cancels`);
}

// Null: the cancel came after the end, or after the COMMIT.
async function cancelOnce(stage: Stage, kind: CancelledKind, delay: number): Promise<TrialResult | null> {
  const { service } = stage;
  const tried = await begin(stage, kind);
  await setTimeout(delay);
  const { doing } = await service.job(tried.id);
  const start = performance.now();
  const { status } = await service.request('POST', `/api/jobs/${tried.id}/cancel`);
  const job = await service.until(tried.id, isOver);
  const over = performance.now() - start;
  const shown = JSON.stringify(job);
  const isLate = job.state === 'done' && (status === 409 || job.cancelTooLate || !writes(kind));
  if (job.state !== 'cancelled' && !isLate) throw new Error(`it was not cancelled: ${shown}`);
  await checkEnd(stage, tried, job);
  if (isLate) return null;
  if (over > bar) throw new Error(`it took ${Math.round(over)} ms: ${shown}`);
  await nothingLeft(stage);
  return { state: job.state, tries: job.tries, doing: doing ?? 'Starting', truth: 0, over };
}

async function nothingLeft({ target, folder }: Stage): Promise<void> {
  const sql = `select datname::text as name from pg_database where datname like 'pgmage\\_%'`;
  const databases = async () => (await rowsOf<{ name: string }>(target.url, sql)).map(({ name }) => name);
  const files = () => readdirSync(folder).filter((name) => name.endsWith('.partial'));
  let left: string[] = [];
  for (let waited = 0; waited < 3_000; waited += 100) {
    left = [...(await databases()), ...files()];
    if (left.length === 0) return;
    await setTimeout(100);
  }
  throw new Error(`a cancelled job has left ${left.join(', ')}`);
}
