// Attacks on every route of the OpenAPI document: foreign sites and hosts, odd values, large and slow bodies.
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pathOf, routes } from './routes.ts';
import { type Answer, adminKey, type RunningService, startService } from './scene.ts';
import { openSlow, type SlowConnections } from './slow.ts';

/** As much of a JSON Schema as the requests use. */
interface Shape {
  readonly anyOf?: readonly Shape[];
  readonly properties?: Readonly<Record<string, Shape>>;
}

/** One request of the OpenAPI document. */
interface DescribedRoute {
  readonly method: string;
  readonly path: string;
  readonly shapes: readonly Shape[];
  readonly query: readonly string[];
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Shape }>> };
}

const password = 'hunter2-of-the-database';
const closed = `postgres://app:${password}@127.0.0.1:1/shop`;
let service: RunningService;
let described: DescribedRoute[] = [];
let slow: SlowConnections;

beforeAll(async () => {
  service = await startService({ environments: { local: closed, staging: closed, prod: closed } });
  const { paths } = await service.ask<{ paths: Record<string, Record<string, Operation>> }>(
    'GET',
    '/api/openapi.json',
  );
  described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => method !== 'head')
      .map(([method, { parameters = [], requestBody }]) => {
        const body = requestBody?.content['application/json']?.schema;
        const query = parameters.filter((one) => one.in === 'query').map(({ name }) => name);
        return { method: method.toUpperCase(), path, shapes: body?.anyOf ?? (body ? [body] : []), query };
      }),
  );
  // These are looked at by the last test: they end by themselves.
  slow = await openSlow(service);
});
afterAll(async () => {
  slow?.close();
  await service?.remove();
});

const open = ['/health', '/ready'];
const bodyOf = (method: string, path: string) =>
  routes.find(([one, other]) => one === method && other === path)?.[3];
const codeOf = ({ text }: Answer) => (JSON.parse(text) as { problem?: { code: string } }).problem?.code;
const writing = () => described.filter(({ method }) => method !== 'GET');

function send({ method, path }: DescribedRoute, headers: Record<string, string>): Promise<Answer> {
  const body = bodyOf(method, path);
  return service.request(method, pathOf(path), { key: null, headers, ...(body !== undefined && { body }) });
}

// Sends bytes as they are: fetch would not.
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(service.port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (piece) => {
      answer += piece;
      if (/\r\n\r\n/.test(answer)) socket.end();
    });
    socket.on('close', () => resolve(answer)).on('error', reject);
  });
}

test('the document has the routes that the tests know', () => {
  expect(described.length).toBeGreaterThan(35);
  for (const { method, path } of described)
    expect([method, path, routes.some(([one, other]) => one === method && other === path)]).toEqual([
      method,
      path,
      true,
    ]);
});

test('every route but those of health and login refuses a request without a key', async () => {
  for (const route of described) {
    if (open.includes(route.path) || route.path === '/api/session') continue;
    const answer = await send(route, {});
    expect([route.path, answer.status, codeOf(answer)]).toEqual([route.path, 401, 'unauthorized']);
  }
});

test('every route that changes something needs the token of the session and its own origin', async () => {
  const login = await service.request('POST', '/api/session', { key: null, body: { key: adminKey } });
  const Cookie = (login.headers.get('set-cookie') ?? '').split(';')[0] as string;
  const good = { Cookie, 'X-CSRF-Token': (login.body as { csrf: string }).csrf, Origin: service.url };
  const { Origin, 'X-CSRF-Token': token } = good;
  const bad = [
    { Cookie, Origin },
    { ...good, 'X-CSRF-Token': `${token}x` },
    { Cookie, 'X-CSRF-Token': token },
    { ...good, Origin: 'https://evil.example' },
    { ...good, Origin: 'null' },
    { ...good, Origin: `${service.url}.evil.example` },
    { Cookie, 'X-CSRF-Token': token, 'Sec-Fetch-Site': 'cross-site' },
    { Cookie, 'X-CSRF-Token': token, 'Sec-Fetch-Site': 'same-site' },
  ];
  let trials = 0;
  for (const route of writing())
    for (const headers of route.path === '/api/session' ? bad.slice(3) : bad) {
      // A login has no session yet: the origin alone counts.
      if (route.path === '/api/session' && !('Origin' in headers)) continue;
      trials += 1;
      const answer = await send(route, headers as unknown as Record<string, string>);
      expect([route.method, route.path, answer.status, codeOf(answer)]).toEqual([
        route.method,
        route.path,
        403,
        'csrf',
      ]);
    }
  expect(trials).toBeGreaterThan(150);
});

test('every route refuses a foreign host, also with a valid key', async () => {
  for (const { method, path } of [...described, { method: 'GET', path: '/' }]) {
    if (open.includes(path)) continue;
    for (const host of ['evil.example', '127.0.0.1.evil.example:80', 'localhost.evil.example', '']) {
      const lines = [
        `${method} ${pathOf(path)} HTTP/1.1`,
        `Host: ${host}`,
        `Authorization: Bearer ${adminKey}`,
      ];
      const answer = await raw(`${lines.join('\r\n')}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      expect([method, path, host, answer.slice(0, 12)]).toEqual([
        method,
        path,
        host,
        expect.stringMatching(/^HTTP\/1\.1 40[03]/),
      ]);
    }
  }
});

const evil = [
  'postgres://a:b@host/db',
  'file:///etc/passwd',
  'file:x',
  '../../etc/passwd',
  '/etc/passwd',
  'a/../b',
  '..\\..\\x',
  '',
  'x\u0000y',
  'x\r\nSet-Cookie: a=b',
  'x'.repeat(300),
];
// Of these, each member of each body gets all: there are hundreds of members.
const inBodies = [...evil.slice(0, 4), 'x\r\nSet-Cookie: a=b', 'x'.repeat(300), { a: 1 }];

test('no member of any body takes a URL, a path, a split line or a text that is too long', async () => {
  const trials = described.flatMap(({ method, path, shapes }) =>
    shapes.flatMap(({ properties = {} }) =>
      Object.keys(properties).flatMap((member) =>
        inBodies
          .filter((value) => !isAllowed(path, member, value))
          .map((value) => ({ method, path, member, value })),
      ),
    ),
  );
  const attempt = async ({ method, path, member, value }: (typeof trials)[number]) => {
    const body = { ...(bodyOf(method, path) as object), [member]: value };
    const answer = await service.request(method, pathOf(path), { body });
    expect([path, member, value, answer.status]).toEqual([path, member, value, 400]);
    expect(answer.text).not.toMatch(/root:|passwd:x/);
    expect(answer.text).not.toContain(password);
  };
  for (let at = 0; at < trials.length; at += 50) await Promise.all(trials.slice(at, at + 50).map(attempt));
  expect(trials.length).toBeGreaterThan(400);
  for (const { method, path, shapes } of described.filter((one) => one.shapes.length > 0)) {
    const body = { ...(bodyOf(method, path) as object), url: 'postgres://x' };
    const unknown = await service.request(method, pathOf(path), { body });
    expect([path, shapes.length > 0, unknown.status]).toEqual([path, true, 400]);
  }
});

// Names of tables are patterns in lists, numbers are numbers, and a key may be any text.
function isAllowed(path: string, member: string, value: unknown): boolean {
  if (path === '/api/session') return typeof value === 'string' && value !== '' && value.length <= 200;
  if (['tables', 'exclude'].includes(member)) return Array.isArray(value);
  return typeof value === 'number' && /^keep.+ly$|^maxAgeHours$/.test(member);
}

test('no part of a path or a query takes one of them, and no header of an answer holds them', async () => {
  for (const { method, path, query } of described) {
    const parts = path.match(/\{\w+\}/g) ?? [];
    for (const value of evil.filter((one) => one !== '' && !one.startsWith('x'.repeat(20)))) {
      const odd = encodeURIComponent(value);
      const urls = [
        ...(parts.length > 0 ? [path.replace(/\{\w+\}/g, odd)] : []),
        ...query.map((name) => `${pathOf(path)}?${name}=${odd}`),
      ];
      for (const url of urls) {
        const key = method === 'DELETE' && path === '/api/session' ? null : adminKey;
        const answer = await service.request(method, url, { key, body: bodyOf(method, path) });
        expect([method, url, answer.status]).toEqual([method, url, expect.toSatisfy(isRefusal)]);
        expect([...answer.headers.keys()].filter((name) => name === 'set-cookie')).toEqual([]);
        expect(answer.text).not.toMatch(/root:|passwd:x/);
      }
    }
  }
});

const isRefusal = (status: number) => status >= 400 && status < 500;

test('headers that are split, folded or sent twice give nothing', async () => {
  const head = `GET /api/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n`;
  const key = `Authorization: Bearer ${adminKey}\r\n`;
  expect(await raw(`${head}${key}\r\n`)).toMatch(/^HTTP\/1\.1 200/);
  for (const bad of [
    `${head}Authorization: Bearer x\r\n ${adminKey}\r\n\r\n`,
    `${head}${key}Host: evil.example\r\n\r\n`,
    `${head}${key}X\u0000Y: 1\r\n\r\n`,
    `${head}${key}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
    `GET /api/jobs HTTP/1.1\nHost: localhost\n${key}\n\n`,
  ])
    expect([bad, (await raw(bad)).slice(0, 12)]).toEqual([bad, expect.stringMatching(/^(HTTP\/1\.1 4|$)/)]);
  const answer = await raw(`${head}${key}Idempotency-Key: a b\r\nX-Forwarded-Host: evil.example\r\n\r\n`);
  expect(answer).not.toContain('evil');
});

test('no route takes a body of 10 MB', async () => {
  const big = 10 * 1024 * 1024;
  for (const { method, path } of writing()) {
    if (path === '/api/backups') continue;
    const head = [
      `${method} ${pathOf(path)} HTTP/1.1`,
      'Host: localhost',
      `Authorization: Bearer ${adminKey}`,
      `Content-Length: ${big}`,
      'Content-Type: application/json',
    ];
    const answer = await raw(`${head.join('\r\n')}\r\n\r\n{"database":"${'x'.repeat(100_000)}`);
    expect([method, path, answer.slice(0, 12)]).toEqual([method, path, 'HTTP/1.1 413']);
  }
});

test('no password and no key is in an answer, an event or the log after all that', async () => {
  const id = await service.add('export', { database: 'local' });
  const failed = await service.until(id, ({ tries, state }) => tries > 0 && state !== 'running');
  await service.request('POST', `/api/jobs/${id}/cancel`);
  const lists = await Promise.all(
    ['jobs', 'databases', 'settings', 'keys', 'schedules', 'openapi.json', 'backups'].map((name) =>
      service.request('GET', `/api/${name}`),
    ),
  );
  const events = await service.events('/api/events', 0, 3);
  const tested = await service.request('POST', '/api/databases/test', { body: { name: 'local' } });
  const log = await service.request('GET', `/api/jobs/${id}/log`);
  const shown = [
    JSON.stringify([failed, events]),
    tested.text,
    log.text,
    service.output,
    ...lists.map(({ text }) => text),
  ].join('\n');
  expect(shown).toContain('postgres://app@127.0.0.1:1/shop');
  for (const secret of [password, adminKey]) expect(shown).not.toContain(secret);
});

test('a thousand connections that send nothing more keep nobody waiting, and are ended', async () => {
  const start = performance.now();
  for (let at = 0; at < 20; at++) expect((await service.request('GET', '/api/jobs')).status).toBe(200);
  expect((performance.now() - start) / 20).toBeLessThan(250);
  // 10 s for the head of a request, 15 s for its body.
  for (let waited = 0; slow.ended() < slow.count && waited < 60_000; waited += 250) await setTimeout(250);
  expect(slow.ended()).toBe(slow.count);
});
