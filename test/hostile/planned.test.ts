// Functions that the planner runs while it plans a statement on a table: none of them runs as the reader.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { verifyBackups } from '../../lib/commands/backups.ts';
import { clone } from '../../lib/commands/clone.ts';
import { dataDiff } from '../../lib/commands/data-diff.ts';
import { difference } from '../../lib/commands/diff.ts';
import { restore } from '../../lib/commands/restore.ts';
import { Problem } from '../../lib/problem/problem.ts';
import { backupProject, dumpable } from '../backup/scene.ts';
import { freshCache } from '../project/cache.ts';
import { derive } from '../project/workspace.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { isFull, isTurnOf, servers } from '../servers/running.ts';
import { query, type Server } from '../servers/server.ts';
import { marksIn } from './marks.ts';
import { harmless, planned, plannedTricks } from './planned.ts';
import type { Task } from './tasks.ts';

const clients = await dumpable('the planner and pg_dump');
let count = 0;
let cache: string;
beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));

// Every task has one of them; all others are asked of by the same three.
const [each, usual] = [
  'index',
  new Set([
    'data:diff',
    'db:diff',
    'db:backup',
    'db:restore native',
    'db:restore pg_dump',
    'db:backups --drill native',
    'db:backups --drill pg_dump',
    'db:clone native',
  ]),
];

interface Scene {
  readonly url: string;
  readonly overreached: () => string[];
  readonly tasks: readonly Task[];
}

async function withTrick(server: Server, sql: string, use: (scene: Scene) => Promise<void>): Promise<void> {
  const role = `planner_${process.pid}_${++count}`;
  const owner = { role, mark: `HOSTILE ${role}` };
  await query(server.socket(), `create role ${role}`);
  try {
    await withDatabase(server, (database) =>
      withDatabase(server, async (copy) => {
        await query(database.url, planned(owner, database.name, sql));
        const own = backupProject({
          prod: database.url,
          copy: copy.url,
          owner: `${database.url}?options=-c%20role%3D${role}`,
        });
        const marks = marksIn(server, owner);
        const wanted = join(own.context.project.root, 'wanted.sql');
        await writeFile(wanted, 'create table public.victim (id int primary key, name text not null);');
        const to = { to: 'copy', confirm: 'copy', yes: true, force: true };
        await using context = derive(own.context, { cacheDir: cache });
        const cloned = (name: string, how: object): Task => ({
          name: `db:clone ${name}`,
          run: () => clone(context, { from: 'prod', engine: 'native', ...to, ...how }, undefined),
        });
        const withClient = clients.some(({ port }) => port === server.port);
        await query(copy.url, 'create table public.victim (id int primary key, name text)');
        const tasks: Task[] = [
          { name: 'data:diff', run: () => dataDiff(context, { from: 'prod', to: 'copy', rows: true }) },
          { name: 'data:diff the other way', run: () => dataDiff(context, { from: 'copy', to: 'prod' }) },
          { name: 'db:diff', run: () => difference(context, { from: 'prod', to: wanted }) },
          { name: 'db:backup', run: () => backup(context, { env: 'prod', engine: 'native' }) },
          ...(['native', ...(withClient ? (['pg_dump'] as const) : [])] as const).flatMap((engine) => [
            {
              name: `db:restore ${engine}`,
              run: async () => {
                const { file } = await backup(context, { env: 'owner', engine });
                marks.overreached();
                return restore(context, file, to, undefined);
              },
            },
            {
              name: `db:backups --drill ${engine}`,
              run: async () => {
                const { file } = await backup(context, { env: 'owner', engine });
                marks.overreached();
                return verifyBackups(context, { drill: true, on: 'copy' }, file);
              },
            },
          ]),
          cloned('native', {}),
          cloned('--swap', { swap: true, dropOld: true }),
          cloned('--mask', { mask: ['victim.name=@hash'] }),
          ...(withClient ? [cloned('--engine pipe', { engine: 'pipe' })] : []),
          cloned('--data-only', { dataOnly: true }),
        ];
        await use({ url: database.url, overreached: () => marks.overreached(), tasks });
        own.drop();
      }),
    );
  } finally {
    await query(server.socket(), `drop role ${role}`).catch((thrown: unknown) => {
      process.stdout.write(`${role} is left over: ${String(thrown)}\n`);
    });
  }
}

const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (thrown: unknown) => (thrown instanceof Problem ? `${thrown.code}: ${thrown.message}` : String(thrown)),
  );

test.each(servers())(
  'nothing that the planner runs has more rights than its owner: $version',
  async (server) => {
    const wrong: string[] = [];
    let tried = 0;
    const tricks = Object.entries(plannedTricks).map(([trick, sql], at) => ({ trick, sql, at }));
    for (const { trick, sql, at } of tricks.filter((one) => isTurnOf(server, one.at)))
      await withTrick(server, sql, async ({ overreached, tasks }) => {
        // Where versions are not named, each trick meets every other task.
        const own = tasks
          .filter(({ name }) => trick === each || usual.has(name))
          .filter((_, place) => isFull || trick === each || (place + (at >> 1)) % 2 === 0);
        for (const { name, run } of own) {
          const ended = await outcome(run());
          tried++;
          for (const mark of overreached()) wrong.push(`${trick}, ${name}: ${mark}`);
          const isRefused = /^planned_code: .*hh\./.test(ended);
          if (ended !== 'done' && !isRefused) wrong.push(`${trick}, ${name}: ${ended}`);
        }
      });
    process.stdout.write(`${tried} tasks with planned code on PostgreSQL ${server.version}\n`);
    expect(wrong).toEqual([]);
  },
  600_000,
);

const one = servers().filter((server) => isTurnOf(server, 0));
test.each(one)('ordinary functions in indexes are no reason to refuse: $version', async (server) => {
  await withTrick(server, harmless, async ({ overreached, tasks }) => {
    for (const { name, run } of tasks) expect([name, await outcome(run())]).toEqual([name, 'done']);
    expect(overreached()).toEqual([]);
  });
});

test.each(servers())('a function that the planner runs is seen: $version', async (server) => {
  await withTrick(server, plannedTricks.index as string, async ({ url, overreached }) => {
    await rowsOf(url, 'select pg_catalog.count(*) from only public.victim');
    expect(overreached()).toEqual(['planned as postgres']);
  });
});
