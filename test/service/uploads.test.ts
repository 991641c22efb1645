// Uploads of dumps that were made elsewhere: from the request to the import, refused, cut, and too large.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BackupInfo, BackupList, Plan, ServiceJob } from '../../lib/service/schemas.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer, servers } from '../servers/running.ts';
import { type Answer, adminKey, type RunningService, startService } from './scene.ts';

const megabyte = 1024 ** 2;
const databases: Record<string, Database> = {};
let service: RunningService;

beforeAll(async () => {
  // The oldest version, which the pg_dump of every machine can read.
  const oldest = servers()[0] ?? anyServer();
  for (const name of ['queue', 'target', 'other']) databases[name] = await freshDatabase(oldest);
  await rowsOf(url('target'), 'create table old (id int); insert into old select generate_series(1, 5)');
  service = await startService({
    environments: { target: url('target') },
    serve: { maxStorage: '4MB' },
    variables: { PGMAGE_QUEUE_URL: url('queue') },
  });
});
afterAll(async () => {
  await service?.remove();
  for (const database of Object.values(databases)) await database.drop();
});

const url = (name: string) => databases[name]?.url ?? '';
const folder = () => join(service.root, 'backups');
const uploads = () => (existsSync(join(folder(), 'uploads')) ? readdirSync(join(folder(), 'uploads')) : []);
const list = () => service.ask<BackupList>('GET', '/api/backups');
const codeOf = ({ text }: Answer) => (JSON.parse(text) as { problem: { code: string } }).problem.code;

async function send(content: Buffer | string, query = '', key = adminKey): Promise<Answer> {
  const response = await fetch(`${service.url}/api/backups${query}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/octet-stream' },
    body: content as never,
  });
  const text = await response.text();
  const { status, headers } = response;
  return { status, headers, text, body: (text === '' ? undefined : JSON.parse(text)) as never };
}

const script = (rows: string) => `create table sent (id int primary key, name text);
copy sent from stdin;\n${rows}\\.\n`;

async function importUpload(file: string, more: object = {}): Promise<ServiceJob> {
  const body = { file, to: 'target', withoutManifest: true, ...more };
  const { planId } = await service.ask<Plan>('POST', '/api/plans', { kind: 'import', ...body });
  return service.run('import', { ...body, planId });
}

const countSent = async () =>
  (await rowsOf<{ n: number }>(url('target'), 'select count(*)::int n from sent'))[0]?.n;

test('an uploaded dump is listed without a manifest, verified, imported and appended to', async () => {
  const content = gzipSync(script('1\ta\n2\tb\n'));
  const sha256 = createHash('sha256').update(content).digest('hex');
  const made = await send(content, `?name=from-elsewhere&sha256=${sha256}`);
  expect([made.status, made.body]).toEqual([
    201,
    expect.objectContaining({ format: 'plain', environment: null, bytes: content.length, faults: [] }),
  ]);
  const { file, uploaded } = made.body as BackupInfo;
  expect(file).toMatch(/^uploaded_\d{4}-.*Z_from-elsewhere\.sql\.gz$/);
  expect(uploaded).toMatchObject({ by: 'PGMAGE_API_KEY', sha256 });
  expect((await list()).backups.map((one) => one.file)).toEqual([file]);
  const path = join(folder(), 'uploads', file);
  expect([readFileSync(path).equals(content), statSync(path).mode & 0o777]).toEqual([true, 0o600]);
  const whole = await fetch(`${service.url}/api/backups/${file}/content`, {
    headers: { Authorization: `Bearer ${adminKey}` },
  });
  expect(Buffer.from(await whole.arrayBuffer()).equals(content)).toBe(true);
  const { id } = await service.ask<{ id: string }>('POST', `/api/backups/${file}/verify`, {});
  expect(await service.until(id)).toMatchObject({ state: 'done', result: { file, bytes: content.length } });
  expect(await importUpload(file)).toMatchObject({
    state: 'done',
    target: 'changed',
    result: { loaded: { rows: 2 } },
  });
  const more = (await send('insert into sent values (3, null);')).body as BackupInfo;
  expect(await importUpload(more.file, { append: true })).toMatchObject({ state: 'done' });
  expect(await countSent()).toBe(3);
  // Pruning knows nothing of uploads, and the command line does not list them.
  expect((await list()).backups.filter((one) => one.uploaded).map(({ why }) => why)).toEqual([
    ['upload'],
    ['upload'],
  ]);
  const listed = execFileSync(
    process.execPath,
    [join(import.meta.dirname, '../../bin/pgmage.cjs'), 'db:backups'],
    {
      cwd: service.root,
      encoding: 'utf8',
    },
  );
  expect(listed).not.toContain('uploaded_');
  for (const one of [file, more.file])
    expect((await service.request('DELETE', `/api/backups/${one}`)).status).toBe(204);
  expect(uploads()).toEqual([]);
});

test('an archive of pg_dump is recognized and imported', async () => {
  await rowsOf(url('other'), 'create table kept (id int); insert into kept values (1)');
  const archive = execFileSync('pg_dump', ['-Fc', url('other')], { maxBuffer: megabyte });
  await rowsOf(url('other'), 'drop table kept');
  const { file } = (await send(archive)).body as BackupInfo;
  expect(file).toMatch(/_dump\.dump$/);
  expect(await importUpload(file)).toMatchObject({ state: 'done' });
  expect(await rowsOf(url('target'), 'select id from kept')).toEqual([{ id: 1 }]);
  await service.request('DELETE', `/api/backups/${file}`);
});

test('what is not a dump, has another checksum or no right is refused, and leaves no file', async () => {
  const refused = await send(Buffer.from('PK\x03\x04 and so on'));
  expect([refused.status, codeOf(refused)]).toEqual([415, 'upload_refused']);
  expect(refused.text).toContain('zip archive');
  const other = await send('select 1;', `?sha256=${'0'.repeat(64)}`);
  expect([other.status, codeOf(other)]).toEqual([422, 'backup_damaged']);
  for (const name of ['../x', 'a/b', 'postgres://a', 'file:x', '', 'x'.repeat(80), '.hidden', 'a\r\nb'])
    expect([name, (await send('select 1;', `?name=${encodeURIComponent(name)}`)).status]).toEqual([
      name,
      400,
    ]);
  const key = await service.addKey('writer', ['read', 'run', 'write', 'download']);
  expect((await send('select 1;', '', key)).status).toBe(403);
  const json = await service.request('POST', '/api/backups', { body: { file: '/etc/passwd' } });
  expect(json.status).toBe(400);
  expect(uploads()).toEqual([]);
});

// Sends the head of an upload and a part of its body.
function begin(length: number, body: string) {
  const socket = connect(service.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(
    `POST /api/backups HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${adminKey}\r\n` +
      `Content-Type: application/octet-stream\r\nContent-Length: ${length}\r\n\r\n${body}`,
  );
  return socket;
}

test('an upload whose connection ends leaves no file; a third one at once waits', async () => {
  const text = `select 1;${' '.repeat(100_000)}`;
  const sockets = [begin(megabyte, text), begin(megabyte, text)];
  await expect.poll(() => uploads().filter((name) => name.endsWith('.partial')).length).toBe(2);
  const third = await send('select 1;');
  expect([third.status, codeOf(third)]).toEqual([429, 'too_many_uploads']);
  for (const socket of sockets) socket.destroy();
  await expect.poll(uploads).toEqual([]);
  const { file } = (await send('select 1;')).body as BackupInfo;
  expect((await service.request('DELETE', `/api/backups/${file}`)).status).toBe(204);
});

test('an upload beyond the limit is refused before it comes, and while it comes', async () => {
  const before = await send(Buffer.alloc(5 * megabyte, 'select 1;\n'));
  expect([before.status, codeOf(before)]).toEqual([507, 'storage_full']);
  // Its length is not known.
  const pieces = Array.from({ length: 50 }, () => Buffer.alloc(100_000, 'select 1;\n'));
  const sent = await fetch(`${service.url}/api/backups`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${adminKey}`, 'Content-Type': 'application/octet-stream' },
    body: ReadableStream.from(pieces) as never,
    duplex: 'half',
  } as RequestInit);
  expect([sent.status, await sent.text()]).toEqual([507, expect.stringContaining('storage_full')]);
  expect(uploads()).toEqual([]);
});
