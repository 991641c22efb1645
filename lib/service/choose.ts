// The choice of the next job: in order, within the limits of the service and of each database.

/** An open job, as far as the limits ask. */
export interface OpenJob {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly lane: string;
  /** The database that it reads; null: none. */
  readonly reads: string | null;
  /** The database that it writes to; null: none. */
  readonly writes: string | null;
  /** True if its time has come. */
  readonly isDue: boolean;
}

/** Jobs that may read one database at a time. */
export const mostReaders = 4;

/**
 * The jobs that may start now: for each lane only its first one that is due, in their order. A database has
 * one writer, and no reader besides it, or four readers. At most one of these is an export, because pgmage
 * makes one backup of a database at a time.
 * @param open in the order in which they were added
 */
export function listStartable(open: readonly OpenJob[]): OpenJob[] {
  const active = open.filter(({ state }) => state === 'running' || state === 'cancelling');
  const heads = new Map<string, OpenJob>();
  for (const job of open)
    if (job.state === 'waiting' && job.isDue && !heads.has(job.lane)) heads.set(job.lane, job);
  return [...heads.values()].filter((job) => {
    const writers = (database: string | null) =>
      active.filter(({ writes }) => database !== null && writes === database).length;
    const readers = (database: string | null) =>
      active.filter(({ reads }) => database !== null && reads === database).length;
    if (writers(job.writes) > 0 || readers(job.writes) > 0) return false;
    const isSecond = active.some(({ kind, reads }) => kind === 'export' && reads === job.reads);
    if (job.kind === 'export' && isSecond) return false;
    return writers(job.reads) === 0 && readers(job.reads) < mostReaders;
  });
}
