// The rows of jobs: reading them, and each change of state as one guarded statement.
import type { Connection } from '../pg/connection.ts';
import type { OpenJob } from './choose.ts';
import type { JobKind, JobProgress, JobState, Jobs, JobsQuery, ServiceJob } from './schemas.ts';

/** The losses that were agreed to: no more rows may be lost than these. */
export interface AgreedLosses {
  /** The address of the target when the plan was made. */
  readonly target: string;
  readonly losses: readonly { readonly table: string; readonly rows: number }[];
}

/** A job that is added. */
export interface NewJob {
  readonly id: string;
  readonly kind: JobKind;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Of kind and parameters: equal requests have the same. */
  readonly digest: string;
  /** The databases that it reads and writes, as places; null: none. */
  readonly reads: string | null;
  readonly writes: string | null;
  /** The names of their environments. */
  readonly from: string | null;
  readonly to: string | null;
  readonly lane: string;
  readonly requestedBy: string;
  readonly retryOf: string | null;
  readonly retryLost: boolean;
  readonly agreed: AgreedLosses | null;
}

/** A job that lost its process. */
export interface LostJob {
  readonly id: string;
  readonly kind: JobKind;
  readonly to: string | null;
  readonly tries: number;
  readonly retryLost: boolean;
  readonly cancelAsked: boolean;
  /** The transaction whose COMMIT was begun; null: none was. */
  readonly commitXid: string | null;
}

/** How a job ended. */
export interface JobEnd {
  readonly state: 'done' | 'failed' | 'cancelled';
  readonly result?: unknown;
  readonly problem?: unknown;
  readonly target: 'unchanged' | 'changed' | 'unknown' | null;
  readonly cancelTooLate?: boolean;
}

const iso = (column: string) =>
  `pg_catalog.to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const columns = `id, kind, state, parameters, read_name as "from", write_name as "to", tries, progress, doing,
  result, problem, target, cancel_too_late as "cancelTooLate", requested_by as "requestedBy",
  retry_of as "retryOf", ${iso('created_at')} as "createdAt",
  case when state = 'waiting' and start_after > pg_catalog.now() then ${iso('start_after')} end
    as "startAfter",
  ${iso('started_at')} as "startedAt", ${iso('ended_at')} as "endedAt"`;

/** Adds a job and returns nothing; its entry in the queue is set by `setEntry`. */
export async function insertJob(session: Connection, job: NewJob): Promise<void> {
  await session.rows(
    `insert into service.jobs (id, kind, state, parameters, digest, reads, writes, read_name, write_name,
       lane, requested_by, retry_of, retry_lost, agreed)
     values ($1, $2, 'waiting', $3::jsonb, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::jsonb)`,
    [
      job.id,
      job.kind,
      JSON.stringify(job.parameters),
      job.digest,
      job.reads,
      job.writes,
      job.from,
      job.to,
      job.lane,
      job.requestedBy,
      job.retryOf,
      job.retryLost,
      job.agreed === null ? null : JSON.stringify(job.agreed),
    ],
  );
}

/** Notes the queue's own id of a job. */
export async function setEntry(session: Connection, id: string, queueId: string): Promise<void> {
  await session.rows('update service.jobs set queue_id = $2 where id = $1', [id, queueId]);
}

/** The entry of a job in the queue; null: it has none. */
export async function readEntry(
  session: Connection,
  id: string,
): Promise<{ lane: string; queueId: string } | null> {
  const [row] = await session.rows<{ lane: string; queueId: string }>(
    'select lane, queue_id as "queueId" from service.jobs where id = $1 and queue_id is not null',
    [id],
  );
  return row ?? null;
}

/** One job; null: there is none. */
export async function readJob(session: Connection, id: string): Promise<ServiceJob | null> {
  const [row] = await session.rows<ServiceJob>(`select ${columns} from service.jobs where id = $1`, [id]);
  return row ?? null;
}

/** A page of jobs, newest first. */
export async function listJobs(session: Connection, query: JobsQuery): Promise<Jobs> {
  const { state = null, kind = null, database = null, before = null, limit = 50 } = query;
  const rows = await session.rows<ServiceJob>(
    `select ${columns} from service.jobs
     where ($1::text is null or state = $1) and ($2::text is null or kind = $2)
       and ($3::text is null or read_name = $3 or write_name = $3)
       and ($4::uuid is null or number < (select b.number from service.jobs b where b.id = $4))
     order by number desc limit $5`,
    [state, kind, database, before, limit + 1],
  );
  const jobs = rows.slice(0, limit);
  return { jobs, next: rows.length > limit ? (jobs.at(-1)?.id ?? null) : null };
}

/** Jobs that run, and of each lane the first that waits and the first that is due, as they were added. */
export function listOpenJobs(session: Connection): Promise<OpenJob[]> {
  return session.rows<OpenJob>(
    `select id, kind, state, lane, reads, writes, "isDue" from (
       select distinct on (place, "isDue") * from (
         select *, case state when 'waiting' then lane else id::text end as place,
           start_after <= pg_catalog.now() as "isDue"
         from service.jobs where state in ('waiting', 'running', 'cancelling')
       ) open order by place, "isDue", number) first order by number`,
  );
}

/** The number of jobs that wait, and the waiting one with the same request. */
export async function countWaiting(
  session: Connection,
  digest: string,
): Promise<{ count: number; same: string | null }> {
  const [row] = await session.rows<{ count: number; same: string | null }>(
    `select pg_catalog.count(*)::int as count,
       (select s.id from service.jobs s where s.state = 'waiting' and s.digest = $1 limit 1) as same
     from service.jobs where state = 'waiting'`,
    [digest],
  );
  return row as { count: number; same: string | null };
}

/** Notes how far a job is. */
export async function setProgress(
  session: Connection,
  id: string,
  { progress, doing }: { readonly progress?: JobProgress; readonly doing?: string },
): Promise<void> {
  await session.rows(
    `update service.jobs set progress = coalesce($2::jsonb, progress), doing = coalesce($3, doing)
     where id = $1 and state in ('running', 'cancelling')`,
    [id, progress === undefined ? null : JSON.stringify(progress), doing ?? null],
  );
}

/** Asks a job to stop. @returns its state before; null: there is no such job */
export async function askCancel(session: Connection, id: string): Promise<JobState | null> {
  const [row] = await session.rows<{ state: JobState }>(
    'select state from service.jobs where id = $1 for update',
    [id],
  );
  const { state } = row ?? {};
  if (state === 'running' || state === 'lost')
    await session.rows(
      `update service.jobs set cancel_asked = true,
         state = case state when 'running' then 'cancelling' else state end where id = $1`,
      [id],
    );
  return state ?? null;
}

/** The jobs of an owner that are asked to stop. */
export async function listCancelling(session: Connection, owner: string): Promise<string[]> {
  const rows = await session.rows<{ id: string }>(
    `select id from service.jobs where owner = $1 and state = 'cancelling'`,
    [owner],
  );
  return rows.map(({ id }) => id);
}

/**
 * Ends a job.
 * @param owner whose it is; null: it was lost, or waits
 * @returns false: it is another's, or over
 */
export async function endJob(
  session: Connection,
  id: string,
  owner: string | null,
  end: JobEnd,
): Promise<boolean> {
  const rows = await session.rows(
    `update service.jobs set state = $3, result = $4::jsonb, problem = $5::jsonb, target = $6,
       cancel_too_late = $7, ended_at = pg_catalog.now(), owner = null, lease_until = null, queue_id = null
     where id = $1 and owner is not distinct from $2::uuid
       and state in ('waiting', 'running', 'cancelling', 'lost') returning id`,
    [
      id,
      owner,
      end.state,
      end.result === undefined ? null : JSON.stringify(end.result),
      end.problem === undefined ? null : JSON.stringify(end.problem),
      end.target,
      end.cancelTooLate ?? false,
    ],
  );
  return rows.length > 0;
}

/** A job's next attempt. */
export interface NextTry {
  /** `unbegun`: the attempt before did not begin, and does not count. */
  readonly why: 'failed' | 'lost' | 'unbegun';
  readonly seconds: number;
}

/** Lets a job wait again. @returns its lane; null: it is another's, or over */
export async function waitAgain(
  session: Connection,
  id: string,
  owner: string | null,
  { why, seconds }: NextTry,
): Promise<string | null> {
  const [row] = await session.rows<{ lane: string }>(
    `update service.jobs set state = 'waiting', owner = null, lease_until = null, queue_id = null,
       start_after = pg_catalog.now() + $3::int * interval '1 s',
       tries = tries - case $4::text when 'unbegun' then 1 else 0 end,
       lost_by = case $4 when 'lost' then coalesce(worker_name, owner_name)
         when 'unbegun' then lost_by end
     where id = $1 and owner is not distinct from $2::uuid and state in ('running', 'lost') returning lane`,
    [id, owner, seconds, why],
  );
  return row?.lane ?? null;
}

/**
 * Finds out whether a job was asked to stop, and keeps others from asking until the transaction ends.
 * @param owner whose it is; null: it was lost
 * @returns its kind; null: it was not asked, or is another's
 */
export async function findCancelled(
  session: Connection,
  id: string,
  owner: string | null,
): Promise<JobKind | null> {
  const [row] = await session.rows<{ kind: JobKind; cancelAsked: boolean }>(
    `select kind, cancel_asked as "cancelAsked" from service.jobs
     where id = $1 and owner is not distinct from $2::uuid and state in ('running', 'cancelling', 'lost')
     for update`,
    [id, owner],
  );
  return row?.cancelAsked ? row.kind : null;
}

/** Deletes a job that is over, with its events. @returns false: it is not over */
export async function deleteJob(session: Connection, id: string): Promise<boolean> {
  const rows = await session.rows(
    `delete from service.jobs where id = $1 and state in ('done', 'failed', 'cancelled') returning id`,
    [id],
  );
  return rows.length > 0;
}

/** The backups that jobs read which are not over. */
export async function listFilesInUse(session: Connection): Promise<string[]> {
  const rows = await session.rows<{ file: string }>(
    `select distinct parameters->>'file' as file from service.jobs
     where state in ('waiting', 'running', 'cancelling', 'lost') and parameters->>'file' is not null`,
  );
  return rows.map(({ file }) => file);
}
