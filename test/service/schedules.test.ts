// Schedules and notifications, by two services that share a queue on PostgreSQL. Who may set schedules up:
// schedules-access.test.ts.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Jobs, Schedule } from '../../lib/service/schemas.ts';
import { describeUnit } from '../../lib/service/unit.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { adminKey, type RunningService, startService } from './scene.ts';

const databases: Record<string, Database> = {};
const services: RunningService[] = [];
const calls: { readonly path: string; readonly body: string }[] = [];
const mails: string[] = [];
let refusals = 0;

const receiver = createServer((request: IncomingMessage, response) => {
  let body = '';
  request.on('data', (piece) => {
    body += piece;
  });
  request.on('end', () => {
    if (refusals > 0) {
      refusals--;
      response.writeHead(503).end();
      return;
    }
    calls.push({ path: request.url ?? '', body });
    response.end('ok');
  });
});

// As much of SMTP (RFC 5321) as a mail needs.
const mailServer = createSocketServer((socket) => {
  let isData = false;
  let text = '';
  socket.write('220 here\r\n');
  socket.on('error', () => undefined);
  socket.on('data', (piece) => {
    const given = String(piece);
    if (!isData && /^DATA/i.test(given)) {
      isData = true;
      socket.write('354 go on\r\n');
    } else if (isData) {
      text += given;
      if (!text.endsWith('\r\n.\r\n')) return;
      mails.push(text);
      [isData, text] = [false, ''];
      socket.write('250 taken\r\n');
    } else if (/^QUIT/i.test(given)) socket.end('221 bye\r\n');
    else socket.write('250 ok\r\n');
  });
});

const url = (name: string) => databases[name]?.url ?? '';
const queue = (sql: string) => rowsOf<Record<string, unknown>>(url('queue'), sql);
const service = () => services[0] as RunningService;

beforeAll(async () => {
  for (const name of ['queue', 'source', 'target']) databases[name] = await freshDatabase(anyServer());
  await query(
    url('source'),
    'create table users (id int primary key, name text); insert into users select i from generate_series(1, 100) i',
  );
  await query(
    url('target'),
    'create table users (id int primary key, name text); insert into users select i from generate_series(51, 300) i',
  );
  const ports = await Promise.all(
    [receiver, mailServer].map(
      (server) =>
        new Promise<number>((resolve) =>
          server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
        ),
    ),
  );
  const hook = `http://127.0.0.1:${ports[0]}`;
  const serve = {
    schedules: {
      nightly: {
        task: 'export',
        every: 'daily',
        database: 'source',
        format: 'native',
        ping: `${hook}/ping/1`,
      },
      mirror: { task: 'data', every: 'daily', from: 'source', to: 'target', ping: `${hook}/ping/2/` },
      drift: { task: 'drift', every: 'daily', database: 'source' },
      unknown: { task: 'export', every: 'daily', database: 'nowhere' },
    },
    notify: {
      webhook: `${hook}/hook`,
      email: { smtp: `smtp://127.0.0.1:${ports[1]}`, from: 'a@example.com', to: 'b@example.com' },
    },
  };
  const environments = { source: url('source'), target: url('target') };
  const variables = { PGMAGE_QUEUE_URL: url('queue') };
  for (let at = 0; at < 2; at++) services.push(await startService({ environments, serve, variables }));
});
afterAll(async () => {
  for (const one of services) await one.remove();
  receiver.close();
  mailServer.close();
  for (const database of Object.values(databases)) await database.drop();
});

// As if the schedule had been added two days ago.
const makeDue = (name: string) =>
  queue(
    `update service.schedules set since = now() - interval '2 days', last_slot = null where name = '${name}'`,
  );

async function until<T>(look: () => Promise<T> | T, isWanted: (value: T) => boolean): Promise<T> {
  let value = await look();
  for (const start = Date.now(); !isWanted(value); value = await look()) {
    if (Date.now() - start > 60_000) throw new Error(`still ${JSON.stringify(value)}\n${service().output}`);
    await setTimeout(100);
  }
  return value;
}

const jobsOf = async (name: string) =>
  (await service().ask<Jobs>('GET', '/api/jobs')).jobs.filter(
    (job) => job.requestedBy === `schedule ${name}`,
  );
const isOver = (jobs: Jobs['jobs']) => jobs.some(({ state }) => /^(done|failed)$/.test(state));
const told = (event: string) =>
  calls
    .filter(({ path }) => path === '/hook')
    .map(({ body }) => JSON.parse(body))
    .filter((one) => one.event === event);

test('of two services one adds the job; its address is called, again after a refusal', async () => {
  refusals = 1;
  await makeDue('nightly');
  const [job] = await until(() => jobsOf('nightly'), isOver);
  expect(job).toMatchObject({ kind: 'export', state: 'done', from: 'source' });
  await until(
    () => calls.map(({ path }) => path),
    (paths) => paths.includes('/ping/1'),
  );
  await setTimeout(6_000);
  expect(await jobsOf('nightly')).toHaveLength(1);
  const shown = await service().ask<Schedule>('GET', '/api/schedules/nightly');
  expect(shown).toMatchObject({ paused: false, overdue: false, last: { job: job?.id, state: 'done' } });
  expect(Date.parse(shown.next ?? '')).toBeGreaterThan(Date.now());
});

test('a scheduled data sync stops at too many deletions, and tells it by webhook, mail and address', async () => {
  await makeDue('mirror');
  const [job] = await until(() => jobsOf('mirror'), isOver);
  expect(job).toMatchObject({ state: 'failed', target: 'unchanged' });
  const [notice] = await until(
    () => told('job_failed').filter((one) => one.schedule === 'mirror'),
    (all) => all.length > 0,
  );
  expect(notice.text).toContain('Hint: ');
  expect(notice.content).toBe(notice.text);
  await until(
    () => calls.map(({ path }) => path),
    (paths) => paths.includes('/ping/2/fail'),
  );
  // It may be overdue besides.
  const failed = /^Subject: pgmage: Failed: data of target \(schedule mirror\)/m;
  await until(
    () => mails.filter((one) => failed.test(one)),
    (all) => all.length > 0,
  );
  expect(await rowsOf(url('target'), 'select count(*)::int as n from users')).toEqual([{ n: 250 }]);
});

test('drift that a schedule finds is told', async () => {
  for (const { root } of services)
    writeFileSync(
      join(root, 'schema.sql'),
      'create table users (id int primary key, name text, phone text);',
    );
  await makeDue('drift');
  const [notice] = await until(
    () => told('drift_found'),
    (all) => all.length > 0,
  );
  expect(notice).toMatchObject({ schedule: 'drift', database: 'source', changes: 1 });
});

test('a schedule whose job cannot be added says why, once', async () => {
  await makeDue('unknown');
  const shown = await until(
    () => service().ask<Schedule>('GET', '/api/schedules/unknown'),
    ({ problem }) => problem !== null,
  );
  expect(shown.problem).toMatchObject({ code: 'unknown_environment' });
  await until(
    () => told('job_failed').filter((one) => one.schedule === 'unknown'),
    (all) => all.length === 1,
  );
});

test('a schedule without a success in time is overdue, which is told once', async () => {
  await queue(
    `update service.schedules set since = now() - interval '3 days', last_slot = now() where name = 'unknown'`,
  );
  await until(
    () => told('overdue').filter((one) => one.schedule === 'unknown'),
    (all) => all.length > 0,
  );
  await setTimeout(6_000);
  expect(told('overdue').filter((one) => one.schedule === 'unknown')).toHaveLength(1);
  const { text } = await service().request('GET', '/metrics');
  expect(text).toMatch(/^pgmage_schedule_overdue\{schedule="unknown"\} 1$/m);
  expect(text).toMatch(/^pgmage_jobs\{kind="export",state="done"\} 1$/m);
  expect(text).toMatch(/^pgmage_storage_bytes [1-9]/m);
});

test('no address, password or key is in any row of the database or in the log', async () => {
  const tables = await queue(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname in ('service', 'pgboss')`,
  );
  expect(tables.length).toBeGreaterThan(10);
  const rows = await queue(
    tables.map(({ name }) => `select r::text as text from ${name} r`).join(' union all '),
  );
  expect(rows.length).toBeGreaterThan(20);
  const seen = [...rows.map(({ text }) => text), ...services.map(({ output }) => output)].join('\n');
  for (const secret of [anyServer().password, adminKey]) expect(seen).not.toContain(secret);
  expect(seen).not.toContain('/ping/');
  expect(seen).not.toContain('/hook');
});

test.runIf(existsSync('/usr/bin/systemd-analyze'))('systemd accepts the unit', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pgmage-unit-'));
  const file = join(folder, 'pgmage.service');
  writeFileSync(file, describeUnit(folder, { user: 'nobody' }));
  try {
    execFileSync('systemd-analyze', ['verify', '--man=no', file], { stdio: 'pipe', encoding: 'utf8' });
  } catch (thrown) {
    const lines = String((thrown as { stderr?: string }).stderr)
      .split('\n')
      .filter((line) => line.includes(file));
    expect(lines).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
