// The limit of storage, pruning, and what the service forgets and cleans up.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sweepPartials } from '../../lib/backup/partial-files.ts';
import { forgetOld } from '../../lib/service/history.ts';
import type { BackupList, Settings } from '../../lib/service/schemas.ts';
import { openStore } from '../../lib/service/store.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { type Gate, openGate } from '../web/gate.ts';
import { type Answer, type RunningService, startService } from './scene.ts';

const megabyte = 1024 ** 2;
const limit = 4 * megabyte;
const databases: Record<string, Database> = {};
const told: { readonly event: string }[] = [];
let service: RunningService;
let gate: Gate;

const hook = createServer((request, response) => {
  let body = '';
  request.on('data', (piece) => {
    body += piece;
  });
  request.on('end', () => {
    told.push(JSON.parse(body));
    response.end();
  });
});

beforeAll(async () => {
  for (const name of ['queue', 'source', 'target', 'prod'])
    databases[name] = await freshDatabase(anyServer());
  await rowsOf(url('source'), 'create table users (id int primary key, name text)');
  await rowsOf(url('target'), 'create table old (id int); insert into old select generate_series(1, 5)');
  const port = await new Promise<number>((resolve) =>
    hook.listen(0, '127.0.0.1', () => resolve((hook.address() as AddressInfo).port)),
  );
  gate = await openGate(url('source'));
  service = await startService({
    environments: { source: gate.url, target: url('target'), prod: url('prod') },
    serve: { maxStorage: '4MB', notify: { webhook: `http://127.0.0.1:${port}/` }, allowTargets: ['prod'] },
    variables: { PGMAGE_QUEUE_URL: url('queue') },
  });
});
afterAll(async () => {
  gate?.close();
  hook.close();
  await service?.remove();
  for (const database of Object.values(databases)) await database.drop();
});

const url = (name: string) => databases[name]?.url ?? '';
const folder = () => join(service.root, 'backups');
const list = () => service.ask<BackupList>('GET', '/api/backups');
const codeOf = ({ text }: Answer) => (JSON.parse(text) as { problem: { code: string } }).problem.code;

// Random text hardly gets smaller.
const grow = (kilobytes: number) =>
  rowsOf(
    url('source'),
    `truncate users; insert into users select i, (select pg_catalog.string_agg(pg_catalog.md5(pg_catalog.random()::text), '')
       from pg_catalog.generate_series(1, 32) where i > 0) from pg_catalog.generate_series(1, ${kilobytes}) i`,
  );
const exportSource = async (): Promise<string> =>
  ((await service.run('export', { database: 'source', format: 'native' })).result as { file: string }).file;

test('an export that does not fit deletes old backups first, but no kept, used or newest one', async () => {
  await grow(1200);
  const files: string[] = [];
  for (let count = 0; count < 4; count++) files.push(await exportSource());
  const [first = '', second = ''] = files;
  writeFileSync(join(folder(), `${first}.keep`), '');
  const names = (await list()).backups.map(({ file }) => file);
  // The rules keep one of a day. The second one went for the fourth, or will go for the next.
  const { retention, backups } = await list();
  expect(retention).toEqual({ daily: 7, weekly: 4, monthly: 6 });
  expect(backups.find(({ file }) => file === first)?.why).toContain('keep');
  expect(names).toContain(first);
  while (readdirSync(folder()).includes(second)) files.push(await exportSource());
  const left = (await list()).backups.map(({ file }) => file);
  expect(left).toContain(first);
  expect(left).toContain(files.at(-1));
  expect(
    (await service.ask<{ bytes: number }>('GET', '/api/settings').then((all) => all as unknown as Settings))
      .storage.bytes,
  ).toBeLessThanOrEqual(limit);
});

test('an export that cannot fit is refused with 507 before it starts', async () => {
  await grow(9000);
  const answer = await service.request('POST', '/api/sync/export', {
    body: { database: 'source', format: 'native' },
  });
  expect([answer.status, codeOf(answer)]).toEqual([507, 'storage_full']);
  const before = await list();
  expect(before.backups.length).toBeGreaterThan(0);
});

test('a job that outgrows the limit ends with storage_full and removes its file', async () => {
  // The newest backup tells of a table that gets much smaller than this one does.
  await rowsOf(
    url('source'),
    "truncate users; insert into users select i, repeat('x', 1000) from generate_series(1, 3000) i",
  );
  await exportSource();
  await grow(7000);
  const present = readdirSync(folder()).sort();
  gate.slow(2_000_000);
  const id = await service.add('export', { database: 'source', format: 'native' });
  const job = await service.until(id);
  gate.release();
  expect(job).toMatchObject({ state: 'failed', tries: 1, problem: { code: 'storage_full', status: 507 } });
  expect(readdirSync(folder()).sort()).toEqual(present);
});

test('a storage that is nearly full is told once, and by /ready, /metrics and the settings', async () => {
  for (const { file } of (await list()).backups) {
    rmSync(join(folder(), `${file}.keep`), { force: true });
    await service.request('DELETE', `/api/backups/${file}`);
  }
  const ready = async () => (await service.request('GET', '/ready', { key: null })).body as object;
  const filler = join(folder(), 'other-file');
  const full = () => told.filter(({ event }) => event === 'storage_nearly_full');
  await setTimeout(2_500);
  const earlier = full().length;
  expect(await ready()).toMatchObject({ ok: true, storage: 'ok' });
  writeFileSync(filler, Buffer.alloc(Math.ceil(0.95 * limit)));
  await expect.poll(() => full().length, { timeout: 20_000 }).toBe(earlier + 1);
  expect(full().at(-1)).toMatchObject({
    folder: 'backups',
    limit,
    text: expect.stringMatching(/nearly full/),
  });
  expect(await ready()).toMatchObject({ ok: true, storage: 'nearly full' });
  writeFileSync(filler, Buffer.alloc(limit));
  await expect.poll(ready, { timeout: 10_000 }).toMatchObject({ ok: false, storage: 'full', queue: 'ok' });
  const { text } = await service.request('GET', '/metrics');
  expect(text).toMatch(new RegExp(`^pgmage_storage_bytes ${limit}$`, 'm'));
  expect(text).toMatch(new RegExp(`^pgmage_storage_limit_bytes ${limit}$`, 'm'));
  const { storage, history } = await service.ask<Settings>('GET', '/api/settings');
  expect([storage.limit, history]).toEqual([limit, { jobDays: 90, jobs: 10_000, eventDays: 7 }]);
  rmSync(filler);
  await setTimeout(2_500);
  expect(full().length).toBe(earlier + 1);
  writeFileSync(filler, randomBytes(Math.ceil(0.95 * limit)));
  await expect.poll(() => full().length, { timeout: 20_000 }).toBe(earlier + 2);
  rmSync(filler);
});

test('a schedule that writes to a protected target needs its typed name', async () => {
  const body = { task: 'clone', every: 'weekly', from: 'source', to: 'prod', force: true };
  const put = (more: object) =>
    service.request('PUT', '/api/schedules/risky', { body: { ...body, ...more } });
  for (const more of [{}, { confirm: 'source' }]) {
    const refused = await put(more);
    expect([refused.status, codeOf(refused)]).toEqual([403, 'protected_target']);
  }
  const made = await put({ confirm: 'prod' });
  expect(made.status).toBe(200);
  expect((made.body as { definition: object }).definition).not.toHaveProperty('confirm');
  await service.request('DELETE', '/api/schedules/risky');
});

test('backups are pruned by a job of an administrator', async () => {
  await rowsOf(url('source'), 'truncate users; insert into users values (1)');
  const files = [await exportSource(), await exportSource()];
  const { backups } = await list();
  expect(backups.find(({ file }) => file === files[0])?.why).toEqual([]);
  const key = await service.addKey('pruner', ['read', 'run', 'write']);
  expect((await service.request('POST', '/api/backups/prune', { key, body: {} })).status).toBe(403);
  const { id } = await service.ask<{ id: string }>('POST', '/api/backups/prune', { keepDaily: 1 });
  const job = await service.until(id);
  expect(job).toMatchObject({ kind: 'prune', state: 'done' });
  expect((job.result as { removed: { file: string }[] }).removed.map(({ file }) => file)).toEqual([files[0]]);
  expect((await service.request('POST', `/api/jobs/${id}/retry`, { key, body: {} })).status).toBe(403);
});

test('old jobs, old events and what pg-boss keeps are forgotten; open and newest ones stay', async () => {
  await service.stop();
  const queue = (sql: string) => rowsOf<{ n: number }>(url('queue'), sql);
  const insert = (kind: string, state: string, days: number, by = 'test', count = 1) =>
    `insert into service.jobs (id, kind, state, parameters, digest, lane, requested_by, created_at, ended_at)
     select gen_random_uuid(), '${kind}', '${state}', '{}', 'd', 'none', '${by}', now() - interval '${days} days',
       case when '${state}' = 'waiting' then null else now() - interval '${days} days' end
     from generate_series(1, ${count})`;
  await queue('truncate service.jobs cascade');
  await queue(insert('oldest', 'done', 1));
  await queue(insert('filler', 'done', 1, 'test', 10_003));
  await queue(insert('aged', 'failed', 91, 'test', 1_500));
  await queue(insert('open', 'waiting', 200));
  await queue(insert('newest-success', 'done', 300, 'schedule yearly'));
  await queue(
    `insert into service.events (number, job, seq, type, data, at)
     select 900000 + row_number() over (), id, 1, 'line', '{}', now() - interval '8 days' from service.jobs
     where kind in ('open', 'newest-success')`,
  );
  await queue(
    `insert into pgboss.archive (id, name, priority, state, retry_limit, retry_count, retry_delay, retry_backoff,
       start_after, expire_in, created_on, keep_until, archived_on)
     select gen_random_uuid(), 'old', 0, 'completed', 0, 0, 0, false, now(), '1 h', now(), now(),
       now() - interval '8 days'`,
  );
  const place = {
    url: url('queue'),
    folder: service.root,
    cacheDir: service.root,
    progress: () => undefined,
  };
  const store = await openStore(place);
  try {
    const { jobs, events } = await forgetOld(store);
    expect(events).toBe(1);
    expect(jobs).toBeGreaterThan(1_500);
    // Of those that are over, the newest 10,000 rows count.
    const kinds = await queue('select kind, count(*)::int n from service.jobs group by kind order by kind');
    expect(kinds).toEqual([
      { kind: 'filler', n: 10_003 - (1_500 + 2 + 10_003 - 10_000) },
      { kind: 'newest-success', n: 1 },
      { kind: 'open', n: 1 },
    ]);
    expect(await queue("select count(*)::int n from pgboss.archive where name = 'old'")).toEqual([{ n: 0 }]);
    expect(await forgetOld(store)).toEqual({ jobs: 0, events: 0 });
  } finally {
    await store.close();
  }
});

test('files of dead jobs are removed, never those of jobs that run, of whatever service', async () => {
  const place = mkdtempSync(join(tmpdir(), 'pgmage-partial-'));
  const dead = execFileSync(process.execPath, ['-e', 'process.stdout.write(String(process.pid))'], {
    encoding: 'utf8',
  });
  const partial = (stem: string, ending: string) => `${stem}_2026-11-29T10-00-00Z.${ending}.partial`;
  const files = {
    [partial('shop_prod', 'native')]: '',
    [partial('shop_prod', 'json')]: '',
    [partial('shop_staging', 'sql.gz')]: '',
    [partial('shop_far', 'dump')]: '',
    [partial('shop_lone', 'dump')]: '',
    '.shop_prod.lock': `${dead} ${hostname()}\n`,
    '.shop_staging.lock': `${process.ppid} ${hostname()}\n`,
    '.shop_far.lock': '1 another-machine\n',
    'notes.partial': '',
    'shop_prod_2026-11-29T10-00-00Z.native': '',
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(place, name), content);
  expect((await sweepPartials(place)).sort()).toEqual(
    [partial('shop_lone', 'dump'), partial('shop_prod', 'json'), partial('shop_prod', 'native')].sort(),
  );
  expect(readdirSync(place).sort()).toEqual(
    [
      '.shop_far.lock',
      '.shop_staging.lock',
      'notes.partial',
      partial('shop_far', 'dump'),
      partial('shop_staging', 'sql.gz'),
      'shop_prod_2026-11-29T10-00-00Z.native',
    ].sort(),
  );
  rmSync(place, { recursive: true });
});
