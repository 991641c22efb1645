// One trial of the kill matrix: a job, a fault at some point of it, and the truth afterwards.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { ServiceJob } from '../../../lib/service/schemas.ts';
import { rowsOf } from '../../servers/databases.ts';
import type { Line } from '../../servers/line.ts';
import type { HangingServer } from '../hanging-commit.ts';
import { type ChangeLog, digestOf, openChangeLog, resetTarget, rows } from './content.ts';
import type { Fault } from './faults.ts';
import { type CancelledKind, isOver, startKind, type TestedKind, writes } from './jobs.ts';
import { park } from './parking.ts';
import { isOwnServer, processesOf, type Stage } from './stage.ts';
import type { Blow } from './strikes.ts';

/** One trial. */
export interface Trial {
  readonly kind: TestedKind;
  readonly fault: Fault;
  /** Milliseconds after the job began. */
  readonly delay: number;
  /** What lets the job hang where it is struck: in its COMMIT, or after some bytes of a line. */
  readonly hang?: Hang;
}

/** Something that lets a job hang. */
export type Hang = Pick<HangingServer, 'hang' | 'untilHanging' | 'release'>;

/** Lets a job hang when so many bytes have passed a line. */
export function hangAfter(line: Line, bytes: number): Hang {
  let hanging: Promise<void> | undefined;
  return {
    async hang() {
      hanging = line.freezeAfter(bytes);
    },
    untilHanging: async () => hanging,
    release: async () => line.mend(),
  };
}

/** The result of a trial that was not wrong. */
export interface TrialResult {
  readonly state: ServiceJob['state'];
  /** How often the job was started. */
  readonly tries: number;
  /** What the job was doing when it was struck. */
  readonly doing: string;
  /** Milliseconds from the fault until the job told the truth, and went on telling it. */
  readonly truth: number;
  /** Milliseconds from the fault until the job was over. */
  readonly over: number;
}

/** A job of a trial, with the state of its target before. */
export interface TriedJob {
  readonly id: string;
  readonly kind: CancelledKind;
  readonly before: string;
  /** Null: the server of the target belongs to other tests, too. */
  readonly changes: ChangeLog | null;
}

/** Milliseconds within which a job has to tell the truth, and in which it is over after its fault. */
export const bar = 45_000;
const mostTries = 8;

/**
 * Does a trial; one whose fault met nothing is repeated, earlier in the job.
 * @throws Error where anything about it is not true, or nothing was struck
 */
export async function attempt(stage: Stage, trial: Trial): Promise<TrialResult> {
  let { delay } = trial;
  for (let tries = 0; tries < mostTries; tries++, delay *= 0.7) {
    const result = await attemptOnce(stage, { ...trial, delay });
    if (result !== null) return result;
  }
  throw new Error(`nothing was struck in ${mostTries} tries`);
}

/** Starts the job of a trial, and waits until it runs. */
export async function begin(stage: Stage, kind: CancelledKind): Promise<TriedJob> {
  const { service, servers, target } = stage;
  await resetTarget(target);
  const changes = isOwnServer(servers.target) ? await openChangeLog(target, kind === 'swap') : null;
  const before = await digestOf(target);
  const id = await startKind(stage, kind);
  await service.until(id, ({ state }) => state !== 'waiting');
  return { id, kind, before, changes };
}

async function attemptOnce(stage: Stage, trial: Trial): Promise<TrialResult | null> {
  const { kind, fault, delay, hang } = trial;
  await park(stage, fault.place);
  await hang?.hang();
  const tried = await begin(stage, kind);
  await (hang?.untilHanging() ?? setTimeout(delay));
  const doing = await whenReady(stage, tried, fault);
  if (doing === null) {
    await stage.service.until(tried.id, isOver);
    return null;
  }
  const struckAt = Date.now();
  const following = follow(stage, tried.id, fault);
  // It is thrown below.
  following.catch(() => undefined);
  // The server answers while, or after, it happens.
  const releasing = hang && setTimeout(3_000).then(() => hang.release());
  const blow = await fault.strike(stage);
  await releasing;
  try {
    const { job, truth, over } = await following;
    if (!blow.isHit || Date.parse(job.endedAt ?? '') < struckAt) return null;
    if (truth > bar) throw new Error(`it told the truth after ${truth} ms: ${JSON.stringify(job)}`);
    await checkEnd(stage, tried, job, blow);
    return { state: job.state, tries: job.tries, doing, truth, over };
  } finally {
    await blow.heal?.();
  }
}

// Waits until there is something to strike. Null: the job was over before.
async function whenReady(stage: Stage, { id }: TriedJob, fault: Fault): Promise<string | null> {
  for (;;) {
    const job = await stage.service.job(id);
    if (isOver(job)) return null;
    if (job.state === 'running' && (await fault.isReady(stage))) return job.doing ?? 'Starting';
    await setTimeout(20);
  }
}

/** The end of a job that was followed. */
interface FollowedEnd extends Pick<TrialResult, 'truth' | 'over'> {
  readonly job: ServiceJob;
}

// Looks at a job until it is over. No answer is not the truth either.
async function follow(stage: Stage, id: string, fault: Fault): Promise<FollowedEnd> {
  const start = performance.now();
  const { place, patience = fault.lasts + bar } = fault;
  let [truth, isTrue] = [0, true];
  for (;;) {
    const job = await stage.service.job(id, 2_000).catch(() => undefined);
    const now = performance.now() - start;
    const wasTrue = isTrue;
    isTrue = job !== undefined && tellsTruth(stage, place, job);
    if (isTrue && !wasTrue) truth = now;
    if (job !== undefined && isOver(job)) return { job, truth, over: now };
    if (now > patience)
      throw new Error(`after ${Math.round(now)} ms the job is still ${JSON.stringify(job ?? 'unknown')}`);
    await setTimeout(50);
  }
}

// A job that runs has a process. Whether the end of one is true, the target says later.
function tellsTruth(stage: Stage, place: Fault['place'], { state }: ServiceJob): boolean {
  if (!/^(running|cancelling)$/.test(state)) return true;
  const { queue, service, workers } = stage;
  // The service has a parked job besides.
  const isParked = queue === 'postgres' && place === 'worker';
  return processesOf(...workers, ...(isParked ? [] : [service])).length > 0;
}

/** Checks the end of a job: its target, its tries, its events, and what is left of it. */
export async function checkEnd(stage: Stage, tried: TriedJob, job: ServiceJob, blow?: Blow): Promise<void> {
  const { id, kind, before, changes } = tried;
  const isDone = job.state === 'done';
  const isChanged = isDone && writes(kind);
  const shown = JSON.stringify(job);
  const check = (what: string, found: unknown, wanted: unknown) => {
    if (found !== wanted) throw new Error(`${what} is ${found} instead of ${wanted}: ${shown}`);
  };
  if (writes(kind)) check('target of the job', job.target, isDone ? 'changed' : 'unchanged');
  const content = isChanged ? stage.wanted : before;
  check('content of the target', await digestOf(stage.target), content);
  if (changes !== null) check('number of changes', await changes.count(), isChanged ? 1 : 0);
  if (kind === 'export' && isDone) checkFile(stage, job, check);
  check('number of tries at most 2', job.tries <= 2, true);
  await blow?.heal?.();
  await noSessionLeft(stage);
  // A process that was cut off changes nothing afterwards.
  check('later content of the target', await digestOf(stage.target), content);
  if (changes !== null) check('later number of changes', await changes.count(), isChanged ? 1 : 0);
  const events = await stage.service.events(`/api/jobs/${id}/events`, null);
  check('ids of the events', String(events.map((one) => one.id)), String(events.map((_, at) => at + 1)));
  check('state of the last event', events.at(-1)?.data.state, job.state);
  const starts = events.filter(({ data }) => data.state === 'running').length;
  check('number of starts', starts, job.tries);
}

function checkFile(
  { folder }: Stage,
  { result }: ServiceJob,
  check: (what: string, found: unknown, wanted: unknown) => void,
): void {
  const made = result as { readonly rows?: number; readonly file?: string } | null;
  check('rows of the backup', made?.rows, rows);
  check('the backup is there', existsSync(join(folder, made?.file ?? '')), true);
}

async function noSessionLeft({ servers, source, target }: Stage): Promise<void> {
  const isOwn = isOwnServer(servers.target);
  // Other tests may use the servers, too.
  const names = isOwn ? '' : ` and datname in ('${source.name}', '${target.name}')`;
  const sql = `select pid from pg_stat_activity where application_name = 'pgmage'${names}`;
  let left = 0;
  for (let waited = 0; waited < 10_000; waited += 50) {
    left = 0;
    for (const { url } of [source, target]) left += (await rowsOf(url, sql)).length;
    if (left === 0) return;
    await setTimeout(50);
  }
  throw new Error(`${left} sessions of a job are left`);
}
