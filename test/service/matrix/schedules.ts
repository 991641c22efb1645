// A schedule of every minute, while programs and the queue die: one job for each minute.
import { setTimeout } from 'node:timers/promises';
import type { Jobs } from '../../../lib/service/schemas.ts';
import type { CampaignPlan } from './campaign.ts';
import { isOver } from './jobs.ts';
import { openOwnStage } from './own-stage.ts';
import type { QueueName, Stage } from './stage.ts';

const often = { task: 'export', every: '* * * * *', database: 'source', format: 'native' };

// Milliseconds: before the minute begins, and after it.
const deaths: Readonly<Record<string, { readonly at: number; do(stage: Stage): Promise<void> }>> = {
  'the service dies before the minute': { at: -1_000, do: ({ service }) => restart(service) },
  'the service dies in the minute': { at: 1_000, do: ({ service }) => restart(service) },
  'a worker dies in the minute': {
    at: 3_000,
    async do({ workers }) {
      await Promise.all(workers.slice(0, 1).map(restart));
    },
  },
  'the queue dies before the minute': { at: -1_000, do: restartQueue },
  'the queue dies in the minute': { at: 3_000, do: restartQueue },
};

/** Runs a schedule while programs die. With PostgreSQL, two services have it. */
export async function runSchedules(plan: CampaignPlan, queue: QueueName): Promise<void> {
  const row = `${queue}, a schedule of every minute`;
  if (!plan.only.test(row)) return;
  const more = queue === 'postgres' ? { others: 1 } : {};
  const own = await openOwnStage({ which: plan.which, queue, serve: { schedules: { often } }, ...more });
  try {
    for (const [name, death] of Object.entries(deaths)) {
      if (queue === 'embedded' && !name.includes('service')) continue;
      await untilMinute(death.at);
      await death.do(own.stage);
      plan.tally.add({ row, kind: 'export', state: 'done' });
    }
    // The job of the last minute is there soon.
    await untilMinute(40_000);
    const minutes = await readMinutes(own.stage);
    const wrong = findWrong(minutes);
    plan.tell(`${row}: ${minutes.length} jobs${wrong === null ? '' : `, WRONG ${wrong}`}`);
    if (wrong !== null) plan.tally.add({ row, kind: 'export', wrong });
  } finally {
    await own.close();
  }
}

async function restart(program: { stop(signal: 'SIGKILL'): Promise<unknown>; start(): Promise<void> }) {
  await program.stop('SIGKILL');
  await program.start();
}

async function restartQueue({ redis, servers }: Stage): Promise<void> {
  await servers.queue?.restart();
  await redis?.kill();
  await redis?.start();
}

// The next time that is so far from the beginning of a minute, at least five seconds from now.
async function untilMinute(offset: number): Promise<void> {
  const minute = 60_000;
  const earliest = Date.now() + 5_000;
  const next = Math.ceil((earliest - offset) / minute) * minute + offset;
  await setTimeout(next - Date.now());
}

// The minutes in which the jobs of the schedule were added, when all are over.
async function readMinutes({ service }: Stage): Promise<string[]> {
  const { jobs } = await service.ask<Jobs>('GET', '/api/jobs?limit=200');
  const own = jobs.filter(({ requestedBy }) => requestedBy === 'schedule often');
  for (const { id } of own) {
    const { state, problem } = await service.until(id, isOver);
    if (state !== 'done') throw new Error(`a scheduled job is ${state}: ${JSON.stringify(problem)}`);
  }
  return own.map(({ createdAt }) => createdAt.slice(0, 16)).reverse();
}

function findWrong(minutes: readonly string[]): string | null {
  const times = minutes.map((minute) => Date.parse(`${minute}:00Z`));
  const gaps = times.slice(1).map((time, at) => (time - (times[at] ?? 0)) / 60_000);
  if (minutes.length < 3) return `only ${minutes.length} minutes have a job`;
  return gaps.every((gap) => gap === 1) ? null : `the minutes of the jobs are ${minutes.join(', ')}`;
}
