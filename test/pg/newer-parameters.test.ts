// Parameters of a URL that psql 15 does not know, or that pgmage cannot honour.
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { connect } from '../../lib/pg/connect.ts';
import { failure } from '../failure.ts';
import type { Wanted } from './sessions.ts';
import { openByPgmage, programs, spelled, startScene, stopScene } from './url-scene.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

beforeAll(startScene);
afterAll(stopScene);

// psql 15 does not know these parameters: what newer ones do is written here (manual of 17: "Parameter Key
// Words").
const newer: readonly (readonly [parameters: string, role: string, port: 'S' | 'P', outcome: RegExp])[] = [
  ['require_auth=scram-sha-256', 'app', 'P', /^127|^::1/],
  ['require_auth=password,scram-sha-256', 'app', 'S', /^127|^::1/],
  ['require_auth=!password,!md5', 'app', 'S', /^127|^::1/],
  ['require_auth=', 'clear', 'P', /^127|^::1/],
  ['require_auth=password', 'clear', 'P', /^127|^::1/],
  ['require_auth=none', 'trusted', 'P', /^127|^::1/],
  ['require_auth=md5', 'hashed', 'P', /^127|^::1/],
  ['require_auth=scram-sha-256', 'clear', 'P', /^refused.*server's method password/],
  ['require_auth=scram-sha-256', 'hashed', 'P', /^refused.*server's method md5/],
  ['require_auth=scram-sha-256', 'trusted', 'P', /^refused.*server's method none/],
  ['require_auth=!none', 'trusted', 'P', /^refused.*server's method none/],
  ['require_auth=!password', 'clear', 'S', /^refused.*server's method password/],
  ['require_auth=none', 'app', 'S', /^refused.*server's method scram-sha-256/],
  ['require_auth=nonsense', 'app', 'P', /^refused.*require_auth=nonsense is not supported/],
  ['require_auth=!nonsense', 'app', 'P', /^refused.*require_auth=!nonsense is not supported/],
  ['require_auth=scram-sha-256,!password', 'app', 'P', /^refused.*is not supported/],
  ['sslnegotiation=postgres', 'app', 'S', /^(127|::1).*\|t\|/],
  ['sslnegotiation=postgres&sslmode=require', 'app', 'P', /^refused.*does not support SSL/],
  // PostgreSQL 15 does not answer it.
  ['sslnegotiation=direct&sslmode=require', 'app', 'S', /^refused/],
  ['sslnegotiation=direct', 'app', 'S', /^refused.*sslnegotiation=direct needs sslmode=require/],
  [
    'sslnegotiation=direct&sslmode=disable',
    'app',
    'P',
    /^refused.*sslnegotiation=direct needs sslmode=require/,
  ],
  ['sslcrldir=D/crls', 'app', 'S', /^refused.*does not support the parameter sslcrldir/],
  ['sslnegotiation=nonsense', 'app', 'S', /^refused.*sslnegotiation=nonsense is not supported/],
];

test.runIf(programs !== undefined)(
  'what psql 15 does not know, or pgmage cannot do, is honoured, or refused by its name',
  () => {
    const wanted = newer.map(
      ([parameters, role, port]): Wanted => ({
        url: spelled(`postgres://${role}:p%20w@localhost:${port}/postgres?${parameters}`),
        variables: {},
      }),
    );
    const { outcomes } = openByPgmage(wanted);
    const wrong = newer.flatMap((row, at) =>
      row[3].test(outcomes[at] ?? '') ? [] : [[...row, outcomes[at]]],
    );
    expect(wrong).toEqual([]);
    expect(outcomes.join()).not.toContain('p w');
  },
);

test('a server that lets in before SCRAM is complete is refused where SCRAM is required', async () => {
  // Begins SCRAM, and takes whatever answer for right.
  const message = (type: string, ...bytes: readonly (string | number)[]) => {
    const body = Buffer.concat(bytes.map((one) => (typeof one === 'string' ? Buffer.from(one) : int(one))));
    return Buffer.concat([Buffer.from(type), int(body.length + 4), body]);
  };
  const ok = Buffer.concat([message('R', 0), message('K', 1, 2), message('Z', 'I')]);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(message('R', 10, 'SCRAM-SHA-256\0\0'));
      socket.once('data', () => socket.write(ok));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `postgres://app:pw@127.0.0.1:${port}/postgres?sslmode=disable&require_auth=scram-sha-256`;
  const { data } = await failure(connect({ url, applicationName: 'pgmage tests', connectTimeoutMs: 3_000 }));
  expect(JSON.stringify(data)).toContain('before it had completed SCRAM');
  server.close();
});

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
