// Opening sessions: what can fail is a Problem with the right words, and no password in it.
import { type AddressInfo, createServer, type Server as Listener } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ConnectTarget, connect } from '../../lib/pg/connect.ts';
import { format, type Problem } from '../../lib/problem/problem.ts';
import { failure } from '../failure.ts';
import { withDatabase } from '../servers/databases.ts';
import { anyServer, servers } from '../servers/running.ts';

const secret = 's3cr3t!pw';
const applicationName = 'pgmage test';
const server = anyServer();
const { host } = new URL(server.url());

async function refusal(target: Partial<ConnectTarget> & { url: string }): Promise<Problem> {
  const problem = await failure(
    connect({ name: 'prod', applicationName, ...target }).then((connection) => connection.close()),
  );
  for (const shown of [
    format(problem),
    JSON.stringify(problem),
    problem.stack,
    (problem.cause as Error)?.stack,
  ])
    expect(shown ?? '').not.toContain(secret);
  return problem;
}

// Listeners that stand for servers that do not answer, or that hang up.
let silent: Listener;
let rude: Listener;
const portOf = (listener: Listener) => (listener.address() as AddressInfo).port;
const listening = (listener: Listener) =>
  new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', () => resolve()));

beforeAll(async () => {
  silent = createServer((socket) => socket.on('error', () => undefined).resume());
  rude = createServer((socket) => socket.destroy());
  await Promise.all([listening(silent), listening(rude)]);
});
afterAll(() => {
  silent.close();
  rude.close();
});

for (const each of servers())
  test(`PostgreSQL ${each.major} is opened over TCP and a socket, and tells its version without a query`, async () => {
    const { password, directory, port } = each;
    const byQuery = `postgresql://postgres:${password}@/postgres?host=${directory}&port=${port}`;
    for (const url of [each.url(), each.socket(), byQuery, `${each.url()}?sslmode=prefer`]) {
      const connection = await connect({ url, applicationName });
      expect(connection.major).toBe(each.major);
      expect(connection.description).not.toContain(password);
      const name = await connection.rows(`select current_setting('application_name') as name`);
      expect(name).toEqual([{ name: applicationName }]);
      await connection.close();
    }
  });

test('a port where nothing listens', async () => {
  const port = portOf(rude);
  const gone = createServer();
  await listening(gone);
  const free = portOf(gone);
  await new Promise((resolve) => gone.close(resolve));
  const problem = await refusal({ url: `postgres://app:${secret}@127.0.0.1:${free}/shop` });
  expect(problem).toMatchObject({
    code: 'connection_refused',
    message: 'Cannot connect to prod. Check DATABASE_URL',
    exitCode: 1,
  });
  expect(problem.data).toMatchObject({ detail: expect.stringContaining(String(free)) });
  expect((await refusal({ url: `postgres://app:${secret}@127.0.0.1:${port}/shop` })).code).toBe(
    'connection_refused',
  );
  expect((await refusal({ url: `postgres://app:${secret}@/shop?host=/nowhere` })).code).toBe(
    'connection_refused',
  );
});

test('a host that does not exist', async () => {
  const problem = await refusal({ url: `postgres://app:${secret}@nowhere.invalid/shop` });
  expect(problem).toMatchObject({
    code: 'host_not_found',
    message: 'Cannot connect to prod. Check DATABASE_URL',
  });
});

test('a server that accepts and never answers', async () => {
  const url = `postgres://app:${secret}@127.0.0.1:${portOf(silent)}/shop`;
  const started = performance.now();
  const problem = await refusal({ url, connectTimeoutMs: 200 });
  expect(performance.now() - started).toBeLessThan(2_000);
  expect(problem).toMatchObject({
    code: 'connection_timeout',
    message: 'prod connection timeout. Retry in a few minutes',
  });
});

test('a wrong password, and none where one is asked for', async () => {
  for (const user of [`postgres:${secret}`, 'postgres']) {
    const problem = await refusal({ url: `postgres://${user}@${host}/postgres` });
    expect(problem).toMatchObject({
      code: 'wrong_password',
      message: 'Cannot connect to prod. Check DATABASE_URL',
    });
  }
});

test('a database that does not exist', async () => {
  const problem = await refusal({ url: server.url('nowhere') });
  expect(problem.code).toBe('missing_database');
  expect(format(problem)).toContain('"nowhere"');
});

test('a role that may not log in, or not into that database, or not once more', async () => {
  await withDatabase(server, async (database) => {
    const admin = await connect({ url: database.socket, applicationName });
    const as = (role: string) => database.url.replace(/\/\/postgres:[^@]*@/, `//${role}:${secret}@`);
    await admin.execute(`revoke connect on database ${database.name} from public;
      create role connecting_idle password '${secret}'; create role connecting_guest login password
      '${secret}'`);
    expect((await refusal({ url: as('connecting_idle') })).code).toBe('login_refused');
    expect((await refusal({ url: as('connecting_guest') })).code).toBe('login_refused');
    await admin.execute(
      `grant connect on database ${database.name} to connecting_guest; alter role connecting_guest` +
        ' connection limit 0',
    );
    expect((await refusal({ url: as('connecting_guest') })).code).toBe('too_many_connections');
    await admin.execute(
      `revoke connect on database ${database.name} from connecting_guest; drop role` +
        ' connecting_idle, connecting_guest',
    );
    await admin.close();
  });
});

test('a server without encryption where it is required', async () => {
  const problem = await refusal({ url: `${server.url()}?sslmode=require` });
  expect(problem).toMatchObject({ code: 'ssl_failed', exitCode: 1 });
});

test('a certificate that cannot be read', async () => {
  const problem = await refusal({ url: `${server.url()}?sslmode=verify-full&sslrootcert=/nowhere/ca.crt` });
  expect(problem).toMatchObject({
    code: 'ssl_failed',
    data: { detail: expect.stringContaining('/nowhere/ca.crt') },
  });
});

test.each([
  `mysql://app:${secret}@h/shop`,
  'localhost/shop',
  `postgres://app:${secret}/x@h/shop`,
  `postgres://app:12/${secret}@h/shop`,
  `postgres://app@h/shop?nonsense=${secret}`,
  `postgres://app@h/shop?SSLMODE=require`,
  `postgres://app@h/shop?gssencmode=require`,
  `postgres://app@h/shop?requirepeer=root`,
  `postgres://app@h/shop?sslmode`,
  `postgres://app:${secret}%@h/shop`,
  `postgres://app:${secret}@h:port/shop`,
])('a URL that cannot be meant: %s', async (url) => {
  expect(await refusal({ url })).toMatchObject({ code: 'bad_url', exitCode: 64 });
});

test('a version that is too old', async () => {
  // Enough of the protocol to say who it is: AuthenticationOk, ParameterStatus, ReadyForQuery.
  const message = (type: string, body: string) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(4 + Buffer.byteLength(body, 'latin1'));
    return Buffer.concat([Buffer.from(type), length, Buffer.from(body, 'latin1')]);
  };
  const old = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(message('R', '\0\0\0\0'));
      socket.write(message('S', 'server_version\x0014.9\0'));
      socket.write(message('Z', 'I'));
      socket.once('data', () => socket.end());
    });
  });
  await listening(old);
  const problem = await refusal({ url: `postgres://app@127.0.0.1:${portOf(old)}/shop` });
  expect(problem).toMatchObject({ code: 'server_too_old', message: expect.stringContaining('14.9') });
  old.close();
});
