// Who may set up, run, pause and delete which schedule, and what a protected target asks for.
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Schedule } from '../../lib/service/schemas.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { adminKey, type RunningService, startService } from './scene.ts';

const databases: Record<string, Database> = {};
let service: RunningService;
const url = (name: string) => databases[name]?.url ?? '';

beforeAll(async () => {
  for (const name of ['queue', 'source', 'live']) databases[name] = await freshDatabase(anyServer());
  const users = 'create table users (id int primary key, name text)';
  await query(url('source'), `${users}; insert into users select i from generate_series(1, 100) i`);
  await query(url('live'), users);
  service = await startService({
    environments: {
      ...{ source: url('source'), target: url('source') },
      ...{ live: url('live'), vault: url('live') },
    },
    protects: ['live', 'vault'],
    serve: {
      allowTargets: ['live'],
      schedules: {
        nightly: { task: 'export', every: 'daily', database: 'source', format: 'native' },
        mirror: { task: 'data', every: 'daily', from: 'source', to: 'target' },
      },
    },
    variables: { PGMAGE_QUEUE_URL: url('queue') },
  });
  // It answers before its schedules are there.
  while (!service.output.includes('pgmage serve is ready')) await setTimeout(50);
});
afterAll(async () => {
  await service?.remove();
  for (const database of Object.values(databases)) await database.drop();
});

test('schedules are added, paused, run, changed and deleted by an administrator alone', async () => {
  const definition = { task: 'prune', every: '0 4 * * 1', timeZone: 'Europe/Berlin', keepDaily: 7 };
  const made = await service.ask<Schedule>('PUT', '/api/schedules/clean', definition);
  expect(made).toMatchObject({ definition, source: 'service', paused: false, last: null });
  const paused = await service.ask<Schedule>('POST', '/api/schedules/clean/pause');
  expect(paused).toMatchObject({ paused: true, next: null });
  const { id } = await service.ask<{ id: string }>('POST', '/api/schedules/clean/run');
  expect(await service.until(id)).toMatchObject({ kind: 'prune', state: 'done' });
  const key = await service.addKey('reader', ['read', 'run', 'write']);
  for (const [method, path, body] of [
    ['PUT', '/api/schedules/clean', definition],
    ['DELETE', '/api/schedules/clean', undefined],
    ['POST', '/api/schedules/clean/run', undefined],
    ['POST', '/api/schedules/clean/resume', undefined],
  ] as const)
    expect((await service.request(method, path, { key, body })).status, `${method} ${path}`).toBe(403);
  expect((await service.request('DELETE', '/api/schedules/clean')).status).toBe(204);
  expect((await service.request('GET', '/api/schedules/clean')).status).toBe(404);
  for (const method of ['PUT', 'DELETE'])
    expect(
      (
        await service.request(method, '/api/schedules/nightly', {
          ...(method === 'PUT' && { body: definition }),
        })
      ).status,
    ).toBe(403);
});

test('a key that may write to some targets sets up and runs schedules of these alone', async () => {
  const key = await service.addKey('limited', ['admin'], ['source']);
  const body = { task: 'clone', every: 'weekly', from: 'source', to: 'target', force: true };
  const tried = [
    await service.request('PUT', '/api/schedules/copy', { key, body }),
    await service.request('POST', '/api/schedules/mirror/run', { key }),
    await service.request('POST', '/api/schedules/mirror/resume', { key }),
  ];
  expect(tried.map(({ status }) => status)).toEqual([403, 403, 403]);
  const allowed = { ...body, from: 'target', to: 'source' };
  expect((await service.request('PUT', '/api/schedules/copy', { key, body: allowed })).status).toBe(200);
  expect((await service.request('DELETE', '/api/schedules/copy', { key })).status).toBe(204);
  // Neither may it replace or delete the one of another target.
  await service.ask('PUT', '/api/schedules/other', body);
  const refused = [
    await service.request('PUT', '/api/schedules/other', { key, body: allowed }),
    await service.request('DELETE', '/api/schedules/other', { key }),
  ];
  expect(refused.map(({ status }) => status)).toEqual([403, 403]);
  expect((await service.request('DELETE', '/api/schedules/other')).status).toBe(204);
});

test('a schedule into a protected target needs its name, typed by an administrator each time', async () => {
  const path = '/api/schedules/release';
  const data = { task: 'data', every: 'weekly', from: 'source', to: 'live', complete: true };
  const put = async (body: object) => {
    const { status, text } = await service.request('PUT', path, { body });
    return [status, (JSON.parse(text) as { problem?: { code: string } }).problem?.code];
  };
  for (const body of [
    data,
    { ...data, force: true },
    { ...data, confirm: 'target' },
    { ...data, to: 'vault', confirm: 'vault' },
    { ...data, task: 'clone', complete: undefined },
  ])
    expect([body, await put(body)]).toEqual([body, [403, 'protected_target']]);
  expect((await service.request('GET', path)).status).toBe(404);
  expect(await put({ ...data, confirm: 'live' })).toEqual([200, undefined]);
  // The typed name is not part of the definition, so each change needs it again.
  expect(await service.ask('GET', path)).toMatchObject({ definition: data });
  expect(JSON.stringify(await service.ask('GET', path))).not.toContain('confirm');
  expect(await put({ ...data, every: 'daily' })).toEqual([403, 'protected_target']);
  const { id } = await service.ask<{ id: string }>('POST', `${path}/run`);
  expect(await service.until(id)).toMatchObject({ state: 'done', to: 'live', target: 'changed' });
  expect(await rowsOf(url('live'), 'select count(*)::int as n from users')).toEqual([{ n: 100 }]);
  expect((await service.request('DELETE', path)).status).toBe(204);
});

test('the server of a drill is a target: protected ones and the targets of a key count', async () => {
  const made = await service.run('export', { database: 'source', format: 'native' });
  const path = `/api/backups/${(made.result as { file: string }).file}/verify`;
  const [own, other] = [
    await service.addKey('own', ['admin'], ['source']),
    await service.addKey('other', ['read', 'run'], ['target']),
  ];
  const codeOf = async (method: string, to: string, body: object, key = adminKey) => {
    const { status, text } = await service.request(method, to, { body, key });
    return [status, (JSON.parse(text) as { problem?: { code: string } }).problem?.code];
  };
  const refused = [403, 'protected_target'];
  expect(await codeOf('POST', path, { drill: true, on: 'vault' })).toEqual(refused);
  expect(await codeOf('POST', path, { drill: true, on: 'live' }, own)).toEqual([403, 'forbidden']);
  expect(await codeOf('POST', path, { drill: true }, other)).toEqual([403, 'forbidden']);
  const schedule = { task: 'verify', every: 'weekly', database: 'source', drill: true };
  const put = '/api/schedules/drill';
  expect(await codeOf('PUT', put, { ...schedule, database: 'vault' })).toEqual(refused);
  expect(await codeOf('PUT', put, { ...schedule, on: 'vault' })).toEqual(refused);
  expect(await codeOf('PUT', put, { ...schedule, on: 'live' }, own)).toEqual([403, 'forbidden']);
  expect(await codeOf('PUT', put, { ...schedule, on: 'live' })).toEqual([200, undefined]);
  expect(await codeOf('PUT', put, { ...schedule, on: 'vault', drill: false })).toEqual([200, undefined]);
  expect((await service.request('DELETE', put)).status).toBe(204);
  // Without a drill, nothing is changed.
  expect(await codeOf('POST', path, { on: 'vault' }, other)).toEqual([202, undefined]);
  for (const [body, key] of [
    [{ drill: true }, own],
    [{ drill: true, on: 'live' }, adminKey],
  ] as const) {
    const { body: accepted } = await service.request('POST', path, { body, key });
    const job = await service.until((accepted as { id: string }).id);
    expect(job).toMatchObject({ state: 'done', problem: null });
  }
});
