// Drills and clones, asked for by a request and by a schedule, as jobs of a service on a shared queue.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BackupList, Jobs, Schedule, ServiceJob } from '../../lib/service/schemas.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { type RunningService, startService } from './scene.ts';

const databases: Record<string, Database> = {};
let service: RunningService;
let file: string;

const url = (name: string) => databases[name]?.url ?? '';
const daily = { every: 'daily' };

beforeAll(async () => {
  for (const name of ['queue', 'source', 'target']) databases[name] = await freshDatabase(anyServer());
  await query(
    url('source'),
    'create table users (id int primary key, name text); insert into users select i from generate_series(1, 900) i',
  );
  const schedules = {
    proof: { ...daily, task: 'verify', database: 'source', drill: true, on: 'target' },
    copy: { ...daily, task: 'clone', from: 'source', to: 'target', force: true },
    timid: { ...daily, task: 'clone', from: 'source', to: 'target' },
  };
  service = await startService({
    environments: { source: url('source'), target: url('target') },
    serve: { schedules },
    variables: { PGMAGE_QUEUE_URL: url('queue') },
  });
  const made = await service.run('export', { database: 'source', format: 'native' });
  file = (made.result as { file: string }).file;
});
afterAll(async () => {
  await service?.remove();
  for (const database of Object.values(databases)) await database.drop();
});

const fillTarget = () =>
  query(
    url('target'),
    `drop table if exists users; create table users (id int primary key, name text);
     insert into users values (1, 'old')`,
  );
const readTarget = async () =>
  (await rowsOf<{ n: number }>(url('target'), 'select count(*)::int as n from users'))[0]?.n;
const listDrillDatabases = () =>
  rowsOf(url('target'), `select datname from pg_database where datname like 'pgmage\\_drill\\_%'`);
const readProof = async () =>
  (await service.ask<BackupList>('GET', '/api/backups')).backups.find((one) => one.file === file)?.verified;

// As if the schedule had been added two days ago.
async function runDue(name: string): Promise<ServiceJob> {
  await rowsOf(
    url('queue'),
    `update service.schedules set since = now() - interval '2 days', last_slot = null where name = '${name}'`,
  );
  for (const start = Date.now(); ; ) {
    const { jobs } = await service.ask<Jobs>('GET', '/api/jobs');
    const job = jobs.find(({ requestedBy }) => requestedBy === `schedule ${name}`);
    if (job !== undefined) return service.until(job.id);
    if (Date.now() - start > 30_000) throw new Error(`no job of ${name}\n${service.output}`);
  }
}

test('a drill by a request restores the backup in a database of its own, and notes it', async () => {
  expect((await readProof())?.how).toBe('read');
  await fillTarget();
  const body = { drill: true, on: 'target' };
  const { id } = await service.ask<{ id: string }>('POST', `/api/backups/${file}/verify`, body);
  expect(await service.until(id)).toMatchObject({
    kind: 'verify',
    state: 'done',
    result: { file, faults: [], rows: 900 },
  });
  expect((await readProof())?.how).toBe('drill');
  expect(await listDrillDatabases()).toEqual([]);
  expect(await readTarget()).toBe(1);
});

test('a drill of a damaged backup fails, and leaves no database', async () => {
  const made = await service.run('export', { database: 'source', format: 'native' });
  const damaged = (made.result as { file: string }).file;
  const path = join(service.root, 'backups', damaged);
  const bytes = readFileSync(path);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 255;
  writeFileSync(path, bytes);
  const body = { drill: true, on: 'target' };
  const { id } = await service.ask<{ id: string }>('POST', `/api/backups/${damaged}/verify`, body);
  expect(await service.until(id)).toMatchObject({ state: 'failed', problem: { code: 'backup_damaged' } });
  expect(await listDrillDatabases()).toEqual([]);
  await service.request('DELETE', `/api/backups/${damaged}`);
});

test('a schedule drills the newest backup of its database', async () => {
  await fillTarget();
  const made = await service.run('export', { database: 'source', format: 'native', keep: true });
  file = (made.result as { file: string }).file;
  const job = await runDue('proof');
  expect(job).toMatchObject({
    kind: 'verify',
    state: 'done',
    parameters: { file, drill: true, on: 'target' },
  });
  expect((await readProof())?.how).toBe('drill');
  expect(await listDrillDatabases()).toEqual([]);
  expect(await readTarget()).toBe(1);
});

test('a schedule clones a database, after a backup of the target', async () => {
  await fillTarget();
  const job = await runDue('copy');
  expect(job).toMatchObject({
    kind: 'clone',
    state: 'done',
    target: 'changed',
    from: 'source',
    to: 'target',
  });
  expect(await readTarget()).toBe(900);
  const { last } = await service.ask<Schedule>('GET', '/api/schedules/copy');
  expect(last).toMatchObject({ job: job.id, state: 'done' });
});

test('a scheduled clone without force does not replace rows', async () => {
  await fillTarget();
  const job = await runDue('timid');
  expect(job).toMatchObject({ state: 'failed', target: 'unchanged', problem: { code: 'data_loss_refused' } });
  expect(await readTarget()).toBe(1);
});
