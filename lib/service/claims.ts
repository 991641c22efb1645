// The claims of processes on jobs: taking one, and the right to commit it.
import type { Connection } from '../pg/connection.ts';
import type { NoteEvent } from './events.ts';
import type { AgreedLosses } from './jobs.ts';
import { describeTakeOver } from './process-names.ts';
import type { JobKind } from './schemas.ts';

/** A job that a service has taken. */
export interface TakenJob {
  readonly id: string;
  readonly kind: JobKind;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly to: string | null;
  readonly tries: number;
  readonly requestedBy: string;
  readonly agreed: AgreedLosses | null;
  readonly retryLost: boolean;
  /** The worker that runs it; null: its owner does. */
  readonly worker: string | null;
  /** The name of the process that runs it. */
  readonly runner: string;
  /** The name of the process that lost it before; null: none did. */
  readonly lostBy: string | null;
  /** The transaction whose COMMIT was allowed; null: none was. */
  readonly commitXid: string | null;
  readonly cancelAsked: boolean;
}

/** The columns of a job that was taken. */
export const takenColumns = `id, kind, parameters, write_name as "to", tries, agreed, worker,
  coalesce(worker_name, owner_name, 'service') as runner, lost_by as "lostBy",
  requested_by as "requestedBy", retry_lost as "retryLost", commit_xid as "commitXid",
  cancel_asked as "cancelAsked"`;

/** The owner of a job, and the time for which it is kept. */
export interface Claim {
  readonly owner: NamedProcess;
  readonly seconds: number;
  /** The worker that runs it; null: the owner does. */
  readonly worker: NamedProcess | null;
}

/** A service or a worker. */
export interface NamedProcess {
  readonly id: string;
  readonly name: string;
}

/** Marks a waiting job as running, and notes that; null: it does not wait any more. */
export async function claimJob(
  session: Connection,
  note: NoteEvent,
  id: string,
  { owner, seconds, worker }: Claim,
): Promise<TakenJob | null> {
  const [job] = await session.rows<TakenJob>(
    `update service.jobs set state = 'running', owner = $2, tries = tries + 1, commit_xid = null,
       lease_until = pg_catalog.now() + $3::int * interval '1 s', started_at = pg_catalog.now(),
       progress = null, doing = null, worker = $4, owner_name = $5, worker_name = $6
     where id = $1 and state = 'waiting' returning ${takenColumns}`,
    [id, owner.id, seconds, worker?.id ?? null, owner.name, worker?.name ?? null],
  );
  if (job === undefined) return null;
  const { runner, lostBy } = job;
  await note(id, 'state', { state: 'running', runner });
  if (lostBy !== null && lostBy !== runner)
    await note(id, 'line', { text: describeTakeOver(lostBy, runner) });
  return job;
}

/**
 * Allows the COMMIT of a job: only while it is its owner's, and no cancel was asked for.
 * @param xid the transaction on the target, by which its end is found out later
 * @returns false: it must roll back
 */
export async function allowCommit(
  session: Connection,
  { id, owner, xid }: { readonly id: string; readonly owner: string; readonly xid: string },
): Promise<boolean> {
  const rows = await session.rows(
    `update service.jobs set commit_xid = $3 where id = $1 and owner = $2 and state = 'running' returning id`,
    [id, owner, xid],
  );
  return rows.length > 0;
}
