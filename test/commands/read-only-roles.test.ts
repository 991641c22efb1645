// A role or a database that is set to read only by default is written to where a command writes.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { restore } from '../../lib/commands/restore.ts';
import { sync } from '../../lib/commands/sync.ts';
import { compare } from '../../lib/compare/compare.ts';
import { backupProject, dumpable } from '../backup/scene.ts';
import { cloned, contextOf } from '../copy/cloning.ts';
import { freshCache } from '../project/cache.ts';
import { project } from '../project/project.ts';
import { type Database, rowsOf, withDatabase } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';
import type { Server } from '../servers/server.ts';

const role = `read_only_${process.pid}`;
let cache: string;

beforeAll(async () => {
  cache = await freshCache();
  for (const server of servers())
    await rowsOf(
      server.socket(),
      `create role ${role} superuser login password 'x'; alter role ${role} set` +
        ' default_transaction_read_only = on',
    );
});
afterAll(async () => {
  for (const server of servers()) await rowsOf(server.socket(), `drop role ${role}`);
  await rm(cache, { recursive: true });
});

const as = ({ url }: Pick<Database, 'url'>) => {
  const other = new URL(url);
  other.username = role;
  other.password = 'x';
  return other.href;
};

async function pair(
  server: Server,
  use: (source: Database, target: Database) => Promise<void>,
): Promise<void> {
  await withDatabase(server, (source) =>
    withDatabase(server, async (target) => {
      await rowsOf(source.socket, 'create table t (id int primary key); insert into t values (1)');
      await rowsOf(server.socket(), `alter database ${target.name} set default_transaction_read_only = on`);
      await use(source, target);
    }),
  );
}

test.each(servers())('db:sync and a shadow on a server: $major', async (server) => {
  await pair(server, async (_, target) => {
    const shadow = as({ url: server.url() });
    const own = project(as(target), cache, () => ({ shadow }));
    own.want(
      `create type e as enum ('a'); create table t (e e); create index on t (e); grant select
        on t to ${role}`,
    );
    await sync(own.context, { yes: true, force: true }, undefined);
    own.want(
      `create type e as enum ('a', 'b'); create table t (e e default 'b', n int); create index on t (n);`,
    );
    await sync(own.context, { yes: true, force: true }, undefined);
    expect((await compare(own.context, 'local', own.context.project.schema)).same).toBe(true);
    own.drop();
  });
});

test.each(servers())('clones, in place, by swap and of rows: $major', async (server) => {
  await pair(server, async (source, target) => {
    const context = contextOf(as(source), as(target));
    for (const options of [{}, { swap: true }, { dataOnly: true }]) {
      const { done, swapped } = await cloned(context, { force: true, ...options });
      expect(done?.tables).toEqual([{ name: 'public.t', rows: 1 }]);
      if (swapped?.kept) await rowsOf(server.socket(), `drop database ${swapped.kept}`);
    }
  });
});

test('backups of every format, their drills and restores', async () => {
  for (const server of await dumpable('restores by a role that is set to read only'))
    await pair(server, async (source, target) => {
      const own = backupProject({ prod: as(source), copy: as(target) });
      for (const format of ['native', 'custom', 'plain', 'directory'] as const) {
        const { file } = await backup(own.context, { format, drill: true, on: 'prod' });
        await restore(own.context, file, { to: 'copy', yes: true, force: true }, undefined);
        expect(await rowsOf(target.socket, 'select id from t')).toEqual([{ id: 1 }]);
      }
      own.drop();
    });
});
