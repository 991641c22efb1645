// The rules of the storage: how full it is, what is kept when room is made, and sizes of the settings.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { removeBackup } from '../../lib/commands/backups-prune.ts';
import type { Project } from '../../lib/project/project.ts';
import { openSessions } from '../../lib/service/sessions.ts';
import { readSettings } from '../../lib/service/settings.ts';
import { findRetention, judgeFullness, usualRetention } from '../../lib/service/storage.ts';

const gigabyte = 1024 ** 3;
const project = { root: '/srv/shop' } as Project;
const limitOf = (text: string) => readSettings(project, { PGMAGE_MAX_STORAGE: text }).maxStorage;

test('sizes are read as PostgreSQL reads them', () => {
  expect(limitOf('20GB')).toBe(20 * gigabyte);
  expect(limitOf('1.5 gb')).toBe(1.5 * gigabyte);
  expect(limitOf('500 MB')).toBe(500 * 1024 ** 2);
  expect(limitOf('1048576')).toBe(1024 ** 2);
  expect(readSettings(project, {}).maxStorage).toBe(null);
  expect(readSettings({ ...project, serve: { maxStorage: '1TB' } }, {}).maxStorage).toBe(1024 * gigabyte);
  for (const bad of ['much', '-1GB', '0', '20 GiB', '1e9'])
    expect(() => limitOf(bad)).toThrow('is not a size such as 20GB');
});

test('the storage is nearly full from nine tenths on, and never without a limit', () => {
  const fullness = (bytes: number) => judgeFullness({ bytes, limit: 1000 });
  expect([899, 900, 999, 1000].map(fullness)).toEqual(['ok', 'nearly full', 'nearly full', 'full']);
  expect(judgeFullness({ bytes: 10 ** 15, limit: null })).toBe('ok');
});

test('room is made by the most generous rules of the schedules that prune', () => {
  expect(findRetention([])).toEqual(usualRetention);
  expect(findRetention([{ task: 'prune', every: 'daily' }])).toEqual(usualRetention);
  expect(
    findRetention([
      { task: 'prune', every: 'daily', keepDaily: 30 },
      { task: 'prune', every: 'weekly', keepWeekly: 2, keepMonthly: 12 },
      { task: 'export', every: 'daily', database: 'prod' },
    ]),
  ).toEqual({ daily: 30, weekly: 2, monthly: 12 });
});

test('a session of the page ends after 12 hours', () => {
  let now = new Date('2026-11-29T08:00:00Z');
  const sessions = openSessions(() => now);
  const { id } = sessions.open('key', { name: 'laptop', scopes: ['read'], to: null });
  now = new Date('2026-11-29T19:59:59Z');
  expect(sessions.find(id)?.requester.name).toBe('laptop');
  now = new Date('2026-11-29T20:00:00Z');
  expect(sessions.find(id)).toBe(null);
});

test('a backup that two jobs delete at once is gone, and neither fails', async () => {
  const root = mkdtempSync(join(tmpdir(), 'pgmage-remove-'));
  const path = join(root, 'shop_2026-11-29T10-00-00Z.native');
  for (const file of [path, path.replace('.native', '.json')]) writeFileSync(file, '');
  const remove = () => removeBackup({ ...project, root }, { path });
  await Promise.all([remove(), remove()]);
  await remove();
  expect(readdirSync(root)).toEqual([]);
  rmSync(root, { recursive: true });
});
