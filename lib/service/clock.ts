// The times of a schedule, from its cron expression and time zone.
import { Cron } from 'croner';
import { Problem } from '../problem/problem.ts';

/** When a schedule runs. */
export interface Timing {
  readonly every: string;
  readonly timeZone?: string;
}

/** The times of a schedule. */
export interface Clock {
  /** The first time after another one; null: there is none. */
  next(after: Date): Date | null;
  /** The last time at or before another one; null: there is none. */
  last(until: Date): Date | null;
  /** The milliseconds between two times, the longest of the next ten. */
  interval(after: Date): number;
}

const words: Readonly<Record<string, string>> = {
  hourly: '0 * * * *',
  daily: '0 2 * * *',
  weekly: '0 2 * * 0',
};

/**
 * Reads a timing. `hourly` is minute 0, `daily` 02:00, `weekly` Sunday 02:00.
 * @throws Problem `bad_request` where cron or time zone is wrong
 */
export function readClock({ every, timeZone = 'UTC' }: Timing): Clock {
  const pattern = Object.hasOwn(words, every) ? (words[every] as string) : every.trim();
  const cron = readCron(pattern, every, timeZone);
  const next = (after: Date) => cron.nextRun(after);
  return {
    next,
    // The times are whole seconds, and the library gives those before its reference.
    last: (until) =>
      cron.previousRuns(1, new Date((Math.floor(until.getTime() / 1000) + 1) * 1000))[0] ?? null,
    interval(after) {
      const times = cron.nextRuns(11, after).map((time) => time.getTime());
      const gaps = times.slice(1).map((time, index) => time - (times[index] as number));
      return Math.max(0, ...gaps);
    },
  };
}

function readCron(pattern: string, every: string, timezone: string): Cron {
  const refuse = (reason: string) => new Problem('bad_request', { reason: `every ${every}: ${reason}` });
  if (pattern.split(/\s+/).length !== 5)
    throw refuse('it is hourly, daily, weekly, or five fields of cron: minute hour day month weekday');
  try {
    const cron = new Cron(pattern, { timezone, paused: true });
    cron.nextRun();
    return cron;
  } catch (thrown) {
    throw refuse((thrown as Error).message);
  }
}
