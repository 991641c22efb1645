// The queue: it keeps which jobs wait, in order, so that none is lost and none is taken twice.
import type { Connection } from '../pg/connection.ts';

/** A job that waits. */
export interface Waiting {
  readonly id: string;
  /**
   * Jobs of one lane are taken in their order. Writers of one database share a lane, as do its exports, and
   * exclude one another.
   */
  readonly lane: string;
  /** Seconds that it waits first. */
  readonly delay: number;
}

/** The verbs of a queue. */
export interface Queue {
  /**
   * Adds a job.
   * @param session the transaction that also writes the job's row
   * @returns the queue's own id of it
   */
  add(session: Connection, job: Waiting): Promise<string>;
  /**
   * Keeps jobs for another 30 seconds.
   * @returns those that are still ours
   */
  renew(session: Connection, ids: readonly string[]): Promise<string[]>;
  /** Removes a job that is over or was lost. */
  end(session: Connection, entry: QueueEntry): Promise<void>;
  /** Removes a job that waits. */
  cancel(session: Connection, entry: QueueEntry): Promise<void>;
  /** False: a server besides the database of the jobs does not answer. Left out: there is none. */
  isWell?(): boolean;
  close(): Promise<void>;
}

/** A queue in the database of the jobs, which several processes take jobs from. */
export interface LaneQueue extends Queue {
  /**
   * Takes the first job of a lane.
   * @param session the transaction that also marks the job's row as running
   * @returns null: none is ready
   * @throws Problem with SQLSTATE 23505 if it is a lane of writers or exports, and in use
   */
  take(session: Connection, lane: string): Promise<{ readonly id: string; readonly queueId: string } | null>;
}

/** A job in its lane. */
export interface QueueEntry {
  readonly lane: string;
  /** The queue's own id of it. */
  readonly queueId: string;
}
