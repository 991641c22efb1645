// Which backups stay, and what a dump is by its name.
import { describe, expect, test } from 'vitest';
import { detectFormat, dumpName, stripFormat } from '../../lib/flow/formats.ts';
import { applyRetention, type Candidate, type Retention } from '../../lib/flow/retention.ts';

const one = (time: string, more: Partial<Candidate> = {}): Candidate => ({
  name: time,
  of: 'prod',
  time: `${time}T12:00:00Z`,
  good: true,
  keep: false,
  ...more,
});
const kept = (candidates: readonly Candidate[], retention: Partial<Retention>) =>
  Object.fromEntries(applyRetention(candidates, { daily: 0, weekly: 0, monthly: 0, ...retention }));

describe('retention', () => {
  test('the newest good one always stays', () => {
    expect(kept([one('2026-01-02'), one('2026-01-01')], {})).toEqual({
      '2026-01-02': ['newest'],
      '2026-01-01': [],
    });
  });

  test('of one day its newest stays', () => {
    const early = one('2026-01-02', { name: 'early', time: '2026-01-02T01:00:00Z' });
    expect(kept([early, one('2026-01-02')], { daily: 2 })).toEqual({
      early: [],
      '2026-01-02': ['newest', 'daily'],
    });
  });

  test('days without a backup do not count', () => {
    expect(
      kept([one('2026-01-09'), one('2026-01-05'), one('2026-01-01')], { daily: 2 })['2026-01-05'],
    ).toEqual(['daily']);
    expect(
      kept([one('2026-01-09'), one('2026-01-05'), one('2026-01-01')], { daily: 2 })['2026-01-01'],
    ).toEqual([]);
  });

  test('a week begins on Monday, also where the year changes', () => {
    const all = [one('2026-01-04'), one('2025-12-29'), one('2025-12-28')];
    expect(kept(all, { weekly: 2 })).toEqual({
      '2026-01-04': ['newest', 'weekly'],
      '2025-12-29': [],
      '2025-12-28': ['weekly'],
    });
  });

  test('a month is one of the calendar', () => {
    const all = [one('2026-03-01'), one('2026-02-28'), one('2026-02-01')];
    expect(kept(all, { monthly: 2 })).toMatchObject({ '2026-02-28': ['monthly'], '2026-02-01': [] });
  });

  test('a broken one stays and stands for no day', () => {
    const broken = one('2026-01-03', { good: false });
    expect(kept([broken, one('2026-01-02')], { daily: 1 })).toEqual({
      '2026-01-03': ['broken'],
      '2026-01-02': ['newest', 'daily'],
    });
  });

  test('one that is to be kept stays, and stands for its day', () => {
    expect(kept([one('2026-01-02'), one('2026-01-01', { keep: true })], { daily: 1 })['2026-01-01']).toEqual([
      'keep',
    ]);
  });

  test('each database is judged by itself', () => {
    const other = one('2025-01-01', { of: 'staging' });
    expect(kept([one('2026-01-02'), other], {})['2025-01-01']).toEqual(['newest']);
  });
});

describe('names of dumps', () => {
  test.each(['custom', 'directory', 'plain', 'native'] as const)('%s is known by its ending', (format) => {
    const name = dumpName('shop_2026.sql', format);
    expect(detectFormat(name)).toBe(format);
    expect(stripFormat(name)).toBe('shop_2026.sql');
  });

  test.each(['a.sql', 'a.json', 'a.dump.partial', 'dump', 'asqlXgz', 'a.sqlxgz'])('%s is none', (name) => {
    expect(detectFormat(name)).toBe(null);
  });
});
