// A network that goes silent without a word ends the work; work that only takes long goes on.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { connect } from '../../lib/pg/connect.ts';
import type { ServerConnection } from '../../lib/pg/connection.ts';
import { probeSession } from '../../lib/pg/probe.ts';
import { Problem } from '../../lib/problem/problem.ts';
import { failure } from '../failure.ts';
import { install, installedServers } from '../servers/binaries.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer, servers } from '../servers/running.ts';
import { type Server, startServer } from '../servers/server.ts';
import { makeCertificates } from './certificates.ts';
import { frozenWay } from './frozen.ts';

vi.setConfig({ testTimeout: 120_000 });

const stallTimeoutMs = 500;
const applicationName = 'pgmage test';

test('a message says since when a server is silent that works', async () => {
  const messages: string[] = [];
  const onSilence = (message: string) => void messages.push(message);
  await withDatabase(anyServer(), async ({ url }) => {
    const way = await connect({ url, name: 'prod', applicationName, stallTimeoutMs: 400, onSilence });
    await way.execute('select pg_sleep(3)');
    await way.execute('select 1');
    const text = messages.join('\n');
    expect(messages.length).toBeGreaterThanOrEqual(2);
    expect(text).toMatch(/^(prod has sent nothing for [\d.]+ s, but it answers: pgmage waits\n?)+$/);
    const seconds = messages.map((one) => Number(/for ([\d.]+) s/.exec(one)?.[1]));
    expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
    expect([seconds[0], seconds.every((one) => one <= 3)]).toEqual([0.4, true]);
    // Bytes have passed since.
    messages.length = 0;
    await way.execute('select pg_sleep(0.9)');
    expect(messages[0]).toContain('for 0.4 s');
    await way.close();
  });
});

async function* rows(count: number): AsyncGenerator<Uint8Array> {
  const piece = Buffer.from(`${'x'.repeat(999)}\n`.repeat(60));
  for (let at = 0; at < count; at++) yield piece;
}

const requests: Readonly<Record<string, (way: ServerConnection) => Promise<unknown>>> = {
  'COPY TO': async (way) => {
    for await (const _ of way.copyOut('copy public.t to stdout'));
  },
  'COPY FROM': (way) => way.copyIn('copy public.t from stdin', rows(2000)),
  rows: (way) => way.rows('select * from public.t'),
  stream: (way) => way.stream(['select count(*) from public.t', 'select pg_sleep(60)'], () => undefined),
};

/** Expects each request to end soon over a way that freezes. @param sslmode of the way */
async function endsSoon(server: Server, keepsNew: boolean, sslmode: string): Promise<void> {
  await withDatabase(server, async ({ url, socket }) => {
    await rowsOf(
      socket,
      `create table t (a text); insert into t select repeat(md5(i::text), 31) from generate_series(1,
        30000) i`,
    );
    for (const [name, work] of Object.entries(requests)) {
      const frozen = await frozenWay(url, { ...(name !== 'stream' && { after: 2e6 }), keepsNew });
      const way = await connect({
        url: `${frozen.url}?sslmode=${sslmode}`,
        name: 'prod',
        applicationName,
        stallTimeoutMs,
        connectTimeoutMs: 1000,
      });
      const doing = failure(work(way));
      // A request that is at work is left alone for as long as the server can be asked.
      if (name === 'stream' && !keepsNew) await setTimeout(100).then(frozen.freeze);
      if (name !== 'stream' || !keepsNew) {
        const problem = await doing;
        expect(problem.code, name).toBe('connection_lost');
        expect(problem.data, name).toMatchObject({
          environment: 'prod',
          detail: expect.stringContaining(`${frozen.place} sent nothing for 0.5 s`),
        });
      }
      await frozen.close();
      await way.close();
      await doing;
    }
    expect(await rowsOf(socket, 'select count(*)::int as n from t')).toEqual([{ n: 30000 }]);
  });
}

for (const server of servers())
  for (const keepsNew of [false, true])
    test.concurrent(`each request over a way that freezes, new sessions pass: ${keepsNew}, ${server.version}`, () =>
      endsSoon(server, keepsNew, 'prefer'));

const [programs] = installedServers();
if (programs === undefined)
  process.stdout.write('NOT RUN: a way that freezes with TLS. No server of this machine is installed.\n');

test.runIf(programs !== undefined)('the same with TLS', { concurrent: true }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pgmage-silence-'));
  chmodSync(folder, 0o755);
  makeCertificates(folder, install(programs as string).user);
  const files = { ssl_cert_file: join(folder, 'server.crt'), ssl_key_file: join(folder, 'server.key') };
  const server = await startServer(programs as string, { ...files, ssl: 'on' });
  try {
    for (const keepsNew of [false, true]) await endsSoon(server, keepsNew, 'require');
    const frozen = await frozenWay(server.url());
    const way = await connect({ url: `${frozen.url}?sslmode=require`, applicationName, stallTimeoutMs });
    expect(await way.rows('select ssl from pg_stat_ssl where pid = pg_backend_pid()')).toEqual([
      { ssl: true },
    ]);
    frozen.freeze();
    // An end that nobody answers.
    await way.close();
    await frozen.close();
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
});

for (const server of servers())
  test.concurrent(`work that takes long goes on: ${server.version}`, async () => {
    await withDatabase(server, async ({ url }) => {
      await rowsOf(url, 'create table t (a int); insert into t values (1)');
      const [holder, way] = await Promise.all(
        [0, 1].map(() => connect({ url, applicationName, stallTimeoutMs: 200 })),
      );
      if (holder === undefined || way === undefined) throw new Problem('internal', { reason: 'no session' });
      await holder.execute('begin; lock table public.t');
      const waiting = way.rows('select a from public.t');
      await setTimeout(1500);
      await holder.execute('commit');
      expect(await waiting).toEqual([{ a: 1 }]);
      // A COPY whose first row comes late, and one whose rows are taken slowly.
      const late: string[] = [];
      for await (const piece of way.copyOut('copy (select pg_sleep(1.5)) to stdout'))
        late.push(String(piece));
      expect(late.join('')).toBe('\n');
      let bytes = 0;
      for await (const piece of way.copyOut(
        `copy (select repeat('x', 1000) from generate_series(1, 20000)) to stdout`,
      )) {
        if (bytes === 0) await setTimeout(1500);
        bytes += piece.length;
      }
      expect(bytes).toBe(20_020_000);
      const slow = (async function* () {
        yield Buffer.from('2\n');
        await setTimeout(1500);
        yield Buffer.from('3\n');
      })();
      expect(await way.copyIn('copy public.t from stdin', slow)).toBe(2);
      await Promise.all([holder.close(), way.close()]);
    });
  });

test.concurrent('a session that answers while it is asked about is not ended', async () => {
  const url = anyServer().url();
  const way = await connect({ url, applicationName });
  const open = () => connect({ url, applicationName, stallTimeoutMs: 0 });
  // It is idle, as a session is between an answer that is on its way and the next request.
  expect(await probeSession(way.backend, 2000, open, () => false)).toBeNull();
  expect(await way.rows('select 1 as a')).toEqual([{ a: 1 }]);
  expect(await probeSession(way.backend, 2000, open)).toContain('waits for pgmage');
  await expect(way.rows('select 1 as a')).rejects.toMatchObject({ code: 'connection_lost' });
  await way.close();
});

/** Rows of a COPY that freezes before it begins, or at its rows, which then fail. */
const frozenEnds = {
  'before it is answered': { pieces: () => rows(1), sooner: true },
  'where its rows fail then': {
    async *pieces(freeze: () => void) {
      yield Buffer.from('x\n');
      freeze();
      throw new Error('the other side is gone, too');
    },
    sooner: false,
  },
} as const;

test.each(Object.entries(frozenEnds))(
  'COPY FROM over a way that freezes %s',
  async (_, { pieces, sooner }) => {
    await withDatabase(anyServer(), async ({ url }) => {
      await rowsOf(url, 'create table t (a text)');
      const frozen = await frozenWay(url);
      const way = await connect({ url: frozen.url, name: 'prod', applicationName, stallTimeoutMs });
      if (sooner) frozen.freeze();
      const began = performance.now();
      await expect(way.copyIn('copy public.t from stdin', pieces(frozen.freeze))).rejects.toThrow(
        sooner ? 'Lost the connection' : 'the other side is gone',
      );
      // Nor do what brings it to its end, and its end, take long.
      await expect(way.execute('rollback')).rejects.toThrow('Lost the connection');
      await way.close();
      expect(performance.now() - began).toBeLessThan(15_000);
      await frozen.close();
      expect(await rowsOf(url, 'select from t')).toEqual([]);
    });
  },
);

test.concurrent('the session that is lost ends on its server where new sessions pass', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    const frozen = await frozenWay(url, { keepsNew: true });
    const [waiting, idle] = await Promise.all(
      [0, 1].map(() => connect({ url: frozen.url, name: 'prod', applicationName, stallTimeoutMs })),
    );
    await Promise.all([waiting, idle].map((way) => way?.execute('begin; select 1')));
    frozen.freeze();
    expect((await failure(waiting?.rows('select 1') ?? Promise.resolve())).code).toBe('connection_lost');
    await Promise.all([waiting?.close(), idle?.close()]);
    const left = `select from pg_stat_activity where datname = current_database()
      and application_name = '${applicationName}'`;
    await vi.waitFor(async () => expect(await rowsOf(url, left)).toEqual([]), 5_000);
    await frozen.close();
  });
});
