// The service as the machine runs it: systemd, a container, a proxy, its limits, its log.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { freePort } from '../servers/server.ts';
import { adminKey, type RunningService, startService } from './scene.ts';

const repository = join(import.meta.dirname, '../..');
let folder: string;
let database: Database;
let service: RunningService;

// Prints each datagram on a line of its own: what systemd does with them, Node.js cannot.
const receiver = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True: print(s.recv(4096).decode(), flush=True)`;

const missingNotify = ['systemd-notify', 'python3'].find(
  (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0,
);
const caddy = ['/usr/bin/caddy'].find((path) => existsSync(path));
const nginx = ['/usr/sbin/nginx', '/usr/bin/nginx'].find((path) => existsSync(path));

let told = '';
let listener: ReturnType<typeof spawn> | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pgmage-operation-'));
  const socket = join(folder, 'notify');
  if (missingNotify === undefined) {
    listener = spawn('python3', ['-c', receiver, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    listener.stdout?.on('data', (piece: Buffer) => {
      told += piece;
    });
    while (!told.includes('bound')) await setTimeout(20);
  }
  database = await freshDatabase(anyServer());
  await rowsOf(database.url, 'create table users as select i as id from generate_series(1, 200000) i');
  service = await startService({
    environments: { local: database.url },
    serve: { hosts: ['db.example.com'], waiting: 3, concurrency: 1 },
    variables: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '1000000', PGMAGE_JOB_MEMORY: '64' },
  });
}, 120_000);

afterAll(async () => {
  await service?.remove();
  await database?.drop();
  listener?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

test('systemd learns that the service is ready and alive', async ({ skip }) => {
  skip(missingNotify !== undefined, `${missingNotify} is not installed`);
  await expect.poll(() => told, { timeout: 15_000 }).toMatch(/bound\nREADY=1\n(BARRIER=1\n)?WATCHDOG=1\n/);
});

const guide = readFileSync(join(repository, 'docs/guides/run-the-service.md'), 'utf8');

test('nginx with the lines of the guide passes the page, sessions and events on', async ({ skip }) => {
  skip(nginx === undefined, 'nginx is not installed: apt-get install nginx-light');
  const [, block = ''] = /```\n# nginx, [^\n]*\n([\s\S]*?)```/.exec(guide) ?? [];
  const port = await freePort();
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  );
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off; pid ${join(folder, 'nginx.pid')}; error_log ${join(folder, 'nginx.log')};
     events {}
     http { access_log off; ${temp.join(' ')}
       server { listen 127.0.0.1:${port}; ${block.replace('127.0.0.1:8170', `127.0.0.1:${service.port}`)} } }`,
  );
  const proxy = spawn(nginx as string, ['-c', file, '-p', folder], { stdio: 'ignore' });
  try {
    const host = 'db.example.com';
    const curl = (...words: string[]) =>
      execFileSync('curl', ['-sS', '--max-time', '20', '-H', `Host: ${host}`, ...words], {
        encoding: 'utf8',
      });
    for (let tries = 0; tries < 50 && !existsSync(join(folder, 'nginx.pid')); tries++) await setTimeout(50);
    const base = `http://127.0.0.1:${port}`;
    expect(curl(`${base}/`)).toContain('<title>pgmage');
    const login = ['-H', 'Content-Type: application/json', '-H', `Origin: https://${host}`];
    const session = curl('-i', ...login, '-d', JSON.stringify({ key: adminKey }), `${base}/api/session`);
    expect(session).toMatch(
      /^HTTP\/1\.1 200[\s\S]*set-cookie: pgmage_session=\S+; HttpOnly; [^\n]*; Secure/i,
    );
    const id = await service.add('export', { database: 'local', format: 'native' });
    const key = ['-H', `Authorization: Bearer ${adminKey}`];
    expect(curl('-N', ...key, `${base}/api/jobs/${id}/events`)).toMatch(/"state":"done"/);
    const foreign = execFileSync('curl', ['-sSi', '-H', 'Host: evil.example', `${base}/`], {
      encoding: 'utf8',
    });
    expect(foreign).toMatch(/^HTTP\/1\.1 403/);
  } finally {
    proxy.kill('SIGTERM');
  }
});

test('Caddy with the lines of the guide passes the page and events on', async ({ skip }) => {
  skip(caddy === undefined, 'Caddy is not installed: apt-get install caddy');
  const [, block = ''] = /```\n# Caddy\n([\s\S]*?)```/.exec(guide) ?? [];
  const port = await freePort();
  const file = join(folder, 'Caddyfile');
  // Without certificates, which need the internet.
  const site = block
    .replace('db.example.com', `http://db.example.com:${port}`)
    .replace('127.0.0.1:8170', `127.0.0.1:${service.port}`);
  writeFileSync(file, `{\n  admin off\n  auto_https off\n  default_bind 127.0.0.1\n}\n${site}`);
  const words = ['run', '--config', file, '--adapter', 'caddyfile'];
  const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const proxy = spawn(caddy as string, words, { stdio: 'ignore', env });
  try {
    const base = `http://127.0.0.1:${port}`;
    const curl = (...more: string[]) => {
      const usual = ['-sS', '--retry', '50', '--retry-connrefused', '--retry-delay', '1', '--max-time', '20'];
      return execFileSync('curl', [...usual, '-H', 'Host: db.example.com', ...more], { encoding: 'utf8' });
    };
    expect(curl(`${base}/`)).toContain('<title>pgmage');
    const id = await service.add('export', { database: 'local', format: 'native' });
    const key = ['-H', `Authorization: Bearer ${adminKey}`];
    expect(curl('-N', ...key, `${base}/api/jobs/${id}/events`)).toMatch(/"state":"done"/);
  } finally {
    proxy.kill('SIGTERM');
  }
});

test('the Dockerfile runs as a user without rights, holds no secret, and asks for the health', async () => {
  const text = readFileSync(join(repository, 'Dockerfile'), 'utf8').replace(/\\\n\s*/g, '');
  const stages = text.split(/^(?=FROM )/m).slice(1);
  const [build = '', image = ''] = stages;
  expect(stages.map((stage) => stage.split('\n')[0])).toEqual([
    'FROM node:22-bookworm-slim AS build',
    'FROM node:22-bookworm-slim',
  ]);
  // The last stage takes nothing from the folder that it is built in.
  expect(image.match(/^(COPY|ADD) .*/gm)).toEqual(['COPY --from=build /app /app']);
  expect(image.match(/^USER (.*)$/m)?.[1]).toBe('1000:1000');
  expect(image.indexOf('\nUSER')).toBeLessThan(image.indexOf('\nENTRYPOINT'));
  expect(text).not.toMatch(/(ENV|ARG)[^\n]*(KEY|PASSWORD|TOKEN|SECRET|DATABASE_URL)/);
  expect(build).not.toContain('curl');
  expect(readFileSync(join(repository, '.dockerignore'), 'utf8').split('\n')).toEqual(
    expect.arrayContaining(['.git', '.env*', 'node_modules', '.pgmage', 'backups']),
  );
  const [, command = '[]'] = /HEALTHCHECK [^\n]*CMD (\[.*\])/.exec(image) ?? [];
  const [program, ...words] = JSON.parse(command) as [string, ...string[]];
  const check = (port: number) => {
    const env = { ...process.env, PGMAGE_PORT: String(port) };
    return new Promise((resolve) => spawn(program, words, { env, stdio: 'ignore' }).once('exit', resolve));
  };
  expect([await check(service.port), await check(await freePort())]).toEqual([0, 1]);
});

test('more jobs than may wait are refused, and a job that waits is cancelled', async () => {
  const bodies = ['native', 'plain'].flatMap((format) =>
    [false, true].map((keep) => ({ database: 'local', format, keep })),
  );
  const ids: string[] = [];
  for (const body of bodies) {
    const answer = await service.request('POST', '/api/sync/export', { body });
    ids.push((answer.body as { id: string }).id);
    // The first one runs as soon as it is there.
    if (ids.length === 1) await service.until(ids[0] ?? '', ({ state }) => state === 'running');
    expect(answer.status).toBe(202);
  }
  const full = await service.request('POST', '/api/databases/local/drift');
  expect([full.status, full.text]).toEqual([429, expect.stringContaining('queue_full')]);
  expect(service.jobProcesses().length).toBe(1);
  const waiting = ids.at(-1) ?? '';
  const cancelled = await service.ask('POST', `/api/jobs/${waiting}/cancel`);
  expect(cancelled).toEqual({ state: 'cancelled' });
  expect(await service.job(waiting)).toMatchObject({ state: 'cancelled', startedAt: null, tries: 0 });
  const over = await service.request('POST', `/api/jobs/${waiting}/cancel`);
  expect([over.status, over.text]).toEqual([409, expect.stringContaining('job_over')]);
  const early = await service.request('POST', `/api/jobs/${ids[0]}/retry`, { body: {} });
  const state = (await service.job(ids[0] ?? '')).state;
  if (state === 'running')
    expect([early.status, early.text]).toEqual([409, expect.stringContaining('job_running')]);
  for (const id of ids.slice(0, -1)) expect((await service.until(id)).state).toBe('done');
});

test('the memory of a job is limited', async () => {
  const id = await service.add('export', { database: 'local', format: 'native', keep: true });
  await service.until(id, () => service.jobProcesses().length > 0);
  const [pid] = service.jobProcesses();
  expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain('--max-old-space-size=64');
  expect((await service.until(id)).state).toBe('done');
});

test('readers that leave at once are forgotten, and metrics count those that stay', async () => {
  const streams = async () =>
    Number(/^pgmage_event_streams (\d+)$/m.exec((await service.request('GET', '/metrics')).text)?.[1]);
  for (let at = 0; at < 30; at++) {
    const stop = new AbortController();
    const asked = fetch(`${service.url}/api/events`, {
      headers: { Authorization: `Bearer ${adminKey}` },
      signal: stop.signal,
    }).catch(() => undefined);
    if (at % 3 > 0) await setTimeout(at % 3);
    stop.abort();
    await asked;
  }
  await expect.poll(streams, { timeout: 5_000 }).toBe(0);
  const metrics = (await service.request('GET', '/metrics')).text;
  expect(metrics).toMatch(/^pgmage_jobs\{kind="export",state="done"\} \d+$/m);
  expect(metrics).toMatch(/^pgmage_last_success_timestamp\{kind="export",database="local"\} \d+/m);
  expect(metrics).toMatch(/^pgmage_storage_bytes [1-9]\d*$/m);
});

test('the log says who did what, and a stop is told to systemd', async () => {
  const key = await service.addKey('ops', ['run']);
  await service.request('POST', '/api/sync/export', { body: { database: 'local', format: 'plain' }, key });
  const lines = () => service.output.split('\n').filter((line) => line.startsWith('{'));
  await expect
    .poll(() => lines().map((line) => JSON.parse(line)))
    .toContainEqual(
      expect.objectContaining({
        method: 'POST',
        path: '/api/sync/export',
        status: 202,
        by: 'ops',
        msg: 'request',
      }),
    );
  expect(await service.stop()).toBe(0);
  if (missingNotify === undefined) expect(told).toContain('STOPPING=1\n');
});
