// The entries of a queue in Redis as the rows of jobs have them: one for each attempt of a job.
import type { Connection } from '../../pg/connection.ts';
import { type NamedProcess, type TakenJob, takenColumns } from '../claims.ts';
import { leaseSeconds } from '../leases.ts';

/** A job that runs at a worker. */
export interface AdoptedJob extends TakenJob {
  readonly worker: string;
  readonly entry: string;
  /** The name of the service that had it; null: its row is older than names. */
  readonly before: string | null;
}

/** The entries of waiting jobs. */
export function listEntries(
  session: Connection,
  jobs: readonly string[],
): Promise<{ readonly job: string; readonly entry: string }[]> {
  return session.rows(
    `select id as job, queue_id as entry from service.jobs
     where id = any($1::uuid[]) and state = 'waiting' and queue_id is not null`,
    [jobs],
  );
}

/** The waiting job of an entry; null: there is none. */
export async function findEntry(session: Connection, entry: string): Promise<string | null> {
  const [row] = await session.rows<{ id: string }>(
    `select id from service.jobs where queue_id = $1::uuid and state = 'waiting'`,
    [entry],
  );
  return row?.id ?? null;
}

/** Makes the jobs that run at workers those of a service that has started. */
export function adoptJobs(session: Connection, { id, name }: NamedProcess): Promise<AdoptedJob[]> {
  return session.rows<AdoptedJob>(
    `update service.jobs set owner = $1, owner_name = $3,
       lease_until = pg_catalog.now() + $2::int * interval '1 s'
     from (select id as known, owner_name as before from service.jobs) prior
     where known = id and state in ('running', 'cancelling') and worker is not null and queue_id is not null
     returning ${takenColumns}, queue_id as entry, before`,
    [id, leaseSeconds, name],
  );
}

/** The id of this installation, by which workers find its service again after a restart. */
export async function readInstallation(session: Connection): Promise<string> {
  await session.rows(
    `insert into service.installation (id) values (pg_catalog.gen_random_uuid()) on conflict do nothing`,
  );
  const [row] = await session.rows<{ id: string }>('select id from service.installation');
  return row?.id ?? '';
}
