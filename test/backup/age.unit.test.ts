// The age of the newest good backup of each environment in a folder.
import { expect, test } from 'vitest';
import { findStale } from '../../lib/backup/age.ts';
import type { BackupReport } from '../../lib/backup/report.ts';

const now = new Date('2026-11-20T12:00:00Z');

const made = (environment: string | null, hoursAgo: number, faults: readonly string[] = []) =>
  ({
    environment,
    started: new Date(now.getTime() - hoursAgo * 3_600_000).toISOString(),
    faults,
  }) as BackupReport;

const stale = (backups: readonly BackupReport[], env?: string) =>
  findStale(backups, { env, maxAge: '26h', now }).map(({ environment, newest }) => [environment, newest]);

const hoursAgo = (hours: number) => new Date(now.getTime() - hours * 3_600_000).toISOString();

test('each environment of a folder is judged by its own backups', () => {
  const both = [made('prod', 50), made('staging', 30), made('prod', 2), made('staging', 28)];
  expect(stale(both)).toEqual([['staging', hoursAgo(28)]]);
  expect(stale([...both, made('staging', 1)])).toEqual([]);
  expect(stale([made('prod', 30), made('staging', 28)])).toEqual([
    ['prod', hoursAgo(30)],
    ['staging', hoursAgo(28)],
  ]);
});

test('a damaged backup of one environment does not count, and another environment does not stand for it', () => {
  const damaged = [made('prod', 1, ['its checksum is wrong']), made('staging', 1)];
  expect(stale(damaged)).toEqual([['prod', null]]);
  expect(stale([made('prod', 40), ...damaged])).toEqual([['prod', hoursAgo(40)]]);
});

test('with an environment, only that one is judged', () => {
  const both = [made('prod', 50), made('staging', 30)];
  expect(stale(both, 'prod')).toEqual([['prod', hoursAgo(50)]]);
  expect(stale(both, 'dev')).toEqual([['dev', null]]);
  expect(stale([made('prod', 50), made('staging', 2)], 'staging')).toEqual([]);
});

test('backups whose environment is unknown are of none', () => {
  expect(stale([made(null, 1)])).toEqual([[null, null]]);
  expect(stale([made(null, 1), made('prod', 30)])).toEqual([['prod', hoursAgo(30)]]);
});

test('the limit itself is not too old', () => {
  expect(stale([made('prod', 26)])).toEqual([]);
  expect(stale([made('prod', 26.001)])).toHaveLength(1);
});
