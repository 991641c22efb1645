// Jobs that this process takes from the queue in its database, as many as it may run.
import { Problem } from '../problem/problem.ts';
import { listStartable, type OpenJob } from './choose.ts';
import { claimJob, type TakenJob } from './claims.ts';
import type { JobFloor, JobSource } from './job-source.ts';
import { listOpenJobs } from './jobs.ts';
import { leaseSeconds } from './leases.ts';
import type { LaneQueue } from './queue.ts';
import type { JobHost } from './service.ts';

/** Opens the source of a host whose queue is in its database. */
export function openLaneSource(host: JobHost, queue: LaneQueue): JobSource {
  let isStopped = false;
  return {
    // An embedded queue belongs to this process alone: jobs that ran have no process.
    begin: async () => host.store.kind === 'embedded',
    async startJobs(open, floor) {
      const { store, settings } = host;
      const refused = new Set<string>();
      for (let left = open; floor.count() < settings.concurrency && !isStopped; ) {
        const next = listStartable(left).find(({ lane }) => !refused.has(lane));
        if (next === undefined) return;
        if (!(await startNext(host, queue, floor, next))) refused.add(next.lane);
        left = await store.use(listOpenJobs);
      }
    },
    stop: () => {
      isStopped = true;
    },
  };
}

async function startNext(
  host: JobHost,
  queue: LaneQueue,
  floor: JobFloor,
  { lane }: OpenJob,
): Promise<boolean> {
  const job = await take(host, queue, lane);
  if (job !== null) floor.start(job);
  return job !== null;
}

// Null: another service was faster, or the lane is in use.
async function take({ events, id, name }: JobHost, queue: LaneQueue, lane: string): Promise<TakenJob | null> {
  try {
    return await events.change(async (session, note) => {
      const taken = await queue.take(session, lane);
      if (taken === null) return null;
      const claim = { owner: { id, name }, seconds: leaseSeconds, worker: null };
      const job = await claimJob(session, note, taken.id, claim);
      // It does not wait any more.
      if (job === null) await queue.end(session, { lane, queueId: taken.queueId });
      return job;
    });
  } catch (thrown) {
    const isInUse =
      thrown instanceof Problem && 'sqlstate' in thrown.data && thrown.data.sqlstate === '23505';
    if (isInUse) return null;
    throw thrown;
  }
}
