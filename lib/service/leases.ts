// The leases of jobs that run, and the rows of those whose process is gone.
import type { Connection } from '../pg/connection.ts';
import type { LostJob } from './jobs.ts';

/** The seconds that a job is kept for its owner. */
export const leaseSeconds = 30;

/** Keeps jobs for their owner. @returns those that are still its */
export async function renewLeases(
  session: Connection,
  owner: string,
  ids: readonly string[],
): Promise<string[]> {
  const rows = await session.rows<{ id: string }>(
    `update service.jobs set lease_until = pg_catalog.now() + interval '${leaseSeconds} s'
     where id = any($1::uuid[]) and owner = $2 and state in ('running', 'cancelling') returning id`,
    [ids, owner],
  );
  return rows.map(({ id }) => id);
}

/**
 * Marks jobs of other services as lost whose lease ended.
 * @param all true: also those whose lease holds, because no other process can have them
 * @returns each with the name of the process that ran it; null: its row is older than names
 */
export function markLost(
  session: Connection,
  own: string,
  all: boolean,
): Promise<{ readonly id: string; readonly runner: string | null }[]> {
  return session.rows(
    `update service.jobs set state = 'lost', owner = null, lease_until = null
     where state in ('running', 'cancelling') and owner is distinct from $2::uuid
       and ($1 or lease_until < pg_catalog.now())
     returning id, coalesce(worker_name, owner_name) as runner`,
    [all, own],
  );
}

/** The lost jobs whose end is not known yet. */
export function listLost(session: Connection): Promise<LostJob[]> {
  return session.rows<LostJob>(
    `select id, kind, write_name as "to", tries, retry_lost as "retryLost", cancel_asked as "cancelAsked",
       commit_xid as "commitXid"
     from service.jobs where state = 'lost' order by number`,
  );
}

/** Marks one job as lost. @returns false: it is another's, or over */
export async function loseJob(session: Connection, id: string, owner: string | null): Promise<boolean> {
  const rows = await session.rows(
    `update service.jobs set state = 'lost', owner = null, lease_until = null
     where id = $1 and owner is not distinct from $2::uuid and state in ('running', 'cancelling')
     returning id`,
    [id, owner],
  );
  return rows.length > 0;
}
