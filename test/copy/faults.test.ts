// Whatever happens in the middle of a clone: the target is as it was, or it holds all that the source holds.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Problem } from '../../lib/problem/problem.ts';
import { type Database, freshDatabase, rowsOf, withDatabase } from '../servers/databases.ts';
import { type Moment, proxyTo } from '../servers/proxy.ts';
import { anyServer, isFull } from '../servers/running.ts';
import { type OwnServer, startServer } from '../servers/server.ts';
import { smallDisk } from '../servers/small-disk.ts';
import { step, thorough } from '../thorough.ts';
import { cloned, contextOf, type Whole, wholeOf } from './cloning.ts';
import { attic, dropLeft, leftOf, shop, stateOf, struckAtEach } from './struck.ts';

vi.setConfig({ testTimeout: 1_800_000, hookTimeout: 300_000 });

const server = anyServer();
const sides = ['source', 'target'] as const;
const moments: readonly Moment[] = thorough ? ['before', 'during', 'after'] : ['during'];
const points = sides.flatMap((side) =>
  moments.flatMap((moment) =>
    (thorough || side === 'target' ? [false, true] : [false]).map((swap) => [side, moment, swap] as const),
  ),
);
// With a swap there are many more requests.
const stride = (swap: boolean, side = 'target') => (swap && side === 'target' ? 61 : 17);

let source: Database;
let whole: Whole;

beforeAll(async () => {
  source = await freshDatabase(server);
  await rowsOf(source.socket, shop);
  whole = await wholeOf(source.socket);
});
afterAll(() => source.drop());

// Asked of another database: while a swap renames it, there is none of its name.
const terminate = ({ name }: Database) =>
  rowsOf(
    server.socket(),
    // Not the sessions of the test itself.
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pgmage'
       and (datname = '${name}' or shobj_description(datid, 'pg_database') like '%swap for ${name};%')`,
  );

test.each(points)(
  'the session of the %s is terminated %s a request; swap: %s',
  async (side, moment, swap) => {
    const found = await struckAtEach({
      what: `session of the ${side} terminated ${moment} a request`,
      ...{ source, server, side, swap, stride: stride(swap, side), again: false },
      strike: (target) => ({
        moment,
        do: async () => {
          await setTimeout(moment === 'during' ? 20 : 0);
          await terminate(side === 'source' ? source : target);
        },
      }),
    });
    expect(
      [...found.keys()].filter((key) => !/^(interrupted, (unchanged|complete)|done, complete)$/.test(key)),
    ).toEqual([]);
  },
);

test.each(points)(
  'the network to the %s is cut %s a request; it is tried again; swap: %s',
  async (side, moment, swap) => {
    const found = await struckAtEach({
      what: `network to the ${side} cut ${moment} a request, tried again`,
      ...{ source, server, side, swap, stride: stride(swap, side), again: true },
      strike: () => ({ moment, do: (cut) => cut() }),
    });
    expect([...found.keys()].filter((key) => !/^done( after a retry)?, complete$/.test(key))).toEqual([]);
  },
);

test.each([false, true])('the server of the target is restarted; swap: %s', async (swap) => {
  const own: OwnServer = await startServer(server.major, { synchronous_commit: 'on' });
  try {
    await struckAtEach({
      what: 'server of the target restarted during a request',
      ...{ source, server: own, side: 'target', swap, leaves: swap, stride: stride(swap), again: false },
      strike: () => ({ moment: 'during', do: () => own.restart() }),
    });
  } finally {
    await own.stop();
  }
});

test('somebody writes to both meanwhile', async () => {
  const found = await struckAtEach({
    what: 'somebody writes to both between two requests',
    ...{ source, server, side: 'target', stride: isFull ? 6 : 18, again: false },
    strike: (target) => ({
      moment: 'before',
      do: async () => {
        // Whoever has to wait gives up. Rows that come back after TRUNCATE are in no older snapshot (manual:
        // "Caveats" of MVCC).
        const again = `begin; create temporary table kept as table plain; truncate plain; insert into plain
          table kept; commit`;
        await rowsOf(source.socket, `set lock_timeout = 100; ${again}`).catch(() => undefined);
        await rowsOf(target.socket, `set lock_timeout = 100; update old set n = n`).catch(() => undefined);
      },
    }),
  });
  expect([...found.keys()]).toEqual(['done, complete']);
});

test('what somebody makes in the target meanwhile is noticed', async () => {
  let noticed = 0;
  for (let at = 8; at < 60; at += step(17))
    await withDatabase(server, async (target) => {
      await rowsOf(target.socket, attic);
      const proxy = await proxyTo(target.url, {
        at,
        moment: 'before',
        do: async () =>
          void (await rowsOf(target.socket, 'create table intruder (n int)').catch(() => undefined)),
      });
      const thrown: unknown = await cloned(contextOf(source.url, proxy.url)).then(
        () => null,
        (problem: unknown) => problem,
      );
      await proxy.close();
      const [row] = await rowsOf<{ intruder: string | null; old: string | null }>(
        target.socket,
        `select to_regclass('intruder')::text as intruder, to_regclass('old')::text as old`,
      );
      if (thrown === null) expect(row?.old).toBe(null);
      else {
        noticed++;
        expect(thrown).toMatchObject({ code: 'not_as_source' });
        expect((thrown as Problem).message).toContain('intruder');
        expect(row).toEqual({ intruder: 'intruder', old: 'old' });
      }
    });
  expect(noticed).toBeGreaterThan(0);
});

test.each([false, true])('two clones at once into one target: one is refused; swap: %s', async (swap) => {
  await withDatabase(server, async (target) => {
    await rowsOf(target.socket, attic);
    const before = await wholeOf(target.socket);
    const given = swap ? { swap, dropOld: true } : {};
    const both = await Promise.allSettled([0, 1].map(() => cloned(contextOf(source.url, target.url), given)));
    const codes = both.map((one) => (one.status === 'rejected' ? (one.reason as Problem).code : 'done'));
    expect(codes.sort()).toEqual(['done', 'migration_running']);
    expect(await stateOf(target, before, whole)).toBe('complete');
  });
});

const signals = (['SIGINT', 'SIGTERM', 'SIGKILL'] as const).flatMap((signal) =>
  (thorough || signal === 'SIGKILL' ? [false, true] : [false]).map((swap) => [signal, swap] as const),
);

test.each(signals)('the process gets %s; swap: %s', async (signal, swap) => {
  const root = mkdtempSync(join(tmpdir(), 'pgmage-clone-'));
  const program = join(import.meta.dirname, '../../bin/pgmage.cjs');
  const states: string[] = [];
  for (let at = 5; at < (swap ? 150 : 60); at += step(stride(swap)))
    await withDatabase(server, async (target) => {
      await rowsOf(target.socket, attic);
      const before = await wholeOf(target.socket);
      const child = () => running;
      const strike = async () => {
        child().kill(signal);
        await new Promise((resolve) => child().once('exit', resolve));
      };
      const proxy = await proxyTo(target.url, { at, moment: 'before', do: strike });
      const words = ['db:clone', '--from', source.url, '--to', proxy.url, '--yes', '--force'];
      if (swap) words.push('--swap', '--jobs', '2', '--drop-old');
      const running = spawn(process.execPath, [program, ...words], {
        cwd: root,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let log = '';
      running.stderr.on('data', (chunk) => {
        log += chunk;
      });
      const code = await new Promise((resolve) => running.once('close', resolve));
      await proxy.close();
      if (proxy.struck()) {
        expect(code).toBe({ SIGINT: 130, SIGTERM: 143, SIGKILL: null }[signal]);
        if (signal !== 'SIGKILL') expect(log).toContain('Interrupted. ');
      } else expect({ code, log }).toMatchObject({ code: 0 });
      const state = await stateOf(target, before, whole);
      // What it says is what it is.
      if (proxy.struck() && signal !== 'SIGKILL')
        expect([state, /committed in|The swap was complete/.test(log)]).toEqual([
          state,
          state === 'complete',
        ]);
      if (proxy.struck()) states.push(state);
      else expect(state).toBe('complete');
      // Nothing can be taken away by who is gone: the next one does.
      if (signal === 'SIGKILL' && swap)
        await cloned(contextOf(source.url, target.url), { swap, dropOld: true });
      expect(await leftOf(target)).toEqual([]);
    });
  rmSync(root, { recursive: true });
  const unchanged = states.filter((state) => state === 'unchanged').length;
  process.stdout.write(
    `${states.length} trials: process got ${signal}${swap ? ', with a swap' : ''}: unchanged` +
      ` ${unchanged}, complete ${states.length - unchanged}\n`,
  );
  expect(unchanged).toBeGreaterThan(1);
});

test.each([false, true])('the disk of the target is full; swap: %s', async (swap) => {
  const disk = await smallDisk(server.major, 64);
  if (typeof disk === 'string') {
    process.stdout.write(`0 trials: disk full: no small disk can be mounted here: ${disk}\n`);
    return;
  }
  let trials = 0;
  try {
    for (let free = 0, going = true; going; free += thorough ? 500_000 : 3_000_000)
      going = await withDatabase(disk.server, async (target) => {
        await rowsOf(disk.server.socket(), `alter database ${target.name} set tablespace small`);
        await rowsOf(target.socket, attic);
        const before = await wholeOf(target.socket);
        disk.leave(free);
        const thrown = await cloned(contextOf(source.url, target.url), swap ? { swap } : {}).then(
          () => null,
          (problem: Problem) => problem,
        );
        disk.leave(null);
        const kept = await dropLeft(target, disk.server);
        expect(kept.length).toBe(swap && thrown === null ? 1 : 0);
        expect(await stateOf(target, before, whole)).toBe(thrown === null ? 'complete' : 'unchanged');
        if (thrown === null) return false;
        trials++;
        expect(JSON.stringify(thrown.data)).toMatch(/"53100"|No space left on device/);
        return true;
      });
  } finally {
    await disk.remove();
  }
  process.stdout.write(`${trials} trials: disk full${swap ? ', with a swap' : ''}: unchanged\n`);
  expect(trials).toBeGreaterThan(thorough ? 5 : 1);
});
