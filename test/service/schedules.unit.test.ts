// The times of schedules: when one is due, what a stop has missed, and when one is overdue.
import { expect, test } from 'vitest';
import { readClock } from '../../lib/service/clock.ts';
import { describeHook, describeNotice } from '../../lib/service/notices.ts';
import { checkSchedule, findDueSlot, isOverdue, type ScheduleState } from '../../lib/service/schedules.ts';
import { describeUnit } from '../../lib/service/unit.ts';

const at = (time: string) => new Date(`2026-${time}Z`);

function schedule(facts: Partial<ScheduleState> = {}): ScheduleState {
  return {
    name: 'nightly',
    definition: { task: 'export', every: 'daily', database: 'prod' },
    source: 'configuration',
    ping: null,
    paused: false,
    since: at('03-10T12:00:00'),
    lastSlot: null,
    lastJob: null,
    lastState: null,
    lastSuccess: null,
    problem: null,
    warnedAt: null,
    ...facts,
  };
}

test('a schedule is due from the second of its time on, and once', () => {
  expect(findDueSlot(schedule(), at('03-11T01:59:59.999'))).toBeNull();
  expect(findDueSlot(schedule(), at('03-11T02:00:00'))).toEqual(at('03-11T02:00:00'));
  const done = schedule({ lastSlot: at('03-11T02:00:00') });
  expect(findDueSlot(done, at('03-11T23:00:00'))).toBeNull();
  expect(findDueSlot(done, at('03-12T02:00:01'))).toEqual(at('03-12T02:00:00'));
});

test('after a stop of days the newest time alone is due', () => {
  const stopped = schedule({ lastSlot: at('03-11T02:00:00') });
  expect(findDueSlot(stopped, at('03-20T12:00:00'))).toEqual(at('03-20T02:00:00'));
});

test('a schedule that is paused or new has nothing to make up for', () => {
  expect(findDueSlot(schedule({ paused: true }), at('03-11T02:00:00'))).toBeNull();
  expect(findDueSlot(schedule(), at('03-10T13:00:00'))).toBeNull();
});

test('times follow the time zone, also where its clocks change', () => {
  const berlin = readClock({ every: '30 2 * * *', timeZone: 'Europe/Berlin' });
  expect(berlin.next(at('03-27T12:00:00'))).toEqual(at('03-28T01:30:00'));
  // On 29 March 02:30 does not exist in Berlin; the job is not left out for that.
  expect(berlin.next(at('03-28T12:00:00'))?.getTime()).toBeLessThan(at('03-29T02:30:01').getTime());
  expect(berlin.next(at('03-29T12:00:00'))).toEqual(at('03-30T00:30:00'));
});

test('overdue is one and a half of the interval, or what maxAgeHours says', () => {
  const last = { lastSuccess: at('03-11T02:05:00') };
  expect(isOverdue(schedule(last), at('03-12T14:04:00'))).toBe(false);
  expect(isOverdue(schedule(last), at('03-12T14:06:00'))).toBe(true);
  const short = { ...schedule(last).definition, maxAgeHours: 2 } as ScheduleState['definition'];
  expect(isOverdue(schedule({ ...last, definition: short }), at('03-11T04:06:00'))).toBe(true);
  expect(isOverdue(schedule({ ...last, paused: true }), at('03-20T00:00:00'))).toBe(false);
  expect(isOverdue(schedule(), at('03-11T12:00:00'))).toBe(false);
});

test.each([
  ['a pattern with seconds', { task: 'drift', every: '* * * * * *', database: 'prod' }, 'five fields'],
  ['a wrong pattern', { task: 'drift', every: '99 * * * *', database: 'prod' }, 'every 99 * * * *'],
  [
    'a wrong time zone',
    { task: 'drift', every: 'daily', timeZone: 'Mars/One', database: 'prod' },
    'every daily',
  ],
  ['a URL', { task: 'export', every: 'daily', database: 'postgres://u:pw@h/d' }, 'nightly'],
  ['an unknown task', { task: 'format', every: 'daily' }, 'nightly'],
  ['an unknown member', { task: 'prune', every: 'daily', keepYearly: 1 }, 'nightly'],
])('%s is refused', (_, definition, reason) => {
  expect(() => checkSchedule('nightly', definition)).toThrow(reason);
  expect(() => checkSchedule('nightly', definition)).not.toThrow('pw');
});

test('a notification says what failed and what to do', () => {
  const problem = { message: 'Cannot connect to prod', hint: 'Check DATABASE_URL' };
  expect(
    describeNotice({ event: 'job_failed', schedule: 'nightly', kind: 'export', database: 'prod', problem }),
  ).toBe('Failed: export of prod (schedule nightly)\nCannot connect to prod\nHint: Check DATABASE_URL');
  expect(describeNotice({ event: 'overdue', schedule: 'nightly', lastSuccess: null })).toBe(
    'Overdue: schedule nightly had no success since it was added',
  );
});

test('a webhook gets the facts, the whole text, and as much of it as Discord takes', () => {
  const failed = (message: string) =>
    describeHook({
      event: 'job_failed',
      kind: 'verify',
      database: 'prod',
      problem: { message, hint: 'Look' },
    });
  const short = failed('It is damaged');
  expect(short).toMatchObject({ event: 'job_failed', database: 'prod', content: short.text });
  const { text, content } = failed('x'.repeat(3000));
  expect([text.length > 3000, text.endsWith('Hint: Look'), content.length]).toEqual([true, true, 2000]);
  expect(text.startsWith(content.slice(0, -1))).toBe(true);
  for (const start of ['', 'x']) {
    const { content: cut } = failed(start + '😀'.repeat(1500));
    expect([/😀…$/.test(cut), cut.length > 1990, encodeURIComponent(cut).length > 0]).toEqual([
      true,
      true,
      true,
    ]);
  }
});

test('the unit quotes its folder and refuses users that are none', () => {
  const text = describeUnit('/srv/my "shop" 100%', {});
  expect(text).toContain('ReadWritePaths="/srv/my \\"shop\\" 100%%"');
  expect(() => describeUnit('/srv', { user: 'a\nExecStartPre=/bin/sh' })).toThrow('system user');
  expect(() => describeUnit('/srv\nExecStartPre=/bin/sh', {})).toThrow('line end');
});
