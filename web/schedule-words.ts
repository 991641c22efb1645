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
  const fields = every.trim().split(/\s+/);
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields;
  const when = describeDays(day, month, weekday);
  const time = describeClock(minute, hour);
  if (fields.length !== 5 || when === null || time === null) return `By cron ${every}`;
  return when === 'Every day' && time.startsWith('Every') ? time : `${when} ${lowered(time)}`;
}

const number = /^\d+$/;
const lowered = (text: string) => text[0]?.toLowerCase() + text.slice(1);

// Null: no short words say it.
function describeClock(minute: string, hour: string): string | null {
  const [, each] = /^\*\/(\d+)$/.exec(minute) ?? [];
  if (each !== undefined && hour === '*') return each === '1' ? 'Every minute' : `Every ${each} minutes`;
  if (minute === '*' && hour === '*') return 'Every minute';
  if (!number.test(minute)) return null;
  const [, hours] = /^\*\/(\d+)$/.exec(hour) ?? [];
  const at = ` at minute ${minute}`;
  if (hour === '*') return `Every hour${at}`;
  if (hours !== undefined) return `Every ${hours} hours${at}`;
  if (!/^\d+(,\d+)*$/.test(hour)) return null;
  const times = hour.split(',').map((one) => `${one.padStart(2, '0')}:${minute.padStart(2, '0')}`);
  return `At ${joinWords(times)}`;
}

function describeDays(day: string, month: string, weekday: string): string | null {
  if (month !== '*') return null;
  if (day === '*' && weekday === '*') return 'Every day';
  if (day === '*') return describeWeekdays(weekday);
  if (weekday !== '*' || !/^\d+(,\d+)*$/.test(day)) return null;
  return `On day ${joinWords(day.split(','))} of every month`;
}

function describeWeekdays(weekday: string): string | null {
  const [, from, to] = /^([0-7])-([0-7])$/.exec(weekday) ?? [];
  if (from !== undefined && to !== undefined) return `${days[Number(from)]} to ${days[Number(to)]}`;
  if (!/^[0-7](,[0-7])*$/.test(weekday)) return null;
  return `Every ${joinWords(weekday.split(',').map((one) => days[Number(one)] ?? ''))}`;
}

const joinWords = (words: readonly string[]) =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;

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
