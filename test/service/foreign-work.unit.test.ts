// What a worker accepts of a work that came through Redis: its own configuration and the shapes decide.
import { expect, test } from 'vitest';
import type { Project } from '../../lib/project/project.ts';
import type { World } from '../../lib/project/world.ts';
import { acceptWork } from '../../lib/service/redis/foreign-work.ts';
import type { SentWork } from '../../lib/service/redis/letters.ts';
import { readSettings } from '../../lib/service/settings.ts';
import { failure } from '../failure.ts';

const serve = {
  ...{ maxStorage: '1GB', features: ['clone'], allowTargets: ['live'] },
  schedules: { clean: { task: 'prune', every: 'daily', keepDaily: 3 } },
} as const;
const project = { root: '/project', version: '1', serve } as unknown as Project;
const world = {
  environment: async (name: string) => ({ name, url: null, protected: ['prod', 'live'].includes(name) }),
} as unknown as World;
const around = { project, world, settings: readSettings(project, {}) };

const sent: SentWork = {
  ...{ does: 'job', kind: 'export', parameters: { database: 'prod' }, agreed: null, requestedBy: 'key' },
  storage: { limit: 1, retention: { daily: 0, weekly: 0, monthly: 0 }, inUse: ['a.native'] },
};
const accept = (more: object) => acceptWork(around, { ...sent, ...more } as SentWork);
const codeOf = async (more: object) => (await failure(accept(more))).code;

test('the limit of storage is that of the worker, and no rule of it is made shorter', async () => {
  const own = { limit: 1024 ** 3, retention: { daily: 3, weekly: 0, monthly: 0 } };
  expect(await accept({})).toEqual({
    ...sent,
    ...{ root: '/project', version: '1', backups: null },
    storage: { ...own, inUse: ['a.native'] },
  });
  expect((await accept({ storage: null })).storage).toEqual({ ...own, inUse: [] });
});

test('backups that a schedule of the page keeps are kept', async () => {
  const retention = { daily: 60, weekly: 0, monthly: 12 };
  const storage = { limit: null, retention, inUse: [] };
  expect((await accept({ storage })).storage?.retention).toEqual(retention);
  const shorter = { ...storage, retention: { daily: 1, weekly: 2, monthly: 0 } };
  expect((await accept({ storage: shorter })).storage?.retention).toEqual({
    daily: 3,
    weekly: 2,
    monthly: 0,
  });
});

test('a work has the shape that a request for it has', async () => {
  for (const odd of [
    { does: 'plan' },
    { kind: 'drop' },
    { kind: 'prune', parameters: { keepDaily: -1 } },
    { kind: 'prune', parameters: { keepDaily: 0, except: [] } },
    { kind: 'drift', parameters: { database: 'postgres://host/db' } },
    { kind: 'verify', parameters: { file: '../a.native' } },
    { kind: 'clone', parameters: { from: 'prod', to: 'staging', backupFirst: 'no' } },
    { parameters: { database: 'prod', format: 'tar' } },
    { storage: { ...sent.storage, inUse: [1] } },
    { storage: { ...sent.storage, retention: { daily: -1, weekly: 0, monthly: 0 } } },
    { storage: { inUse: [] } },
    { requestedBy: 'x'.repeat(300) },
  ])
    expect([odd, await codeOf(odd)]).toEqual([odd, 'bad_request']);
});

test('what is protected is changed only where the worker allows it, by a drill as well', async () => {
  const drill = { file: 'a.native', drill: true };
  const clone = { from: 'live', force: true };
  expect(await codeOf({ kind: 'clone', parameters: { ...clone, to: 'prod' } })).toBe('protected_target');
  expect(await codeOf({ kind: 'verify', parameters: { ...drill, on: 'prod' } })).toBe('protected_target');
  expect(await codeOf({ kind: 'data', parameters: { ...clone, to: 'staging' } })).toBe('forbidden');
  for (const allowed of [
    { kind: 'clone', parameters: { ...clone, to: 'live' } },
    { kind: 'clone', parameters: { ...clone, to: 'staging' } },
    { kind: 'verify', parameters: { ...drill, on: 'live' } },
    { kind: 'verify', parameters: drill },
    { kind: 'prune', parameters: { keepDaily: 7 } },
  ])
    expect(await accept(allowed)).toMatchObject(allowed);
});
