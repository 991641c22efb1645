// Writes down what becomes of a job: its row, its entry in the queue and its event, in one transaction.
import type { Connection } from '../pg/connection.ts';
import { type JobOutcome, writingKinds } from './endings.ts';
import { endJob, findCancelled, readEntry, setEntry, waitAgain } from './jobs.ts';
import { loseJob } from './leases.ts';
import { addNotice, addPing } from './notices.ts';
import { requesterName } from './schedules.ts';
import type { JobHost } from './service.ts';

/**
 * Writes an outcome down.
 * @param owner whose job it is; null: it was lost
 * @param judged the outcome; a job that was cancelled meanwhile does not wait again
 * @returns false: it is another's, or over
 * @throws Problem `queue_unavailable`
 */
export function settle(
  host: JobHost,
  id: string,
  owner: string | null,
  judged: JobOutcome,
): Promise<boolean> {
  const { events, queue } = host;
  return events.change(async (session, note) => {
    const outcome = await withCancel(session, id, owner, judged);
    const entry = await readEntry(session, id);
    if (outcome.is === 'lost') {
      if (!(await loseJob(session, id, owner))) return false;
      await note(id, 'state', { state: 'lost' });
      return true;
    }
    if (outcome.is === 'over') {
      if (!(await endJob(session, id, owner, outcome))) return false;
      if (entry !== null) await queue.end(session, entry);
      const { state, result, problem, target, cancelTooLate } = outcome;
      await note(id, 'state', { state, result, problem, target, cancelTooLate });
      await tellEnd(host, session, id, outcome);
      return true;
    }
    const lane = await waitAgain(session, id, owner, outcome);
    if (lane === null) return false;
    if (entry !== null) await queue.end(session, entry);
    await setEntry(session, id, await queue.add(session, { id, lane, delay: outcome.seconds }));
    await note(id, 'state', { state: 'waiting', problem: outcome.problem });
    return true;
  });
}

// A job may be cancelled after its end was judged. Then it does not wait again: nothing would end it.
async function withCancel(
  session: Connection,
  id: string,
  owner: string | null,
  judged: JobOutcome,
): Promise<JobOutcome> {
  if (judged.is !== 'again') return judged;
  const kind = await findCancelled(session, id, owner);
  // An attempt that may be repeated has changed nothing.
  const target = kind !== null && writingKinds.has(kind) ? 'unchanged' : null;
  return kind === null ? judged : { is: 'over', state: 'cancelled', target };
}

interface Job {
  readonly kind: string;
  readonly database: string | null;
  readonly requestedBy: string;
}

// A run that meets a migration is skipped, which is not a failure. Neither is a cancelled one.
async function tellEnd(
  { settings, project }: JobHost,
  session: Connection,
  id: string,
  outcome: Extract<JobOutcome, { is: 'over' }>,
): Promise<void> {
  const { state, problem = null } = outcome;
  const isFailed = state === 'failed' && (problem as { code?: string } | null)?.code !== 'migration_running';
  if (state !== 'done' && !isFailed) return;
  const [job] = await session.rows<Job>(
    `select kind, coalesce(write_name, read_name) as database, requested_by as "requestedBy"
     from service.jobs where id = $1`,
    [id],
  );
  if (job === undefined) return;
  const { kind, database, requestedBy } = job;
  const names = Object.keys(project.serve?.schedules ?? {});
  const pinged = names.find((name) => requesterName(name) === requestedBy);
  if (pinged !== undefined && project.serve?.schedules?.[pinged]?.ping !== undefined)
    await addPing(session, pinged, isFailed);
  const schedule = /^schedule (.+)$/.exec(requestedBy)?.[1];
  const about = { job: id, kind, database, ...(schedule !== undefined && { schedule }) };
  if (isFailed) await addNotice(session, settings.notify, { event: 'job_failed', ...about, problem });
  const changes = kind === 'drift' ? countDrift(outcome.result) : 0;
  if (changes > 0) await addNotice(session, settings.notify, { event: 'drift_found', ...about, changes });
}

function countDrift(result: unknown): number {
  const { inSync, changes } = (result ?? {}) as { inSync?: boolean; changes?: readonly unknown[] };
  return inSync === false ? (changes?.length ?? 0) : 0;
}
