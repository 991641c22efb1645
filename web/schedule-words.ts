// Schedules in words: when they run, and what they do.
import type { ScheduleDefinition } from '../lib/service/schemas.ts';

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const known: Readonly<Record<string, string>> = {
  hourly: 'Every hour',
  daily: 'Every day at 02:00',
  weekly: 'Every Sunday at 02:00',
};

/** When a schedule runs: `Every day at 02:30, Europe/Berlin`. Cron that has no short words stays as it is. */
export function describeTimes({ every, timeZone }: Pick<ScheduleDefinition, 'every' | 'timeZone'>): string {
  return `${known[every] ?? describeCron(every)}, ${timeZone ?? 'UTC'}`;
}

function describeCron(every: string): string {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = every.trim().split(/\s+/);
  const isPlain = /^\d+$/.test(minute) && day === '*' && month === '*';
  const time = `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`;
  if (isPlain && hour === '*' && weekday === '*') return `Every hour at minute ${minute}`;
  if (isPlain && /^\d+$/.test(hour) && weekday === '*') return `Every day at ${time}`;
  if (isPlain && /^\d+$/.test(hour) && /^[0-7]$/.test(weekday))
    return `Every ${days[Number(weekday)]} at ${time}`;
  return `By cron ${every}`;
}

/** The work of a schedule: `Export of prod`. */
export function describeTask(definition: ScheduleDefinition): string {
  switch (definition.task) {
    case 'export':
      return `Export of ${definition.database}`;
    case 'verify':
      return `${definition.drill ? 'Drill' : 'Verification'} of the newest backup of ${definition.database}`;
    case 'drift':
      return `Drift check of ${definition.database}`;
    case 'data':
      return `Data sync from ${definition.from} to ${definition.to}`;
    case 'clone':
      return `Clone of ${definition.from} into ${definition.to}`;
    default:
      return 'Deletion of old backups';
  }
}
