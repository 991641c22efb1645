// Access to the API, and its description: every route, without a key, with too small a one, from other sites.
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clone, job, pathOf, routes, scopes } from './routes.ts';
import { adminKey, type RequestOptions, type RunningService, startService } from './scene.ts';

let service: RunningService;
const closed = 'postgres://app:hunter2@127.0.0.1:1/shop';

beforeAll(async () => {
  service = await startService({ environments: { local: closed, staging: closed, prod: closed } });
});
afterAll(() => service?.remove());

const guarded = routes.filter(([, path, scope]) => scope !== null && path !== '/api/events');
const codeOf = (text: string) => (JSON.parse(text) as { problem: { code: string } }).problem.code;

async function call(index: number, options: RequestOptions = {}) {
  const [method, path, , body] = guarded[index] as (typeof routes)[number];
  return service.request(method, pathOf(path), { ...(body !== undefined && { body }), ...options });
}

test('the OpenAPI document has exactly these routes', async () => {
  const document = await service.ask<{ openapi: string; paths: Record<string, object> }>(
    'GET',
    '/api/openapi.json',
  );
  expect(document.openapi).toBe('3.1.0');
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((method) => method !== 'head')
      .map((method) => `${method.toUpperCase()} ${path}`),
  );
  const known = routes
    .map(([method, path]) => `${method} ${path}`)
    .filter((one) => !one.endsWith('openapi.json'));
  expect(described.sort()).toEqual(known.sort());
});

test('every route answers as it should with all rights', async () => {
  for (const [index, [method, path, , , status]] of guarded.entries())
    expect([method, path, (await call(index)).status]).toEqual([method, path, status]);
  for (const [method, path, scope, body, status] of routes)
    if (scope === null) {
      const answer = await service.request(method, path, { key: null, ...(body !== undefined && { body }) });
      expect([method, path, answer.status]).toEqual([method, path, status]);
    }
});

test('a declared path answers 405 to another method, with those that it takes', async () => {
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'PROPFIND', 'LOCK'];
  let trials = 0;
  for (const path of new Set(routes.map(([, one]) => one))) {
    const taken = routes.filter(([, one]) => isMatch(one, path)).map(([method]) => method);
    const allowed = [...new Set(taken.includes('GET') ? [...taken, 'HEAD'] : taken)].sort();
    for (const method of methods.filter((one) => !allowed.includes(one))) {
      trials += 1;
      const answer = await service.request(method, pathOf(path), { key: null });
      expect([method, path, answer.status, answer.headers.get('allow')]).toEqual([
        ...[method, path, 405, allowed.join(', ')],
      ]);
      if (method === 'HEAD') continue;
      expect(JSON.parse(answer.text)).toMatchObject({
        problem: { code: 'method_not_allowed', data: { allowed } },
      });
    }
  }
  expect(trials).toBeGreaterThan(100);
  // Other paths do not exist, by whatever method. One that cannot be read is refused as a Problem, too.
  for (const [path, status, code] of [
    ['/api/nothing', 404, 'unknown_route'],
    ['/nothing', 404, 'unknown_route'],
    [`/api/jobs/${'x'.repeat(400)}/cancel`, 400, 'bad_request'],
    ['/api/jobs/%E0%A4%A', 400, 'bad_request'],
  ] as const) {
    const answer = await service.request('POST', path);
    expect([path, answer.status, codeOf(answer.text)]).toEqual([path, status, code]);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  }
});

test('a request of a wrong shape is told which field is wrong, and what is allowed', async () => {
  const told = async (method: string, path: string, options: RequestOptions) => {
    const { status, text } = await service.request(method, path, options);
    const { problem } = JSON.parse(text) as { problem: { code: string; message: string } };
    expect([status, problem.code]).toEqual([400, 'bad_request']);
    return problem.message;
  };
  const exporting = (options: RequestOptions) => told('POST', '/api/sync/export', options);
  expect(await exporting({ body: {} })).toBe(
    'Bad request: the body has no field database: the environment to back up',
  );
  expect(await exporting({ body: { database: 'local', formt: 'plain' } })).toBe(
    'Bad request: the body has an unknown field formt. Did you mean format? Allowed: database, format, keep',
  );
  const json = { 'content-type': 'application/json' };
  expect(await exporting({ headers: json })).toBe('Bad request: the body is empty: send a JSON object');
  expect(await exporting({ body: '{' })).toBe('Bad request: the body is not valid JSON');
  expect(await told('GET', '/api/jobs?limit=all', {})).toBe(
    'Bad request: the parameter limit is text, not a whole number',
  );
  expect(await told('GET', '/api/jobs?stat=done', {})).toContain(
    'unknown parameter stat. Did you mean state?',
  );
  expect(await told('GET', '/api/jobs/7', {})).toContain('the parameter id is not an id, such as');
});

// True if a request to a path can be one to the route.
const isMatch = (route: string, path: string) =>
  new RegExp(`^${route.replace(/\{\w+\}/g, '[^/]+')}$`).test(path);

test('no route works without a key, with a wrong one, or with too little scope', async () => {
  const keys = new Map<string, string>();
  for (const scope of scopes) keys.set(scope, await service.addKey(`only-${scope}`, [scope]));
  for (const [index, [method, path, scope, , status]] of guarded.entries())
    for (const own of scopes) {
      const answer = await call(index, { key: keys.get(own) as string });
      const isAllowed = own === scope || own === 'admin';
      expect([method, path, own, answer.status]).toEqual([method, path, own, isAllowed ? status : 403]);
    }
  // The limit of failures is below: ten of these, for each kind.
  for (const [index, [method, path]] of guarded.slice(0, 4).entries())
    for (const key of [null, 'pgm_00000000_wrong']) {
      const answer = await call(index, { key });
      expect([method, path, answer.status]).toEqual([method, path, 401]);
      expect(codeOf(answer.text)).toBe('unauthorized');
    }
});

test('after ten failures an address waits, and valid keys still work', async () => {
  const statuses: number[] = [];
  for (let at = 0; at < 12; at++) statuses.push((await call(at, { key: 'wrong' })).status);
  expect(statuses.at(-1)).toBe(429);
  // A page without a session asks for one at each load. That guesses no key.
  expect((await call(0, { key: null })).status).toBe(401);
  for (const [index, [method, path]] of guarded.entries())
    expect([method, path, (await call(index, { key: 'wrong' })).status]).toEqual([method, path, 429]);
  expect((await call(0)).status).toBe(200);
  const logins: number[] = [];
  for (let at = 0; at < 12; at++)
    logins.push(
      (await service.request('POST', '/api/session', { key: null, body: { key: 'wrong' } })).status,
    );
  expect(logins.slice(-2)).toEqual([429, 429]);
});

test('a revoked key, a key that is only for other targets, and keys in the list', async () => {
  const key = await service.addKey('mover', ['read', 'write'], ['local']);
  const refused = await service.request('POST', '/api/sync/clone', { key, body: clone });
  expect([refused.status, codeOf(refused.text)]).toEqual([403, 'forbidden']);
  const keys = await service.ask<{ id: string; name: string }[]>('GET', '/api/keys');
  const { id } = keys.find(({ name }) => name === 'mover') ?? { id: '' };
  expect(JSON.stringify(keys)).not.toContain(key);
  expect((await service.request('DELETE', `/api/keys/${id}`)).status).toBe(204);
  expect((await service.request('GET', '/api/jobs', { key })).status).toBe(429);
});

test('a session needs the token and the own origin for all but GET', async () => {
  const key = await service.addKey('page', ['read', 'run']);
  const login = await service.request('POST', '/api/session', { key: null, body: { key } });
  const cookie = (login.headers.get('set-cookie') ?? '').split(';')[0] as string;
  expect(login.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Strict; Path=\//);
  const { csrf } = login.body as { csrf: string };
  const origin = service.url;
  const post = (headers: Record<string, string>) =>
    service.request('POST', `/api/jobs/${job}/cancel`, {
      key: null,
      headers: { Cookie: cookie, ...headers },
    });
  expect(
    (await service.request('GET', '/api/session', { key: null, headers: { Cookie: cookie } })).status,
  ).toBe(200);
  const good = { 'X-CSRF-Token': csrf, Origin: origin };
  expect((await post(good)).status).toBe(404);
  for (const bad of [
    { Origin: origin },
    { 'X-CSRF-Token': 'wrong', Origin: origin },
    { ...good, Origin: 'https://evil.example' },
    { ...good, Origin: 'null' },
    { 'X-CSRF-Token': csrf },
    { 'X-CSRF-Token': csrf, 'Sec-Fetch-Site': 'cross-site' },
  ]) {
    const answer = await post(bad);
    expect([answer.status, codeOf(answer.text)]).toEqual([403, 'csrf']);
  }
  const evil = { headers: { Origin: 'https://evil.example' }, key: null, body: { key } };
  expect((await service.request('POST', '/api/session', evil)).status).toBe(403);
  await service.request('DELETE', '/api/session', { key: null, headers: { Cookie: cookie, Origin: origin } });
  expect((await post(good)).status).toBe(429);
});

// Sends bytes as they are: fetch would not.
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(service.port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (piece) => {
      answer += piece;
    });
    socket.on('end', () => resolve(answer)).on('error', reject);
  });
}

test('a foreign host gets nothing, and headers that are split are refused', async () => {
  const get = (path: string, host: string) =>
    raw(
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${adminKey}\r\nConnection: close\r\n\r\n`,
    );
  expect(await get('/api/jobs', `127.0.0.1:${service.port}`)).toMatch(/^HTTP\/1.1 200/);
  for (const host of ['evil.example', '127.0.0.1.evil.example:80', '']) {
    expect(await get('/api/jobs', host)).toMatch(/^HTTP\/1.1 40[03]/);
    expect(await get('/', host)).toMatch(/^HTTP\/1.1 40[03]/);
  }
  expect(await get('/api/jobs', 'db.example.com')).toContain('add it to serve.hosts');
  const key = encodeURIComponent('x\r\nSet-Cookie: a=b');
  expect(await get(`/api/backups/${key}`, 'localhost')).not.toMatch(/^set-cookie/im);
});

test('a body of another type or of broken JSON is refused', async () => {
  // The last one is that of curl, where no header is given.
  for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded'])
    for (const [path, wanted] of [
      ['/api/sync/export', 'application/json'],
      ['/api/backups', 'application/octet-stream'],
    ] as const) {
      const sent = { body: '{"database":"local"}', headers: { 'Content-Type': type } };
      const answer = await service.request('POST', path, sent);
      expect([type, answer.status, answer.text]).toEqual([
        type,
        400,
        expect.stringContaining(`send the header Content-Type: ${wanted}"`),
      ]);
    }
  for (const body of ['{', '[]', 'null', '{"__proto__":{"x":1},"database":"local"}'])
    expect([body, (await service.request('POST', '/api/sync/export', { body })).status]).toEqual([body, 400]);
});

test('every answer has the headers that protect the page, and no URL has its password', async () => {
  for (const path of ['/', '/api/jobs', '/api/nothing', '/health', '/nothing.js']) {
    const { headers } = await service.request('GET', path);
    expect([path, headers.get('x-content-type-options')]).toEqual([path, 'nosniff']);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'/);
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
  }
  const listed = await service.request('GET', '/api/databases');
  expect(listed.text).toContain('postgres://app@127.0.0.1:1/shop');
  const tested = await service.request('POST', '/api/databases/test', { body: { name: 'local' } });
  expect(tested.body).toMatchObject({ ok: false, problem: { code: 'connection_refused' } });
  expect(listed.text + tested.text + service.output).not.toMatch(/hunter2|the-key-of/);
});
