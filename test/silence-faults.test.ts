// A network that goes silent in the middle of a clone, backup, restore, sync or rollback: it ends soon, says which place it
// was, and leaves a database as it was, or all of the work done.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { backup } from '../lib/commands/backup.ts';
import { verifyBackups } from '../lib/commands/backups.ts';
import { restore } from '../lib/commands/restore.ts';
import { rollback } from '../lib/commands/rollback.ts';
import { sync } from '../lib/commands/sync.ts';
import type { CloneInput } from '../lib/copy/options.ts';
import type { Format } from '../lib/flow/formats.ts';
import { Problem } from '../lib/problem/problem.ts';
import type { Context, Target } from '../lib/project/context.ts';
import { alone } from './backup/faults.ts';
import { backupProject, oneOfEach } from './backup/scene.ts';
import { type Freezing, type Frozen, frozenWay } from './connecting/frozen.ts';
import { cloned, contextOf, type Whole, wholeOf } from './flow/cloning.ts';
import { attic, dropLeft, shop, stateOf } from './flow/struck.ts';
import { type Scene, scene } from './migration/scene.ts';
import { type Database, freshDatabase, rowsOf } from './servers/databases.ts';
import { anyServer } from './servers/running.ts';
import type { Server } from './servers/server.ts';
import { thorough } from './thorough.ts';

vi.setConfig({ testTimeout: 1_800_000, hookTimeout: 300_000 });

const stallTimeout = 500;
// The limit, a question to the server, three more tries of two seconds each, and what a busy machine adds.
const longest = 40_000;
// Where in the work it freezes: a share of all that passes, or at its last COMMIT.
type Point = number | 'COMMIT unheard' | 'COMMIT unanswered' | 'new sessions pass';
const points: readonly Point[] = [0.02, 0.2, 0.5, 0.8, 0.97, 'COMMIT unheard', 'COMMIT unanswered'];

/** A work that one trial freezes, with what it works on. */
interface Trial {
  /** The URL that is frozen. */
  readonly url: string;
  run(url: string): Promise<unknown>;
  /** Expects nothing in between; says which of the states it is. */
  state(): Promise<'unchanged' | 'complete' | 'recorded'>;
  drop(): Promise<void>;
}

interface Task {
  readonly name: string;
  readonly side: string;
  /** What freezes in `npm test`; left out: nothing. */
  readonly usual?: Point;
  readonly more?: readonly Point[];
  /** Whether its last COMMIT is one that changes something. */
  readonly commits: boolean;
  /** What it says of its first COMMIT instead, where the number of others varies. */
  readonly like?: RegExp;
  begin(): Promise<Trial>;
}

const server = anyServer();
const pg = await oneOfEach('work over a frozen way');
const served = pg.at(-1)?.server ?? server;
const clones: readonly (readonly [string, CloneInput, Server])[] = [
  ['clone', {}, server],
  ['clone of rows alone', { dataOnly: true }, server],
  ['clone with a swap', { swap: true, jobs: 2 }, server],
  ...(pg.length > 1 ? [['clone by pg_dump', { engine: 'pipe' }, served] as const] : []),
];

const sources = new Map<Server, { readonly source: Database; readonly whole: Whole }>();
const own = backupProject({});
const files = new Map<Format, string>();
let here: Scene;

beforeAll(async () => {
  for (const there of new Set([server, ...pg.map((one) => one.server)])) {
    const source = await freshDatabase(there);
    await rowsOf(source.socket, shop);
    sources.set(there, { source, whole: await wholeOf(source.socket) });
  }
  for (const { server: there, format } of pg)
    files.set(format, (await backup(at({ prod: sourceOn(there).source.url }), { format })).file);
  here = await scene();
});
afterAll(async () => {
  own.drop();
  await here?.drop();
  for (const { source } of sources.values()) await source.drop();
});

const sourceOn = (server: Server) => sources.get(server) as { source: Database; whole: Whole };

// Nobody waits between two tries.
function limited(urls: Readonly<Record<string, string>>) {
  const environment = async (name = 'prod'): Promise<Target> => ({
    name,
    url: urls[name] ?? null,
    protected: false,
    stallTimeout,
  });
  return { stallTimeout, environment, pause: async () => undefined };
}
const at = (urls: Readonly<Record<string, string>>): Context => ({ ...own.context, ...limited(urls) });

function cloneOf([name, input, there]: (typeof clones)[number], side: 'source' | 'target'): Task {
  const isTried = side === 'source' ? !input.dataOnly && !input.swap : input.engine !== 'pipe';
  const usual = isTried && ({ usual: side === 'source' ? 0.5 : 'COMMIT unanswered' } as const);
  const begin = async (): Promise<Trial> => {
    const { source, whole } = sourceOn(there);
    const target = await freshDatabase(there);
    await rowsOf(target.socket, input.dataOnly ? `${shop}; delete from plain` : attic);
    const before = await wholeOf(target.socket);
    const urls = { source: source.url, target: target.url };
    return {
      url: urls[side],
      run: (url) => {
        const ways = { ...urls, [side]: url };
        return cloned(contextOf(ways.source, ways.target, limited(ways)), input);
      },
      state: async () => {
        const state = await stateOf(target, before, whole);
        await dropLeft(target, there);
        return state;
      },
      drop: target.drop,
    };
  };
  return {
    name,
    side,
    ...usual,
    more: input.engine ? [] : ['new sessions pass'],
    commits: side === 'target',
    begin,
  };
}

function backupOf({ server: there, format }: (typeof pg)[number]): Task {
  const begin = async (): Promise<Trial> => {
    const { source } = sourceOn(there);
    const dir = join(own.context.root, `of-${Math.random()}`);
    mkdirSync(dir);
    return {
      url: source.url,
      run: (url) => backup(at({ prod: url }), { format, dir }),
      state: async () => {
        const { backups } = await verifyBackups(at({ prod: source.url }), { dir });
        expect(backups.map(({ faults }) => faults)).toEqual(backups.map(() => []));
        if (backups.length === 0) expect(readdirSync(dir)).toEqual([]);
        return backups.length === 0 ? 'unchanged' : 'complete';
      },
      drop: async () => rmSync(dir, { recursive: true }),
    };
  };
  const more: Point[] = format === 'native' ? ['new sessions pass'] : [];
  return {
    name: `backup as ${format}`,
    side: 'prod',
    ...(format === 'native' || format === 'directory' ? { usual: 0.5 } : {}),
    more,
    commits: false,
    begin,
  };
}

function restoreOf({ server: there, format }: (typeof pg)[number]): Task {
  const begin = async (): Promise<Trial> => {
    const target = await freshDatabase(there);
    await rowsOf(target.socket, attic);
    const before = await wholeOf(target.socket);
    return {
      url: target.url,
      run: (url) =>
        restore(
          at({ copy: url }),
          files.get(format) ?? '',
          { to: 'copy', yes: true, force: true },
          undefined,
        ),
      state: () => stateOf(target, before, sourceOn(there).whole),
      drop: target.drop,
    };
  };
  const more: Point[] = ['new sessions pass'];
  return {
    name: `restore of ${format}`,
    side: 'copy',
    ...(format === 'native' || format === 'plain' ? { usual: 0.5 } : {}),
    more,
    commits: true,
    begin,
  };
}

function migrationOf(way: 'sync' | 'rollback'): Task {
  const begin = async (): Promise<Trial> => {
    const database = await freshDatabase(server);
    if (way === 'rollback') await here.recovers(database);
    const consent = { yes: true, force: true };
    return {
      url: database.url,
      run: (url) => {
        const context = { ...here.at(url), ...limited({ local: url }) };
        const local: Context = { ...context, environment: () => context.environment('local') };
        return way === 'sync'
          ? sync(local, consent, undefined)
          : rollback(local, { ...consent, version: '0' }, undefined);
      },
      state: async () => {
        await here.recovers(database);
        return 'recorded';
      },
      drop: database.drop,
    };
  };
  return { name: way, side: 'local', usual: 'COMMIT unanswered', commits: true, like: /COMMIT;?\0/, begin };
}

/** What a work through a way ends with, and after how long. */
async function endOf(trial: Trial, way: Frozen): Promise<{ thrown: unknown; seconds: number }> {
  const began = performance.now();
  const there = new URL(way.url);
  there.searchParams.set('connect_timeout', thorough ? '2' : '1');
  const thrown = await trial.run(there.href).then(
    () => null,
    (error: unknown) => error,
  );
  return { thrown, seconds: (performance.now() - began) / 1000 };
}

// What passes where nothing freezes.
async function measured(task: Task): Promise<{ bytes: number; commits: number }> {
  const trial = await task.begin();
  const way = await frozenWay(trial.url);
  try {
    expect((await endOf(trial, way)).thrown).toBe(null);
    return way.passed();
  } finally {
    await way.close();
    await trial.state().finally(trial.drop);
  }
}

function freezingAt(
  { like }: Task,
  point: Point,
  { bytes, commits }: Awaited<ReturnType<typeof measured>>,
): Freezing {
  if (typeof point === 'number') return { after: point * bytes };
  if (point === 'new sessions pass') return { after: bytes / 2, keepsNew: true };
  const heard = point === 'COMMIT unanswered';
  return { commit: like === undefined ? { at: commits, heard } : { at: 1, heard, like } };
}

/** Freezes once. @returns what came of it, and after how many seconds */
async function frozenAt(task: Task, point: Point, freezing: Freezing): Promise<[string, number]> {
  const trial = await task.begin();
  const way = await frozenWay(trial.url, freezing);
  const what = `${task.name}, ${task.side}, ${point}`;
  try {
    const { thrown, seconds } = await endOf(trial, way);
    expect(way.isFrozen(), what).toBe(true);
    expect(seconds * 1000, what).toBeLessThan(longest);
    if (point !== 'new sessions pass') {
      expect(thrown, what).toBeInstanceOf(Problem);
      const { code, message, data, hint } = thrown as Problem<'connection_lost'>;
      expect([code, message], what).toEqual(['connection_lost', `Lost the connection to ${task.side}`]);
      expect(data.detail, what).toContain(way.place);
      expect(hint, what).toMatch(
        data.unanswered ? /did not answer COMMIT/ : /rolls back what was not committed/,
      );
      if (task.commits && typeof point !== 'number') expect(data.unanswered, what).toBe('COMMIT');
    } else expect(thrown, what).toBe(null);
    // Only now can the server notice it: what is frozen here answers for its clients.
    await way.close();
    const state = await trial.state();
    if (state !== 'recorded' && task.commits)
      expect(state, what).toBe(
        point === 'COMMIT unanswered' || point === 'new sessions pass' ? 'complete' : 'unchanged',
      );
    return [state, seconds];
  } finally {
    await way.close();
    await trial.drop();
  }
}

/** Tries all points of a task, or the usual one, and prints what came of it. */
async function tried(task: Task): Promise<void> {
  const known = await measured(task);
  const found = new Map<string, number>();
  let most = 0;
  const all = thorough
    ? [...points, ...(task.more ?? [])]
    : [task.usual].filter((point) => point !== undefined);
  for (const point of all) {
    const [state, seconds] = await frozenAt(task, point, freezingAt(task, point, known));
    found.set(state, (found.get(state) ?? 0) + 1);
    most = Math.max(most, seconds);
  }
  const told = [...found].map(([state, times]) => `${state}: ${times}`).join('; ');
  process.stdout.write(
    `${all.length} trials: ${task.name}, the network to ${task.side} goes silent: ${told}; at most ${most.toFixed(1)} s\n`,
  );
}

const tasks = [
  ...clones.flatMap((one) => (['source', 'target'] as const).map((side) => cloneOf(one, side))),
  ...pg.map(backupOf),
  ...pg.map(restoreOf),
];

// Most of it is waiting.
test('clones, backups and restores end soon, and leave nothing in between', async () => {
  const left = tasks.filter((task) => thorough || task.usual !== undefined);
  const worker = async () => {
    for (let task = left.shift(); task !== undefined; task = left.shift()) await tried(task);
  };
  await Promise.all(Array.from({ length: thorough ? 6 : left.length }, worker));
  for (const { source } of sources.values()) await alone(source.url);
});

test('so do sync and rollback', async () => {
  for (const way of ['sync', 'rollback'] as const) await tried(migrationOf(way));
});
