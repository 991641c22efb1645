// The history and its limits: old plans, answers, jobs and events are deleted.
import type { Connection } from '../pg/connection.ts';
import type { Store } from './store.ts';

/** How long jobs and their events are kept. Jobs that are not over stay. */
export const historyLimits = { jobDays: 90, jobs: 10_000, eventDays: 7 } as const;

// Rows of one transaction: requests of other parts go between.
const most = 1_000;

const over = "state in ('done', 'failed', 'cancelled')";

// The newest success of each schedule stays: without it, the schedule would be overdue.
const oldJobs = `delete from service.jobs where id in (
  select j.id from service.jobs j
  where j.${over} and (j.ended_at < pg_catalog.now() - interval '${historyLimits.jobDays} days'
      or j.number <= (select k.number from service.jobs k order by k.number desc
        offset ${historyLimits.jobs} limit 1))
    and not exists (select from service.schedules s where s.last_job = j.id)
    and j.id not in (select distinct on (d.requested_by) d.id from service.jobs d
      where d.state = 'done' and d.requested_by like 'schedule %' order by d.requested_by, d.ended_at desc)
  order by j.number limit ${most}) returning id`;

const oldEvents = `delete from service.events where number in (
  select e.number from service.events e join service.jobs j on j.id = e.job
  where e.at < pg_catalog.now() - interval '${historyLimits.eventDays} days' and j.${over}
  order by e.number limit ${most}) returning number`;

/**
 * Deletes plans and answers that are too old, old jobs with their events, old events, and what pg-boss
 * keeps of jobs that are over.
 * @returns the number of jobs and events that were deleted
 * @throws Problem `queue_unavailable`
 */
export async function forgetOld({ use, change }: Store): Promise<{ jobs: number; events: number }> {
  await change(async (session) => {
    await session.rows('delete from service.plans where expires_at < pg_catalog.now()');
    await session.rows(`delete from service.requests where at < pg_catalog.now() - interval '24 hours'`);
    const [boss] = await session.rows<{ has: boolean }>(
      `select pg_catalog.to_regclass('pgboss.archive') is not null as has`,
    );
    if (boss?.has)
      await session.rows(
        `delete from pgboss.archive
         where archived_on < pg_catalog.now() - interval '${historyLimits.eventDays} days'`,
      );
  });
  const deleteAll = async (sql: string) => {
    for (let count = 0; ; ) {
      const rows = await use((session: Connection) => session.rows(sql));
      count += rows.length;
      if (rows.length < most) return count;
    }
  };
  return { jobs: await deleteAll(oldJobs), events: await deleteAll(oldEvents) };
}
