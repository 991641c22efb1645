// db:push and db:watch: a database of development follows the schema without migrations.
import { existsSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { push } from '../../lib/commands/push.ts';
import { status } from '../../lib/commands/status.ts';
import { sync } from '../../lib/commands/sync.ts';
import { type WatchEvent, type WatchInput, watch } from '../../lib/commands/watch.ts';
import type { Workspace } from '../../lib/project/workspace.ts';
import type { Target } from '../../lib/project/world.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { derive } from '../project/workspace.ts';
import { type Database, rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer, servers } from '../servers/running.ts';
import { query } from '../servers/server.ts';

let cache: string;
beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));

const yes = { yes: true };

async function withOwn(
  use: (own: Project, database: Database) => Promise<void>,
  server = anyServer(),
): Promise<void> {
  await withDatabase(server, async (database) => {
    const own = project(database.url, cache);
    try {
      await use(own, database);
    } finally {
      own.drop();
    }
  });
}

const columns = (database: Database) =>
  rowsOf(
    database.url,
    `select string_agg(attname, ',' order by attnum) as names from pg_attribute
      where attrelid = 'users'::regclass and attnum > 0 and not attisdropped`,
  );

test.each(servers())(
  'a database is pushed to, and one migration is made of it later: $version',
  async (server) => {
    await withOwn(async (own, database) => {
      own.want('create table users (id int primary key);');
      expect(await push(own.context, yes, undefined)).toMatchObject({ done: true, statements: [{}] });
      await query(database.url, 'insert into users values (1)');
      own.want(`create type mood as enum ('sad');
      create table users (id int primary key, name text, mood mood);
      create function f() returns int language sql as 'select g()';
      create function g() returns int language sql as 'select 1'; create index on users (name);`);
      await push(own.context, yes, undefined);
      expect((await status(own.context)).inSync).toBe(true);
      expect(await columns(database)).toEqual([{ names: 'id,name,mood' }]);
      // A label that is used at once needs a commit in between.
      own.want(`create type mood as enum ('sad', 'ok');
      create table users (id int primary key, name text, mood mood default 'ok');
      create function f() returns int language sql as 'select g()';
      create function g() returns int language sql as 'select 1'; create index on users (name);`);
      await push(own.context, yes, undefined);
      expect((await status(own.context)).inSync).toBe(true);
      expect((await push(own.context, yes, undefined)).statements).toEqual([]);
      const { written } = await generate(own.context);
      expect(written).toHaveLength(1);
      expect(await failure(push(own.context, yes, undefined))).toMatchObject({ code: 'push_pending' });
      const { recorded } = await sync(own.context, { ...yes, baseline: true }, undefined);
      expect(recorded).toEqual(written.map(({ name }) => name));
      expect((await status(own.context)).record).toMatchObject({ pending: [], drift: [], unrecorded: [] });
      expect(await rowsOf(database.url, 'select id from users')).toEqual([{ id: 1 }]);
    }, server);
  },
);

test('data is lost only with --force, and a question is asked before anything runs', async () => {
  await withOwn(async (own, database) => {
    own.want('create table users (id int, name text);');
    expect(await failure(push(own.context, {}, undefined))).toMatchObject({ code: 'confirmation_needed' });
    expect(await push(own.context, {}, async () => false)).toMatchObject({ done: false });
    await push(own.context, yes, undefined);
    await query(database.url, `insert into users values (1, 'a'), (2, 'b')`);
    own.want('create table users (id int);');
    const refused = (rows: string) => ({
      code: 'data_loss_refused',
      data: { losses: [`ALTER TABLE public.users DROP COLUMN name (users: ${rows})`] },
    });
    expect(await failure(push(own.context, yes, undefined))).toMatchObject(refused('rows not counted'));
    await query(database.url, 'analyze users');
    expect(await failure(push(own.context, yes, undefined))).toMatchObject(refused('about 2 rows'));
    expect(await columns(database)).toEqual([{ names: 'id,name' }]);
    await push(own.context, { ...yes, force: true }, undefined);
    expect(await columns(database)).toEqual([{ names: 'id' }]);
  });
});

test('a rename keeps the values', async () => {
  await withOwn(async (own, database) => {
    own.want('create table users (id int, name text);');
    await push(own.context, yes, undefined);
    await query(database.url, `insert into users values (1, 'a')`);
    own.want('create table users (id int, full_name text);');
    const report = await push(own.context, { ...yes, rename: ['users.name=full_name'] }, undefined);
    expect(report.renames).toHaveLength(1);
    expect(await rowsOf(database.url, 'select * from users')).toEqual([{ id: 1, full_name: 'a' }]);
  });
});

test('a statement that fails leaves nothing behind', async () => {
  await withOwn(async (own, database) => {
    await query(
      database.url,
      'create table users (id int, name text); insert into users values (1, null), (1, null)',
    );
    own.want(`create function bad(int) returns int language plpgsql immutable as
        $$ begin raise 'bad row'; end $$;
      create table users (id int, name text); create table other (id int); create index on users (bad(id));`);
    expect((await failure(push(own.context, yes, undefined))).message).toContain('bad row');
    expect(await rowsOf(database.url, `select to_regclass('other') as there`)).toEqual([{ there: null }]);
  });
});

test('a protected database, and one on another machine that is not named, are refused', async () => {
  await withOwn(async (own) => {
    own.want('create table t (a int);');
    const at = (target: Partial<Target>) =>
      derive(own.context, {
        environment: async (name = 'local') => ({ name, url: null, protected: false, ...target }),
      });
    const remote = at({ url: 'postgres://db.example.com/shop' });
    expect((await failure(push(remote, yes, undefined))).message).toBe(
      'Cannot push to local: it is not on this machine',
    );
    expect((await failure(push(at({ protected: true }), { ...yes, env: 'prod' }, undefined))).message).toBe(
      'Cannot push to prod: it is protected',
    );
    const watching = watch(remote, { push: true }, () => undefined);
    expect(await failure(watching)).toMatchObject({ code: 'push_refused' });
  });
});

/** Watches until it is stopped, and gives each event to whoever waits for it. */
function watching(context: Workspace, input: WatchInput) {
  const events: WatchEvent[] = [];
  let stop: () => void = () => undefined;
  const own = derive(context, {
    now: () => new Date(),
    onStop: (end: () => void) => {
      stop = end;
      return () => undefined;
    },
  });
  const report = watch(own, input, (event) => void events.push(event));
  return {
    async next(count: number): Promise<WatchEvent[]> {
      for (let waited = 0; events.length < count && waited < 60_000; waited += 20) await setTimeout(20);
      return events;
    },
    end: async () => {
      stop();
      return report;
    },
  };
}

test('each save is compared, errors are shown, and watching goes on until it is stopped', async () => {
  await withOwn(async (own, database) => {
    own.want('create table users (id int);');
    const { next, end } = watching(own.context, {});
    expect(await next(1)).toMatchObject([{ is: 'difference', report: { changes: [{}] } }]);
    await query(database.url, 'create table users (id int)');
    own.want('create table users (id int); -- again');
    expect((await next(2))[1]).toMatchObject({ is: 'difference', report: { changes: [] } });
    own.want('create tabel users (id int);');
    expect((await next(3))[2]).toMatchObject({ is: 'problem', problem: { code: 'invalid_sql' } });
    await rm(own.context.project.schema);
    expect((await next(4))[3]).toMatchObject({ is: 'problem', problem: { code: 'missing_schema' } });
    // An editor that writes beside and renames.
    const draft = `${own.context.project.schema}.tmp`;
    await writeFile(draft, 'create table users (id int, name text);');
    await rename(draft, own.context.project.schema);
    expect((await next(5))[4]).toMatchObject({ is: 'difference', report: { changes: [{}] } });
    // A save without a change is none.
    own.want('create table users (id int, name text);');
    await setTimeout(300);
    expect(await next(5)).toHaveLength(5);
    expect(await end()).toEqual({ looks: 5 });
  });
});

test('with push the database follows each save, and keeps what a change would lose', async () => {
  await withOwn(async (own, database) => {
    own.want('create table users (id int, name text);');
    const { next, end } = watching(own.context, { push: true });
    expect((await next(2)).map(({ is }) => is)).toEqual(['difference', 'pushed']);
    await query(database.url, `insert into users values (1, 'a')`);
    own.want('create table users (id int, name text, age int);');
    await next(4);
    expect(await columns(database)).toEqual([{ names: 'id,name,age' }]);
    own.want('create table users (id int, age int);');
    expect((await next(6)).slice(4)).toMatchObject([
      { is: 'difference' },
      { is: 'problem', problem: { code: 'data_loss_refused' } },
    ]);
    expect(await columns(database)).toEqual([{ names: 'id,name,age' }]);
    await end();
    expect(existsSync(own.context.project.migrations)).toBe(false);
  });
});
