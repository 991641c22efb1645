// The network is cut and the server restarted at each request of a whole db:sync and db:rollback, others come
// between, and the disk is full: the schema is as some recorded step left it, and the next db:sync ends at
// the schema.
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { rollback } from '../../lib/commands/rollback.ts';
import { sync } from '../../lib/commands/sync.ts';
import { Problem } from '../../lib/problem/problem.ts';
import { project } from '../project/project.ts';
import { type Database, rowsOf, withDatabase } from '../servers/databases.ts';
import { type Moment, proxyTo, type Strike } from '../servers/proxy.ts';
import { anyServer, isFull } from '../servers/running.ts';
import { type OwnServer, type Server, startServer } from '../servers/server.ts';
import { smallDisk } from '../servers/small-disk.ts';
import { step, thorough } from '../thorough.ts';
import { consent, type Scene, scene, sceneOf } from './scene.ts';

vi.setConfig({ testTimeout: 1_800_000, hookTimeout: 300_000 });

const moments: readonly Moment[] = ['before', 'during', 'after'];
const ways = ['up', 'down'] as const;
const points = moments.flatMap((moment) => ways.map((way) => [moment, way] as const));
// Each but the first needs room for what it makes of the rows.
const growing = [
  'create table big (id bigint primary key, filler text);',
  'create table big (id bigint primary key, filler text); create index on big (filler);',
  'create table big (id bigint primary key, filler text, at timestamptz default clock_timestamp());' +
    ' create index on big (filler);',
  'create table big (id bigint primary key, filler text, at timestamptz default clock_timestamp());' +
    ' create index on big (filler); create index on big (at);',
];
let here: Scene;
let own: OwnServer;

beforeAll(async () => {
  here = await scene();
  // What was committed is to be there after a restart.
  own = await startServer(anyServer().major, { synchronous_commit: 'on' });
});
afterAll(async () => {
  await own.stop();
  await here.drop();
});

// One request of a whole sync or rollback is struck. Gives what was thrown; undefined: it never came to that
// request.
async function tryOut(
  server: Server,
  way: (typeof ways)[number],
  strike: (database: Database) => Strike,
): Promise<Problem | null | undefined> {
  return withDatabase(server, async (database) => {
    if (way === 'down') await here.recovers(database);
    const proxy = await proxyTo(database.url, strike(database));
    const context = here.at(proxy.url);
    const work =
      way === 'up'
        ? sync(context, consent, undefined)
        : rollback(context, { ...consent, version: '0' }, undefined);
    const thrown = await work.then(
      () => null,
      (error: unknown) => error,
    );
    await proxy.close();
    if (thrown !== null) expect(thrown).toBeInstanceOf(Problem);
    await here.recovers(database);
    return proxy.struck() ? (thrown as Problem | null) : undefined;
  });
}

// Every request of npm run faults, some otherwise, until there are no more. Where they are few, each test has
// others.
let first = 0;
async function eachRequest(
  stride: number,
  what: string,
  trial: (at: number) => Promise<Problem | null | undefined>,
) {
  const codes = new Map<string, number>();
  let trials = 0;
  first = (first + 13) % 40;
  for (let at = thorough || isFull ? 0 : first % stride; ; at += step(stride, 3 * stride)) {
    const thrown = await trial(at);
    if (thrown === undefined) break;
    trials++;
    const code = thrown?.code ?? 'done all the same';
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  const outcomes = [...codes].map(([code, count]) => `${code} ${count}`).join(', ');
  process.stdout.write(`${trials} trials: ${what}: ${outcomes}\n`);
  expect(trials).toBeGreaterThan(0);
  return codes;
}

test.each(points)('the network is cut %s a request is served, on the way %s', async (moment, way) => {
  const codes = await eachRequest(41, `network cut ${moment} a request, ${way}`, (at) =>
    tryOut(anyServer(), way, () => ({ at, moment, do: (cut) => cut() })),
  );
  expect([...codes.keys()].filter((code) => code !== 'connection_lost' && !/done/.test(code))).toEqual([]);
});

test.each(points)('the server is restarted %s a request is served, on the way %s', async (moment, way) => {
  await eachRequest(41, `server restarted ${moment} a request, ${way}`, (at) =>
    tryOut(own, way, () => ({ at, moment, do: () => own.restart() })),
  );
});

// What builds an index concurrently waits for all that read meanwhile, so also for what is held up for it
// here. Gives whether it goes on.
function asFarAsItGets(work: Promise<void>): Promise<boolean> {
  return Promise.race([work.then(() => false), setTimeout(3_000, true)]);
}

test.each(ways)('another db:sync comes between two requests, on the way %s', async (way) => {
  await eachRequest(41, `another db:sync between two requests, ${way}`, async (at) => {
    let other: string | undefined;
    let running: Promise<void> | undefined;
    const between = async ({ url }: Database) => {
      const refused = await sync(here.at(url), consent, undefined).then(
        () => null,
        (thrown: Problem) => thrown,
      );
      other = refused?.code ?? 'done';
    };
    const thrown = await tryOut(anyServer(), way, (database) => ({
      at,
      moment: 'before',
      do: async () => {
        running = between(database);
        await asFarAsItGets(running);
      },
    }));
    await running;
    if (thrown !== undefined) expect(['done', 'migration_running', 'lock_timeout']).toContain(other);
    return thrown;
  });
});

test('two db:sync at once that have the same to write: one does it', async () => {
  await eachRequest(17, 'another db:sync from the same folder, with a migration to write', async (at) => {
    const plain = project(null, here.own.context.project.cacheDir);
    try {
      plain.want('create table users (id bigint primary key);');
      await generate(plain.context);
      plain.want('create table users (id bigint primary key, note text);');
      const { at: by, recovers } = sceneOf(plain, async () => plain.drop());
      return await withDatabase(anyServer(), async (database) => {
        const second = async () => {
          const refused = await sync(by(database.url), consent, undefined).then(
            () => 'done',
            (thrown: Problem) => thrown.code,
          );
          expect(['done', 'migration_running']).toContain(refused);
        };
        let running: Promise<void> | undefined;
        let goesOn = false;
        const begin = async () => {
          running = second();
          goesOn = await asFarAsItGets(running);
        };
        const proxy = await proxyTo(database.url, { at, moment: 'before', do: begin });
        const thrown = await sync(by(proxy.url), consent, undefined).then(
          () => null,
          (problem: Problem) => problem,
        );
        await proxy.close();
        await running;
        expect(['migrations_changed', undefined, ...(goesOn ? ['migration_running'] : [])]).toContain(
          thrown?.code,
        );
        await recovers(database);
        expect(plain.files()).toHaveLength(2);
        return proxy.struck() ? thrown : undefined;
      });
    } finally {
      plain.drop();
    }
  });
});

test('the disk of the server is full at some point of an apply', async () => {
  const server = anyServer();
  const disk = await smallDisk(server.major, 48);
  if (typeof disk === 'string') {
    process.stdout.write(`0 trials: disk full: no small disk can be mounted here: ${disk}\n`);
    return;
  }
  const plain = project(null, here.own.context.project.cacheDir);
  try {
    for (const schema of growing) {
      plain.want(schema);
      await generate(plain.context);
    }
    const { at, recovers } = sceneOf(plain, async () => plain.drop());
    let trials = 0;
    for (let free = 0, going = true; going; free += thorough ? 256_000 : 4_000_000)
      going = await withDatabase(disk.server, async (database) => {
        await rowsOf(disk.server.socket(), `alter database ${database.name} set tablespace small`);
        await sync(at(database.url), consent, undefined);
        await rowsOf(
          database.url,
          `insert into big select n, repeat(n::text, 20) from generate_series(1, 20000) n`,
        );
        const [first] = plain.files();
        await rollback(at(database.url), { ...consent, version: first?.slice(0, 17) as string }, undefined);
        disk.leave(free);
        const thrown = await sync(at(database.url), consent, undefined).then(
          () => null,
          (problem: Problem) => problem,
        );
        disk.leave(null);
        await recovers(database);
        if (thrown === null) return false;
        trials++;
        // Outside of a transaction it is what broke off that is told, with the server's reason.
        expect(JSON.stringify(thrown.data)).toMatch(/"53100"|No space left on device/);
        return true;
      });
    process.stdout.write(`${trials} trials: disk full\n`);
    expect(trials).toBeGreaterThan(thorough ? 10 : 1);
  } finally {
    plain.drop();
    await disk.remove();
  }
});
