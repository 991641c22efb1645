// Every answer that the OpenAPI document names does occur, and no other one of these routes.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Plan } from '../../lib/service/schemas.ts';
import { type Database, freshDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { type RequestOptions, type RunningService, startService } from './scene.ts';

type Document = {
  paths: Record<string, Record<string, { responses: Record<string, unknown>; requestBody?: unknown }>>;
};

let databases: Database[];
let service: RunningService;
const seen = new Set<string>();

/** Makes a request, and notes its answer. @param route as the document names it */
async function ask<T>(method: string, route: string, path: string, options: RequestOptions = {}): Promise<T> {
  const answer = await service.request(method, path, options);
  seen.add(`${method} ${route} ${answer.status}`);
  return answer.body as T;
}

beforeAll(async () => {
  databases = [await freshDatabase(anyServer()), await freshDatabase(anyServer())];
  await query(
    databases[0]?.url ?? '',
    'create table users (id integer primary key, name text); insert into users select i from generate_series(1, 50000) i',
  );
  const [source, target] = databases.map(({ url }) => url) as [string, string];
  service = await startService({ environments: { source, target }, serve: { concurrency: 1 } });
}, 60_000);

afterAll(async () => {
  await service?.remove();
  for (const database of databases ?? []) await database.drop();
});

const nobody = '00000000-0000-0000-0000-000000000000';
const to = { to: 'target', force: true, confirm: 'target' };

test('jobs, plans and databases', async () => {
  const bodies = {
    export: { database: 'source', format: 'native' },
    clone: { from: 'source', ...to },
    data: { from: 'source', ...to },
  };
  let job = '';
  for (const [kind, body] of Object.entries(bodies)) {
    const route = `/api/sync/${kind}`;
    const { id } = await ask<{ id: string }>('POST', route, route, { body });
    const job404 = { ...body, ...(kind === 'export' ? { database: 'nowhere' } : { from: 'nowhere' }) };
    await ask('POST', route, route, { body: job404 });
    if (kind !== 'export') {
      const { from } = bodies.clone;
      await ask('POST', route, route, { body: { from, to: 'target', planId: nobody } });
    }
    if (job === '') {
      job = id;
      // It is over only later.
      await ask('POST', '/api/jobs/{id}/retry', `/api/jobs/${id}/retry`, { body: {} });
      await ask('DELETE', '/api/jobs/{id}', `/api/jobs/${id}`);
      await ask('POST', '/api/jobs/{id}/cancel', `/api/jobs/${id}/cancel`);
      await service.until(id);
      await ask('POST', '/api/jobs/{id}/cancel', `/api/jobs/${id}/cancel`);
      await ask('POST', '/api/jobs/{id}/retry', `/api/jobs/${id}/retry`, { body: {} });
    } else await service.until(id);
  }
  for (const rest of ['', '/log', '/events'])
    for (const id of [job, nobody]) await ask('GET', `/api/jobs/{id}${rest}`, `/api/jobs/${id}${rest}`);
  await ask('GET', '/api/jobs/{id}/events', `/api/jobs/${job}/events?after=999999`);
  for (const rest of ['/cancel', '/retry'])
    await ask('POST', `/api/jobs/{id}${rest}`, `/api/jobs/${nobody}${rest}`, { body: {} });
  for (const id of [job, nobody]) await ask('DELETE', '/api/jobs/{id}', `/api/jobs/${id}`);
  const plan = { kind: 'clone', from: 'source', to: 'target' };
  await ask<Plan>('POST', '/api/plans', '/api/plans', { body: plan });
  await ask('POST', '/api/plans', '/api/plans', { body: { ...plan, from: 'nowhere' } });
  for (const name of ['source', 'nowhere']) {
    await ask('POST', '/api/databases/test', '/api/databases/test', { body: { name } });
    for (const what of ['status', 'diff', 'diff/picture', 'documents'])
      await ask('GET', `/api/databases/{name}/${what}`, `/api/databases/${name}/${what}`);
    await ask('POST', '/api/databases/{name}/drift', `/api/databases/${name}/drift`);
  }
}, 120_000);

test('backups', async () => {
  const made = await service.run('export', { database: 'source', format: 'native', keep: true });
  const other = await service.run('export', { database: 'source', format: 'plain' });
  const [kept, file] = [made, other].map(({ result }) =>
    (result as { file: string }).file.replace(/^.*\//, ''),
  );
  const one = '/api/backups/{file}';
  for (const name of [file, 'none.dump']) {
    await ask('GET', one, `/api/backups/${name}`);
    await ask('POST', `${one}/verify`, `/api/backups/${name}/verify`, { body: {} });
    for (const Range of ['bytes=0-9', 'bytes=999999999-', 'none'])
      await ask('GET', `${one}/content`, `/api/backups/${name}/content`, { headers: { Range } });
  }
  const route = '/api/sync/import';
  await ask('POST', route, route, { body: { file: 'none.dump', ...to } });
  await ask('POST', route, route, { body: { file, to: 'target', planId: nobody } });
  const { id } = await ask<{ id: string }>('POST', route, route, { body: { file, ...to } });
  await service.until(id);
  const sql = {
    body: 'create table other (id integer);',
    headers: { 'Content-Type': 'application/octet-stream' },
  };
  await ask('POST', '/api/backups', '/api/backups?name=other', sql);
  const prune = { keepDaily: 9 };
  await ask('POST', '/api/backups/prune', '/api/backups/prune', { body: prune });
  for (const name of [kept, file, 'none.dump']) await ask('DELETE', one, `/api/backups/${name}`);
}, 120_000);

test('a number in a query has digits alone', async () => {
  for (const [limit, status] of Object.entries({ 1: 200, true: 400, 1e1: 200, '1.5': 400, '': 400, 0: 400 }))
    expect([limit, (await service.request('GET', `/api/jobs?limit=${limit}`)).status]).toEqual([
      limit,
      status,
    ]);
});

test('schedules, keys and sessions', async () => {
  const one = '/api/schedules/{name}';
  const body = { task: 'export', database: 'source', every: 'daily' };
  await ask('PUT', one, '/api/schedules/nightly', { body });
  for (const name of ['nightly', 'none']) {
    await ask('GET', one, `/api/schedules/${name}`);
    for (const verb of ['pause', 'resume', 'run'])
      await ask('POST', `${one}/${verb}`, `/api/schedules/${name}/${verb}`);
    await ask('DELETE', one, `/api/schedules/${name}`);
  }
  const key = await service.addKey('page', ['read']);
  const session = '/api/session';
  const login = await service.request('POST', session, { body: { key }, key: null });
  seen.add(`POST ${session} ${login.status}`);
  const headers = { Cookie: (login.headers.get('set-cookie') ?? '').split(';')[0] as string };
  await ask('GET', session, session, { key: null, headers });
  const evil = { Origin: 'https://evil.example' };
  await ask('POST', session, session, { key: null, body: { key }, headers: evil });
  await ask('DELETE', session, session, { key: null, headers: evil });
  await ask('DELETE', session, session, { key: null, headers: { ...headers, Origin: service.url } });
  for (const _ of ['deleted', 'unknown'])
    await ask('DELETE', '/api/keys/{id}', `/api/keys/${key.slice(4, 12)}`);
});

test('each answer of the document occurs, and no other one', async () => {
  const document = await service.ask<Document>('GET', '/api/openapi.json');
  const routes = Object.entries(document.paths).flatMap(([route, methods]) =>
    Object.entries(methods)
      .filter(([method]) => method !== 'head')
      .map(([method, { responses }]) => ({ method: method.toUpperCase(), route, responses })),
  );
  const none = await service.addKey('none', ['download']);
  const reader = await service.addKey('reader', ['read']);
  const pathOf = (route: string) =>
    route.replace('{id}', nobody).replace('{file}', 'none.dump').replace('{name}', 'nowhere');
  const each = async (options: RequestOptions, isWanted = (_: (typeof routes)[number]) => true) => {
    for (const { method, route, responses } of routes.filter(isWanted)) {
      const body = method === 'POST' || method === 'PUT' ? { body: {} } : {};
      const isStream = route === '/api/events' && '200' in responses && options.key === undefined;
      if (!isStream) await ask(method, route, pathOf(route), { ...body, ...options });
    }
  };
  await each({ key: none });
  await each({ key: reader }, ({ route }) => route.endsWith('/content'));
  await each({ key: null });
  await each({}, ({ method, route }) => method === 'GET' && !route.includes('{'));
  for (const { method, route } of routes) {
    const wrong = pathOf(route)
      .replace(nobody, '%01')
      .replace(/nowhere|none\.dump/, '%01');
    if (route.includes('{')) await ask(method, route, wrong);
    const body = method === 'GET' || method === 'DELETE' ? {} : { body: { unknown: 1 } };
    await ask(method, route, `${pathOf(route)}?limit=none&after=none`, body);
  }
  for (let at = 0; at < 12; at++)
    await ask('POST', '/api/session', '/api/session', { key: null, body: { key: 'x' } });
  for (let at = 0; at < 12; at++) await service.request('GET', '/api/jobs', { key: 'wrong' });
  await each({ key: 'wrong' });
  await service.events('/api/events', 0, 1);
  seen.add('GET /api/events 200');
  const id = await service.add('export', { database: 'source', format: 'native' });
  await service.until(id, ({ state }) => state === 'running');
  process.kill(service.pid, 'SIGTERM');
  await expect.poll(() => ask('GET', '/ready', '/ready')).toMatchObject({ ok: false });

  const described = routes.flatMap(({ method, route, responses }) =>
    Object.keys(responses)
      .filter((status) => status !== 'default')
      .map((status) => `${method} ${route} ${status}`),
  );
  expect(described.length).toBeGreaterThan(150);
  expect(described.filter((one) => !seen.has(one)).sort()).toEqual([]);
  expect([...seen].filter((one) => !described.includes(one)).sort()).toEqual([]);
}, 120_000);
