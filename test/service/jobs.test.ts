// Jobs of each kind from the request to the result, by a service in a process of its own.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BackupList, Jobs, Plan } from '../../lib/service/schemas.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { adminKey, type RunningService, startService } from './scene.ts';

const databases: Record<string, Database> = {};
let service: RunningService;

beforeAll(async () => {
  for (const name of ['source', 'target', 'prod', 'guarded'])
    databases[name] = await freshDatabase(anyServer());
  await query(
    url('source'),
    "create table users (id int primary key, name text); insert into users select i, 'n' || i from generate_series(1, 2000) i",
  );
  const environments = Object.fromEntries(Object.entries(databases).map(([name, { url }]) => [name, url]));
  service = await startService({
    environments: { ...environments, alias: url('guarded') },
    protects: ['guarded'],
    serve: { allowTargets: ['guarded'] },
  });
});
afterAll(async () => {
  await service?.remove();
  for (const database of Object.values(databases)) await database.drop();
});

const url = (name: string) => databases[name]?.url ?? '';
const names = async (name: string) =>
  (await rowsOf<{ n: string }>(url(name), 'select count(*) as n from users'))[0]?.n;
const fill = (name: string, rows: number) =>
  query(
    url(name),
    `drop table if exists users; create table users (id int primary key, name text);
     insert into users select i, 'old' from generate_series(1, ${rows}) i`,
  );
const plan = (body: object) => service.ask<Plan>('POST', '/api/plans', body);
const backups = async () => (await service.ask<BackupList>('GET', '/api/backups')).backups;

test('an export makes a verified backup, and its job tells so', async () => {
  const job = await service.run('export', { database: 'source', format: 'native' });
  expect(job).toMatchObject({
    kind: 'export',
    state: 'done',
    from: 'source',
    to: null,
    tries: 1,
    problem: null,
  });
  expect(job.result).toMatchObject({ rows: 2000, format: 'native', verified: { how: 'read' } });
  const { file } = job.result as { file: string };
  expect((await backups()).map((one) => one.file)).toContain(file);
  const whole = await service.request('GET', `/api/backups/${file}/content`);
  const stored = readFileSync(join(service.root, 'backups', file));
  expect([whole.status, whole.headers.get('content-length')]).toEqual([200, String(stored.length)]);
  const part = await fetch(`${service.url}/api/backups/${file}/content`, {
    headers: { Authorization: `Bearer ${adminKey}`, Range: 'bytes=10-19' },
  });
  expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 10-19/${stored.length}`]);
  expect(Buffer.from(await part.arrayBuffer())).toEqual(stored.subarray(10, 20));
});

test('an import replaces the target after a backup of it, as its plan showed', async () => {
  await fill('target', 7);
  const { file } = (await service.run('export', { database: 'source', format: 'native' })).result as {
    file: string;
  };
  const body = { file, to: 'target' };
  const shown = await plan({ kind: 'import', ...body });
  expect(shown).toMatchObject({ losses: [{ table: 'public.users', rows: 7 }], backupFirst: true, file });
  const job = await service.run('import', { ...body, planId: shown.planId });
  expect(job).toMatchObject({ state: 'done', to: 'target', target: 'changed' });
  expect(await names('target')).toBe('2000');
  const kept = (await backups()).filter(({ environment }) => environment === 'target');
  expect(kept).toMatchObject([{ rows: 7, verified: { how: 'read' } }]);
});

test('a script that pgmage did not write is loaded, with a backup first and its loss in the plan', async () => {
  await fill('target', 4);
  const sql = 'create table made (id int); insert into made values (1), (2);';
  writeFileSync(join(service.root, 'backups', 'made.sql'), sql);
  const body = { file: 'made.sql', to: 'target', withoutManifest: true };
  const shown = await plan({ kind: 'import', ...body });
  expect(shown).toMatchObject({ losses: [{ table: 'public.users', rows: 4 }], backupFirst: true });
  const job = await service.run('import', { ...body, planId: shown.planId });
  expect(job).toMatchObject({ state: 'done', target: 'changed', result: { safety: { rows: 4 } } });
  expect(await rowsOf(url('target'), 'select id from made')).toEqual([{ id: 1 }, { id: 2 }]);
  const key = await service.addKey('writer', ['read', 'write']);
  const forced = { ...body, force: true, confirm: 'target' };
  expect((await service.request('POST', '/api/sync/import', { key, body: forced })).status).toBe(403);
  await query(url('target'), 'drop table made');
});

test('a clone needs a plan, or force and the name, and a plan is good for one job', async () => {
  await fill('target', 5);
  const body = { from: 'source', to: 'target' };
  expect((await service.request('POST', '/api/sync/clone', { body })).text).toContain('plan_needed');
  const forced = { ...body, force: true, confirm: 'source' };
  expect((await service.request('POST', '/api/sync/clone', { body: forced })).text).toContain('plan_needed');
  const { planId, losses } = await plan({ kind: 'clone', ...body });
  expect(losses).toEqual([{ table: 'public.users', rows: 5 }]);
  const job = await service.run('clone', { ...body, planId });
  expect(job).toMatchObject({ state: 'done', target: 'changed', from: 'source', to: 'target' });
  expect(job.result).toMatchObject({ done: { tables: [{ name: 'public.users', rows: 2000 }] } });
  const again = await service.request('POST', '/api/sync/clone', { body: { ...body, planId } });
  expect([again.status, again.text]).toEqual([409, expect.stringContaining('plan_outdated')]);
  const other = await plan({ kind: 'clone', ...body });
  const changed = { ...body, noOwner: true, planId: other.planId };
  expect((await service.request('POST', '/api/sync/clone', { body: changed })).text).toContain(
    'plan_outdated',
  );
});

test('a plan is outdated when the target has more to lose, and the target stays as it is', async () => {
  await fill('target', 5);
  const body = { from: 'source', to: 'target' };
  const { planId } = await plan({ kind: 'clone', ...body });
  await query(url('target'), "insert into users values (6, 'new')");
  const job = await service.run('clone', { ...body, planId });
  expect(job).toMatchObject({
    state: 'failed',
    target: 'unchanged',
    problem: { code: 'plan_outdated', status: 409 },
  });
  expect(await names('target')).toBe('6');
});

test('a data sync changes the rows that its plan showed', async () => {
  await fill('target', 3);
  const body = { from: 'source', to: 'target' };
  const shown = await plan({ kind: 'data', ...body });
  expect(shown.changes).toEqual([{ table: 'public.users', inserts: 1997, updates: 3, deletes: 0 }]);
  const job = await service.run('data', { ...body, planId: shown.planId });
  expect(job).toMatchObject({
    state: 'done',
    target: 'changed',
    result: { run: { inserted: 1997, updated: 3 } },
  });
  expect(await names('target')).toBe('2000');
});

test('a backup is verified, a drift is found, and a kept backup is not deleted', async () => {
  const made = await service.run('export', { database: 'source', format: 'native', keep: true });
  const { file } = made.result as { file: string };
  const { id } = await service.ask<{ id: string }>('POST', `/api/backups/${file}/verify`, {});
  expect(await service.until(id)).toMatchObject({
    kind: 'verify',
    state: 'done',
    result: { file, faults: [] },
  });
  const drift = await service.ask<{ id: string }>('POST', '/api/databases/source/drift');
  expect(await service.until(drift.id)).toMatchObject({
    kind: 'drift',
    state: 'done',
    result: { inSync: true },
  });
  const status = await service.ask<{ inSync: boolean }>('GET', '/api/databases/prod/status');
  expect(status.inSync).toBe(false);
  expect((await service.request('DELETE', `/api/backups/${file}`)).text).toContain('marked keep');
  const other = (await backups()).find(({ keep }) => !keep)?.file;
  expect((await service.request('DELETE', `/api/backups/${other}`)).status).toBe(204);
  expect((await backups()).map((one) => one.file)).not.toContain(other);
});

test('a protected environment is a target only if it is allowed, and then by its name', async () => {
  const force = { force: true };
  for (const [to, confirm, answer] of [
    ['prod', 'prod', 'add it to serve.allowTargets in pgmage.config'],
    ['guarded', 'target', 'add \\"confirm\\": \\"guarded\\" to the request'],
  ]) {
    const refused = await service.request('POST', '/api/sync/clone', {
      body: { from: 'source', to, confirm, ...force },
    });
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining(answer as string)]);
  }
  const { planId, confirm } = await plan({ kind: 'clone', from: 'source', to: 'guarded' });
  expect(confirm).toBe('guarded');
  const body = { from: 'source', to: 'guarded', planId };
  expect((await service.request('POST', '/api/sync/clone', { body })).status).toBe(403);
  const job = await service.run('clone', { ...body, confirm });
  expect(job).toMatchObject({ state: 'done', to: 'guarded' });
  expect(await names('guarded')).toBe('2000');
});

test('another name of a protected database is refused by the job', async () => {
  const job = await service.run('clone', { from: 'source', to: 'alias', force: true, confirm: 'alias' });
  expect(job).toMatchObject({ state: 'failed', target: 'unchanged', problem: { code: 'protected_target' } });
});

test('a failure has its hint, and a retry is a new job', async () => {
  await query(
    url('target'),
    'drop table users; create table users (id int primary key, name text, more int)',
  );
  const job = await service.run('data', {
    from: 'source',
    to: 'target',
    force: true,
    confirm: 'target',
    tables: ['none'],
  });
  expect(job).toMatchObject({ state: 'failed', target: 'unchanged' });
  expect(job.problem?.hint).not.toBe('');
  const denied = await service.request('POST', `/api/jobs/${job.id}/retry`, { body: {} });
  expect(denied.text).toContain('plan_needed');
  const body = { force: true, confirm: 'target' };
  const again = await service.ask<{ id: string }>('POST', `/api/jobs/${job.id}/retry`, body);
  expect(again.id).not.toBe(job.id);
  expect(await service.until(again.id)).toMatchObject({ retryOf: job.id, state: 'failed' });
  expect((await service.request('DELETE', `/api/jobs/${job.id}`)).status).toBe(204);
  expect((await service.request('GET', `/api/jobs/${job.id}`)).status).toBe(404);
});

test('the same Idempotency-Key and the same waiting request give one job', async () => {
  const headers = { 'Idempotency-Key': 'once' };
  const body = { database: 'source', format: 'native' };
  const ids = await Promise.all(
    [1, 2, 3].map(async () => {
      const { text } = await service.request('POST', '/api/sync/export', { body, headers });
      return JSON.parse(text).id as string;
    }),
  );
  expect(new Set(ids).size).toBe(1);
  await service.until(ids[0] as string);
  const later = await service.request('POST', '/api/sync/export', { body, headers });
  expect(JSON.parse(later.text).id).toBe(ids[0]);
  const other = { database: 'source', format: 'native', keep: true };
  expect((await service.request('POST', '/api/sync/export', { body: other, headers })).status).toBe(400);
});

test('an event stream has every event once, and goes on after Last-Event-ID', async () => {
  const id = await service.add('clone', { from: 'source', to: 'target', force: true, confirm: 'target' });
  const begin = await service.events(`/api/jobs/${id}/events`, null, 2);
  const rest = await service.events(`/api/jobs/${id}/events`, begin.at(-1)?.id ?? 0);
  const all = await service.events(`/api/jobs/${id}/events`, null);
  expect([...begin, ...rest]).toEqual(all);
  expect(all.map((event) => event.id)).toEqual(all.map((_, index) => index + 1));
  expect(all.at(-1)).toMatchObject({ type: 'state', data: { job: id, state: 'done' } });
  expect(all.filter(({ type }) => type === 'line').length).toBeGreaterThan(1);
  const log = await service.request('GET', `/api/jobs/${id}/log`);
  const lines = log.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map((line) => line.id)).toEqual(
    all.filter(({ type }) => type !== 'progress').map((one) => one.id),
  );
  const after = await service.events('/api/events', 0, 5);
  expect(after.map((event) => event.id)).toEqual([1, 2, 3, 4, 5]);
});

test('jobs are listed newest first, by page and by state', async () => {
  const first = await service.ask<Jobs>('GET', '/api/jobs?limit=2');
  expect(first.jobs.length).toBe(2);
  const second = await service.ask<Jobs>('GET', `/api/jobs?limit=2&before=${first.next}`);
  const times = [...first.jobs, ...second.jobs].map(({ createdAt }) => createdAt);
  expect(times).toEqual([...times].sort().reverse());
  const failed = await service.ask<Jobs>('GET', '/api/jobs?state=failed&kind=clone&database=target');
  expect(
    failed.jobs.every(({ state, kind, to }) => state === 'failed' && kind === 'clone' && to === 'target'),
  ).toBe(true);
  expect(failed.jobs.length).toBeGreaterThan(0);
});

test('SIGTERM lets the job that runs end, and ends the streams', async () => {
  const body = { database: 'source', format: 'native' };
  const id = await service.add('export', body);
  await service.until(id, ({ state }) => state !== 'waiting');
  const stream = service.events(`/api/jobs/${id}/events`, null);
  expect(await service.stop()).toBe(0);
  expect((await stream).at(-1)?.data.state).not.toBe('failed');
  await service.start();
  expect(await service.until(id)).toMatchObject({ state: 'done', tries: 1 });
});

test('no password and no key is in the log, the rows, the events or the files of the service', async () => {
  const { password } = anyServer();
  const events = await service.events('/api/events', 0, 50);
  const jobs = await service.ask<Jobs>('GET', '/api/jobs?limit=200');
  const shown = service.output + JSON.stringify(events) + JSON.stringify(jobs);
  expect(shown).toContain('postgres://postgres@127.0.0.1');
  for (const secret of [password, adminKey]) expect(shown).not.toContain(secret);
  expect(await service.stop()).toBe(0);
  const folder = join(service.root, '.pgmage/service');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  expect(files.length).toBeGreaterThan(50);
  for (const entry of files) {
    const content = readFileSync(join(entry.parentPath, entry.name));
    for (const secret of [password, adminKey])
      expect([entry.name, content.includes(secret)]).toEqual([entry.name, false]);
  }
});
