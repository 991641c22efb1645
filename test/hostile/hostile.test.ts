// A database whose owner has no privilege and uses every trick, under every task that a superuser runs on it.

import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { clone } from '../../lib/commands/clone.ts';
import { restore } from '../../lib/commands/restore.ts';
import { type TableOwner as Owned, readOwners, runAsOwner } from '../../lib/flow/as-owner.ts';
import { guardSql, unsafeLedger } from '../../lib/ledger/guard.ts';
import { prepareLedger } from '../../lib/ledger/tables.ts';
import { connect } from '../../lib/pg/connect.ts';
import { transaction } from '../../lib/pg/transaction.ts';
import { backupProject, digest, dumpable } from '../backup/scene.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { derive } from '../project/workspace.ts';
import { type Database, rowsOf, withDatabase } from '../servers/databases.ts';
import { isTurnOf, servers } from '../servers/running.ts';
import { query, type Server } from '../servers/server.ts';
import { marksIn } from './marks.ts';
import { dataTasks, schemaTasks, type Task } from './tasks.ts';
import { calledNames, hostile, hostileSettings, ledgerTricks, type Owner } from './tricks.ts';

let count = 0;

/** Lends a hostile database and an empty one of the same owner. */
async function withHostile(
  server: Server,
  use: (owner: Owner, database: Database, copy: Database) => Promise<void>,
): Promise<void> {
  const role = `owner_${process.pid}_${++count}`;
  const owner = { role, mark: `HOSTILE ${role}` };
  await query(server.socket(), `create role ${role}`);
  try {
    await withDatabase(server, (database) =>
      withDatabase(server, async (copy) => {
        await query(database.url, hostile(owner, database.name));
        await query(copy.url, hostileSettings(owner, copy.name));
        await use(owner, database, copy);
      }),
    );
  } finally {
    await query(server.socket(), `drop role ${role}`).catch((thrown: unknown) => {
      process.stdout.write(`${role} is left over: ${String(thrown)}\n`);
    });
  }
}

async function run(server: Server, owner: Owner, tasks: readonly Task[]): Promise<string[]> {
  const marks = marksIn(server, owner);
  const wrong: string[] = [];
  for (const { name, run } of tasks) {
    await run().catch((thrown: unknown) => wrong.push(`${name} failed: ${String(thrown)}`));
    wrong.push(...marks.overreached().map((trick) => `${name}: ${trick}`));
  }
  return wrong;
}

const tricks = `select (select count(*) from pg_catalog.pg_proc where pronamespace in ('hh'::regnamespace,
  'shop'::regnamespace))
  + (select count(*) from pg_catalog.pg_class where relnamespace = 'hh'::regnamespace and relkind = 'v')
  + (select count(*) from pg_catalog.pg_type where typnamespace = 'hh'::regnamespace
  and typtype = 'd') as count`;

test.each(servers())(
  'nothing that an owner can define runs with more rights than the owner has: $version',
  async (server) => {
    const cache = await freshCache();
    const clients = await dumpable('what pg_dump does in a hostile database');
    await withHostile(server, async (owner, database, copy) => {
      const own = backupProject({ prod: database.url, copy: copy.url });
      await using context = derive(own.context, { cacheDir: cache });
      const withClient = clients.some(({ port }) => port === server.port);
      const empty = async () => {
        const other = await connect({ url: copy.url, applicationName: 'pgmage tests' });
        await other.execute('delete from shop.parts; delete from shop.moody; delete from shut.checked');
        await other.close();
      };
      const tasks = [...schemaTasks(context), ...dataTasks(context, withClient, empty)];
      const session = await connect({ url: database.url, applicationName: 'pgmage tests' });
      const [found] = await session.rows<{ count: string }>(tricks);
      await session.close();
      expect(Number(found?.count)).toBeGreaterThan(400);
      process.stdout.write(
        `${found?.count} tricks × ${tasks.length} tasks on PostgreSQL ${server.version}\n`,
      );
      expect(await run(server, owner, tasks)).toEqual([]);
      own.drop();
    });
    await rm(cache, { recursive: true });
  },
  600_000,
);

test.each(servers())('a trick that runs with more rights is seen: $version', async (server) => {
  await withHostile(server, async (owner, { url }) => {
    const marks = marksIn(server, owner);
    // What pgmage did before it pinned the path.
    await rowsOf(url, `select set_config('search_path', '', true)`).catch(() => undefined);
    await rowsOf(url, `select json_build_object('version', version())`).catch(() => undefined);
    await rowsOf(url, 'select mood::pg_catalog.text from shop.goods');
    await rowsOf(url, 'select from pg_class');
    expect(marks.overreached()).toEqual(
      expect.arrayContaining([
        'cast of an enum as postgres',
        'function json_build_object as postgres',
        'function set_config as postgres',
        'view pg_class as postgres',
      ]),
    );
    // The role that is set is not a limit where the session could set another one.
    await rowsOf(url, `set role ${owner.role}; select hh.marked('role')`);
    expect(marks.overreached()).toContain('role as postgres');
    expect(calledNames()).toContain('json_build_object');
  });
});

test.each(servers())('out of what is done as an owner there is no way: $version', async (server) => {
  await withHostile(server, async (owner, { url }) => {
    const marks = marksIn(server, owner);
    const session = await connect({ url, applicationName: 'pgmage tests' });
    const owners = await readOwners(session);
    // Whether the owner may look into its schema, and has forced row security and rules on its table, does
    // not matter.
    for (const name of ['shop.checked', 'shut.checked'])
      await transaction(session, () =>
        session.execute(runAsOwner(`select hh.escaped('work')`, owners.get(name) as Owned)),
      );
    expect(marks.overreached()).toEqual([]);
    const rights = await session.rows<{ enters: boolean; forced: boolean; rules: string }>(`select
      pg_catalog.has_schema_privilege('${owner.role}', 'shut', 'USAGE') as enters,
      c.relforcerowsecurity as forced,
      (select pg_catalog.string_agg(ev_enabled::pg_catalog.text, '') from pg_catalog.pg_rewrite
      where ev_class = c.oid) as rules
      from pg_catalog.pg_class c where c.oid = 'shop.checked'::pg_catalog.regclass`);
    expect(rights).toEqual([{ enters: false, forced: true, rules: 'O' }]);
    // SECURITY DEFINER has one: what it leaves for the commit runs as the session.
    await transaction(session, () =>
      session.execute(`create function pg_temp.work() returns pg_catalog.bool language sql security definer
        as $$select hh.escaped('work')$$; alter function pg_temp.work() owner to ${owner.role};
        select pg_temp.work()`),
    );
    expect(marks.overreached()).toContain('work, by a cursor as postgres');
    await session.close();
  });
});

test('pg_dump keeps backslashes of a database that does not take them as they are', async () => {
  const [server] = await dumpable('backslashes through pg_dump');
  if (server === undefined) return;
  await withDatabase(server, (database) =>
    withDatabase(server, async (copy) => {
      await query(
        database.url,
        String.raw`create type kind as enum ('a\b', 'c\''d'); create table t (a text default 'x\y' check (a <> '\n'), k kind);
          create function f() returns text language sql as 'select ''p\q''::text'; create view v as select '\t' as tab;
          comment on table t is 'back\slash \'; insert into t values ('\', 'a\b'); create policy p on t using (a <> '\');
          alter database ${database.name} set standard_conforming_strings = off`,
      );
      const own = backupProject({ prod: database.url, copy: copy.url });
      const to = { to: 'copy', confirm: 'copy', yes: true, force: true };
      const comment = async () =>
        rowsOf(copy.url, `select obj_description('t'::regclass) as text, a, f() from t`);
      const wanted = [{ text: 'back\\slash \\', a: '\\', f: 'p\\q' }];
      // Each compares schema and rows by itself.
      await clone(own.context, { from: 'prod', ...to, engine: 'pipe' }, undefined);
      expect(await comment()).toEqual(wanted);
      for (const format of ['custom', 'plain'] as const) {
        const { file } = await backup(own.context, { env: 'prod', engine: 'pg_dump', format });
        await restore(own.context, file, to, undefined);
        expect(await comment()).toEqual(wanted);
      }
      own.drop();
    }),
  );
});

test.each(servers())(
  'a cast that gives one text for all values hides no change: $version',
  async (server) => {
    await withHostile(server, async (_, { url }) => {
      const change = async (sql: string) => {
        const before = await digest(url);
        await query(
          url,
          `set search_path = pg_catalog; set session_replication_role = replica; update shop.goods set ${sql}
            where id = 1`,
        );
        expect(await digest(url), sql).not.toEqual(before);
      };
      await query(
        url,
        `set search_path = pg_catalog; create type shop.span as range (subtype = int4); alter table shop.goods
          add span shop.span;
       create function shop.same(shop.span) returns text language sql immutable as $$select 'same'$$;
       create cast (shop.span as text) with function shop.same(shop.span) as implicit`,
      );
      await change(`mood = 'b'`);
      await change(`pair = row('b', 1)::shop.pair`);
      await change(`pair = row(null, null)::shop.pair`);
      await change('pair = null');
      await change(`span = '[5,6)'`);
      await change(`feeling = 'b'`);
      await change(`moods = '{b}'`);
      await change(`moods = '{}'`);
      await change('moods = null');
    });
  },
);

test.each(servers())(
  'a ledger with code of its owner is neither read nor written: $version',
  async (server) => {
    const cache = await freshCache();
    await withHostile(server, async (owner, { url }) => {
      const own = backupProject({ prod: url });
      await using context = derive(own.context, { cacheDir: cache });
      const tasks = schemaTasks(context);
      const marks = marksIn(server, owner);
      await tasks.find(({ name }) => name === 'db:generate')?.run();
      for (const [trick, sql] of Object.entries(ledgerTricks).filter((_, at) => isTurnOf(server, at))) {
        const session = await connect({ url, applicationName: 'pgmage tests' });
        await session.execute(`drop schema if exists pgmage cascade; drop function if exists hh.noticed();
        drop domain if exists hh.noted`);
        await prepareLedger(session);
        await session.execute(`begin; alter schema pgmage owner to ${owner.role};
        alter table pgmage.schema_migrations owner to ${owner.role}; alter table pgmage.audit owner to ${owner.role};
        set local session authorization ${owner.role}; ${sql}; commit`);
        for (const task of tasks.filter(({ name }) => /^db:(status|history|sync)$/.test(name)))
          expect([trick, task.name, (await failure(task.run())).code]).toEqual([
            trick,
            task.name,
            'ledger_unsafe',
          ]);
        // Also where it comes between the look and the write.
        const late = await failure(session.execute(guardSql));
        expect([trick, late.message]).toEqual([trick, expect.stringContaining(unsafeLedger)]);
        expect([trick, marks.overreached()]).toEqual([trick, []]);
        await session.close();
      }
      own.drop();
    });
    await rm(cache, { recursive: true });
  },
);
