// Starts the jobs of schedules when their time has come, and warns where one is overdue.
import { findBackups } from '../backup/find.ts';
import type { Connection } from '../pg/connection.ts';
import { Problem, toProblem } from '../problem/problem.ts';
import type { Requester } from './keys.ts';
import { addNotice } from './notices.ts';
import { type JobRequest, requestJob } from './requests.ts';
import type { ScheduleDefinition } from './schedule-schemas.ts';
import type { Scheduler } from './scheduler-type.ts';
import {
  findDueSlot,
  isOverdue,
  listSchedules,
  matchRows,
  readConfigured,
  requesterName,
  type ScheduleState,
} from './schedules.ts';
import type { Service } from './service.ts';
import type { Turn } from './store.ts';

// Milliseconds between two looks.
const tick = 5_000;

/**
 * Starts the schedules.
 * @throws Problem `bad_config`, `queue_unavailable`
 */
export async function startScheduler(service: Service): Promise<Scheduler> {
  const configured = readConfigured(service.project.serve?.schedules ?? {});
  const list = (turn: Turn) => service.store.use((session) => listSchedules(session, configured), turn);
  await service.store.change((session) => matchRows(session, configured));
  let isLooking = false;
  const look = async () => {
    if (isLooking || service.isStopping) return;
    isLooking = true;
    try {
      for (const schedule of await list('own')) await attend(service, schedule);
    } catch (thrown) {
      service.log.error({ reason: (thrown as Error).message }, 'the schedules were not looked at');
    } finally {
      isLooking = false;
    }
  };
  const timer = setInterval(() => void look(), tick);
  void look();
  const find = async (name: string, turn: Turn) => {
    const found = (await list(turn)).find((one) => one.name === name);
    if (found === undefined) throw new Problem('unknown_schedule', { schedule: name });
    return found;
  };
  return {
    list,
    find,
    runNow: async (name) =>
      (await requestJob(service, await requestOf(service, await find(name, 'request')))).id,
    stop: () => clearInterval(timer),
  };
}

async function attend(service: Service, schedule: ScheduleState): Promise<void> {
  const now = service.world.now();
  const slot = findDueSlot(schedule, now);
  if (slot !== null) await runSlot(service, schedule, slot);
  else if (isOverdue(schedule, now)) await warn(service, schedule);
}

// The slot is taken in the transaction that adds the job: of two services, one adds it.
async function runSlot(service: Service, schedule: ScheduleState, slot: Date): Promise<void> {
  const { name } = schedule;
  const take = (problem: unknown) => async (session: Connection, job: string | null) => {
    const rows = await session.rows(
      `update service.schedules set last_slot = $2::timestamptz, last_job = $3::uuid, last_problem = $4::jsonb
       where name = $1 and not paused and (last_slot is null or last_slot < $2::timestamptz) returning name`,
      [name, slot.toISOString(), job, problem === null ? null : JSON.stringify(problem)],
    );
    return rows.length > 0;
  };
  try {
    await requestJob(service, { ...(await requestOf(service, schedule)), claim: take(null) });
  } catch (thrown) {
    const problem = toProblem(thrown);
    // The next look tries again.
    if (['queue_unavailable', 'queue_full', 'slot_taken'].includes(problem.code)) return;
    await service.store.change(async (session) => {
      if (!(await take(problem.toJSON())(session, null))) return;
      const told = { event: 'job_failed', schedule: name, problem: problem.toJSON() } as const;
      await addNotice(session, service.settings.notify, told);
    });
    service.log.error({ schedule: name, code: problem.code }, problem.message);
  }
}

async function requestOf(service: Service, { name, definition }: ScheduleState): Promise<JobRequest> {
  const { task, every: _, timeZone: __, maxAgeHours: ___, retryLost, ...parameters } = definition;
  const requester: Requester = { name: requesterName(name), scopes: ['admin'], to: null };
  return {
    kind: task,
    parameters: task === 'verify' ? await nameBackup(service, definition) : parameters,
    requester,
    isScheduled: true,
    ...(retryLost !== undefined && { retryLost }),
  };
}

async function nameBackup(
  { project, settings }: Service,
  definition: ScheduleDefinition,
): Promise<Record<string, unknown>> {
  const { database, drill, on } = definition as Extract<ScheduleDefinition, { task: 'verify' }>;
  const all = await findBackups(project, settings.backups === null ? {} : { dir: settings.backups });
  const started = ({ manifest }: (typeof all)[number]) => manifest?.started ?? '';
  const [newest] = all
    .filter(({ manifest }) => manifest?.environment === database)
    .sort((a, b) => (started(a) < started(b) ? 1 : -1));
  if (newest === undefined) throw new Problem('missing_file', { file: `the newest backup of ${database}` });
  return {
    file: newest.name,
    ...(drill !== undefined && { drill }),
    // The schedule names the database.
    ...(drill && { on: on ?? database }),
  };
}

// Once for each time that passes without a success.
async function warn(service: Service, { name, since, lastSuccess }: ScheduleState): Promise<void> {
  const from = (lastSuccess ?? since).toISOString();
  await service.store.change(async (session) => {
    const rows = await session.rows(
      `update service.schedules set warned_at = pg_catalog.now()
       where name = $1 and (warned_at is null or warned_at < $2::timestamptz) returning name`,
      [name, from],
    );
    if (rows.length === 0) return;
    service.log.warn({ schedule: name, lastSuccess: lastSuccess?.toISOString() ?? null }, 'overdue');
    await addNotice(session, service.settings.notify, {
      event: 'overdue',
      schedule: name,
      lastSuccess: lastSuccess?.toISOString() ?? null,
    });
  });
}
