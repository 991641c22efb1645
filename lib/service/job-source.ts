// The contract between a dispatcher and the way on which its jobs come to a process.
import type { OpenJob } from './choose.ts';
import type { TakenJob } from './claims.ts';
import type { BeginWork } from './job-run.ts';

/** The place where jobs that were taken are started and kept. */
export interface JobFloor {
  /** How many jobs run. */
  count(): number;
  /** Starts a job, or follows one that goes on. @param begin the way to its process; left out: here */
  start(job: TakenJob, begin?: BeginWork, goesOn?: 'goes on'): void;
}

/** The source of the jobs of a dispatcher. */
export interface JobSource {
  /**
   * Is called once, before all else.
   * @returns true: jobs that ran before and were not started again here have no process
   */
  begin(floor: JobFloor): Promise<boolean>;
  /** Starts the jobs that may start now. */
  startJobs(open: readonly OpenJob[], floor: JobFloor): Promise<void>;
  /** Hands out no more jobs. */
  stop(): void;
}
