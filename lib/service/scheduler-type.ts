// The schedules at work, as routes see them.
import type { ScheduleState } from './schedules.ts';
import type { Turn } from './store.ts';

/** The schedules of a service at work. */
export interface Scheduler {
  list(turn: Turn): Promise<ScheduleState[]>;
  /** One schedule. @throws Problem `unknown_schedule` */
  find(name: string, turn: Turn): Promise<ScheduleState>;
  /** Adds its job now, whatever the time. @returns the job's id */
  runNow(name: string): Promise<string>;
  stop(): void;
}
