// A network that goes silent in the middle of a clone, backup, restore, sync or rollback: it ends soon, says
// which place it was, and leaves a database as it was, or all of the work done.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { verifyBackups } from '../../lib/commands/backups.ts';
import { restore } from '../../lib/commands/restore.ts';
import { rollback } from '../../lib/commands/rollback.ts';
import { sync } from '../../lib/commands/sync.ts';
import type { CloneInput } from '../../lib/copy/options.ts';
import type { Format } from '../../lib/flow/formats.ts';
import type { Workspace } from '../../lib/project/workspace.ts';
import type { Target } from '../../lib/project/world.ts';
import { alone } from '../backup/faults.ts';
import { backupProject, oneOfEach } from '../backup/scene.ts';
import { cloned, contextOf, type Whole, wholeOf } from '../copy/cloning.ts';
import { attic, leftOf, shop, stateOf } from '../copy/struck.ts';
import { type Scene, scene } from '../ledger/scene.ts';
import { type Point, stallTimeout, type Task, type Trial, tried } from '../pg/freezing.ts';
import { derive } from '../project/workspace.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import type { Server } from '../servers/server.ts';
import { thorough } from '../thorough.ts';

vi.setConfig({ testTimeout: 1_800_000, hookTimeout: 300_000 });

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
const at = (urls: Readonly<Record<string, string>>): Workspace => derive(own.context, { ...limited(urls) });

function cloneOf([name, input, there]: (typeof clones)[number], side: 'source' | 'target'): Task {
  const isTried = side === 'source' ? !input.dataOnly && !input.swap : input.engine !== 'pipe';
  const usual = isTried && ({ usual: side === 'source' ? 0.5 : 'COMMIT unanswered' } as const);
  const begin = async (): Promise<Trial> => {
    const { source, whole } = sourceOn(there);
    const target = await freshDatabase(there);
    await rowsOf(target.socket, input.dataOnly ? `${shop}; delete from plain` : attic);
    const before = await wholeOf(target.socket);
    const urls = { source: source.url, target: target.url };
    let told = '';
    const progress = (line: string) => {
      told += `${line}\n`;
    };
    return {
      url: urls[side],
      run: (url) => {
        const ways = { ...urls, [side]: url };
        return cloned(contextOf(ways.source, ways.target, { ...limited(ways), progress }), input);
      },
      state: async () => {
        const state = await stateOf(target, before, whole);
        // What could not be dropped is named.
        for (const name of await leftOf(target, there)) {
          if (name.startsWith('pgmage_new_')) expect(told).toContain(`${name} may remain`);
          await rowsOf(there.socket(), `drop database "${name}" with (force)`);
        }
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
    const dir = join(own.context.project.root, `of-${Math.random()}`);
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
        const local: Workspace = derive(context, { environment: () => context.environment('local') });
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
  await Promise.all(Array.from({ length: Math.min(left.length, 10) }, worker));
  for (const { source } of sources.values()) await alone(source.url);
});

test('so do sync and rollback', async () => {
  for (const way of ['sync', 'rollback'] as const) await tried(migrationOf(way));
});
