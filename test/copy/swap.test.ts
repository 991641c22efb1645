// A clone into a database of its own, which then takes the target's place: whole, with all that is said of
// the target.
import pg from 'pg';
import { afterAll, expect, test, vi } from 'vitest';
import { dropOld } from '../../lib/commands/clone-drop-old.ts';
import { kinds } from '../../lib/kinds/index.ts';
import { diff } from '../../lib/model/diff.ts';
import { failure } from '../failure.ts';
import { everything } from '../flow/everything.ts';
import { type Database, rowsOf } from '../servers/databases.ts';
import { cloned, contextOf, more, wholeOf } from './cloning.ts';
import { leftOf } from './struck.ts';
import { newest, ways, withPair } from './ways.ts';

vi.setConfig({ testTimeout: 300_000 });

const role = `swap_${process.pid}`;
afterAll(() => rowsOf(newest.socket(), `drop role if exists ${role}`));

const swapped = { swap: true, jobs: 3 } as const;
const dropped = (target: Database) =>
  dropOld(contextOf(target.url, target.url), { to: 'target', yes: true }, undefined);

test.each(ways)('everything comes over: $name', async ({ from, to }) => {
  await withPair(from, to, async (source, target) => {
    await rowsOf(source.url, everything);
    await rowsOf(source.url, more);
    await rowsOf(target.url, 'create table old (n int); insert into old values (1)');
    const report = await cloned(contextOf(source.url, target.url), { ...swapped, force: false });
    const [a, b] = [await wholeOf(source.url), await wholeOf(target.url)];
    expect(b.digests).toEqual(a.digests);
    if (from.major === to.major)
      expect(diff(b.catalog, a.catalog, kinds)).toEqual({ added: [], removed: [], changed: [] });
    const kept = report.swapped?.kept ?? '';
    expect(kept).toMatch(new RegExp(`^${target.name}_old_\\d{8}t\\d{6}$`));
    expect(await rowsOf(to.url(kept), 'select n from old')).toEqual([{ n: 1 }]);
    expect(await rowsOf(target.url, `insert into notes (by) values (1) returning id`)).toEqual([{ id: 3 }]);
    expect((await dropped(target)).dropped).toEqual([kept]);
    expect((await dropped(target)).drops).toEqual([]);
    expect(await leftOf(target)).toEqual([]);
  });
});

const saidOf = `select pg_get_userbyid(datdba) as owner, datacl::text as acl, datconnlimit as "limit",
  datistemplate as template,
    datcollate, datctype, to_jsonb(d) ->> 'datlocprovider' as provider, coalesce(to_jsonb(d) ->> 'datlocale',
    to_jsonb(d) ->> 'daticulocale') as locale,
    shobj_description(oid, 'pg_database') as comment,
    array(select concat_ws(' ', setrole::regrole, setting) from pg_db_role_setting, unnest(setconfig) setting
    where setdatabase = oid
      order by 1) as settings
  from pg_database d where datname = current_database()`;

test('what is said of the target as a whole stays, and whoever is in it is ended', async () => {
  await withPair(newest, newest, async (source, target) => {
    await rowsOf(source.url, 'create table t (id int primary key); insert into t values (1)');
    const { name } = target;
    await target.drop();
    await rowsOf(newest.socket(), `create role ${role}`);
    const made = `create database ${name} template template0 owner ${role}`;
    // Not every server is built with it.
    const icu = `locale_provider icu icu_locale 'de-AT' lc_collate 'C' lc_ctype 'C'`;
    await rowsOf(newest.socket(), `${made} ${icu}`).catch(() => rowsOf(newest.socket(), made));
    for (const sql of [
      `revoke all on database ${name} from public`,
      `grant connect on database ${name} to ${role} with grant option`,
      `grant temporary on database ${name} to public`,
      `alter database ${name} connection limit 77`,
      `alter database ${name} set search_path = "$user", "a ""b, c", public`,
      `alter database ${name} set work_mem = '9MB'`,
      `alter database ${name} set default_transaction_read_only = on`,
      `alter role ${role} in database ${name} set application_name = 'it''s ours, "really"'`,
      `alter role ${role} in database ${name} set search_path = ''`,
      `comment on database ${name} is 'it''s the target'`,
    ])
      await rowsOf(newest.socket(), sql);
    const template = (is: boolean) => rowsOf(newest.socket(), `alter database ${name} is_template ${is}`);
    await template(true);
    try {
      const before = await rowsOf(target.socket, saidOf);
      const waiting = rowsOf(target.socket, 'select pg_sleep(60)').catch((error: Error) => error.message);
      await vi.waitFor(
        async () =>
          expect(
            await rowsOf(
              newest.socket(),
              `select from pg_stat_activity where datname = '${name}' and query ~ 'sleep'`,
            ),
          ).toHaveLength(1),
        10_000,
      );
      const report = await cloned(contextOf(source.url, target.url), { ...swapped, jobs: 1 });
      expect(report.swapped).toMatchObject({ ended: 1 });
      expect(report.swap).toMatchObject({ jobs: 1, sessions: 1, drops: [] });
      expect(await waiting).toContain('terminating connection');
      expect(await rowsOf(target.socket, saidOf)).toEqual(before);
      expect(await rowsOf(target.socket, 'table t')).toEqual([{ id: 1 }]);
      // Again, and nothing is kept of either.
      const again = await cloned(contextOf(source.url, target.url), { ...swapped, dropOld: true });
      expect(again.swapped).toMatchObject({ kept: null, dropped: [report.swapped?.kept] });
      expect(await rowsOf(target.socket, saidOf)).toEqual(before);
      expect(await leftOf(target)).toEqual([]);
    } finally {
      // It could not be dropped.
      await template(false);
    }
  });
});

test('a table that is read in parts comes whole, and with masks', async () => {
  await withPair(newest, newest, async (source, target) => {
    await rowsOf(
      source.url,
      `create table big (id int primary key, word text, twice int generated always as (id * 2) stored);
       insert into big select n, repeat(n::text, 20) from generate_series(1, 200000) n; delete from big
       where id % 3 = 0;
       create table parts (id int, primary key (id)) partition by range (id); create table low partition of
       parts for values from (0) to (9);
       insert into parts values (1), (2); create index on parts (id)`,
    );
    await cloned(contextOf(source.url, target.url), { swap: true, jobs: 4, dropOld: true });
    expect((await wholeOf(target.url)).digests).toEqual((await wholeOf(source.url)).digests);
    await cloned(contextOf(source.url, target.url), {
      ...swapped,
      dropOld: true,
      mask: ['big.word=id::text'],
    });
    expect(
      await rowsOf(target.url, 'select count(*)::int as n, bool_and(word = id::text) as masked from big'),
    ).toEqual([{ n: 133334, masked: true }]);
    expect(await leftOf(target)).toEqual([]);
  });
});

test('what speaks against it is said before anything is made', async () => {
  await withPair(newest, newest, async (source, target) => {
    await rowsOf(target.socket, 'create table old (n int)');
    const context = contextOf(source.url, target.url);
    const options = [
      { ...swapped, engine: 'pipe' },
      { ...swapped, jobs: 0 },
      { jobs: 2 },
      { dropOld: true },
    ] as const;
    for (const input of options) expect((await failure(cloned(context, input))).code).toBe('bad_option');
    await rowsOf(newest.socket(), `create role ${role} login password 'x'`).catch(() => undefined);
    await rowsOf(newest.socket(), `alter role ${role} login password 'x'; grant pg_read_all_data to ${role}`);
    const url = new URL(target.url);
    url.username = role;
    url.password = 'x';
    const refused = await failure(cloned(contextOf(source.url, url.href), { ...swapped, noOwner: true }));
    expect(refused.code).toBe('clone_refused');
    expect(refused.data).toMatchObject({
      faults: [`the role ${role} of target cannot create databases. Run there: ALTER ROLE ${role} CREATEDB;`],
    });
    await rowsOf(target.socket, `begin; insert into old values (1); prepare transaction 'held'`).then(
      async () => {
        expect((await failure(cloned(context, swapped))).code).toBe('clone_refused');
        await rowsOf(target.socket, `rollback prepared 'held'`);
      },
      // The server allows none.
      () => undefined,
    );
    expect(await leftOf(target)).toEqual([]);
  });
});

test('what acts on all that is made comes last', async () => {
  await withPair(newest, newest, async (source, target) => {
    await rowsOf(
      source.url,
      `create function strict() returns event_trigger language plpgsql as $$begin raise 'not now: %',
        tg_tag; end$$;
       create table t (id int primary key, at int, by int references t); insert into t select n, n
       from generate_series(1, 50000) n;
       create index on t (at); create index on t (by); create view v as select * from t; comment
       on view v is 'seen';
       create event trigger strict on ddl_command_end execute function strict()`,
    );
    await cloned(contextOf(source.url, target.url), { ...swapped, dropOld: true });
    expect((await wholeOf(target.url)).digests).toEqual((await wholeOf(source.url)).digests);
    await rowsOf(target.url, 'drop event trigger strict');
    await cloned(contextOf(source.url, target.url), { ...swapped, dropOld: true, schemaOnly: true });
    expect(await rowsOf(target.url, 'select from v')).toEqual([]);
  });
});

test('rows that a key refuses leave the target as it was', async () => {
  await withPair(newest, newest, async (source, target) => {
    await rowsOf(
      source.socket,
      `create table a (id int primary key); create table b (id int references a); set session_replication_role
        = replica;
       insert into b values (1)`,
    );
    await rowsOf(target.url, 'create table old (n int); insert into old values (1)');
    const before = await wholeOf(target.url);
    const refused = await failure(cloned(contextOf(source.url, target.url), swapped));
    expect(refused.data).toMatchObject({ sqlstate: '23503' });
    expect(await wholeOf(target.url)).toEqual(before);
    expect(await leftOf(target)).toEqual([]);
  });
});

test('what an earlier run left over is dropped, and what one is filling is not', async () => {
  await withPair(newest, newest, async (source, target) => {
    await rowsOf(source.url, 'create table t (id int)');
    const [dead, alive] = [
      `pgmage_new_00000000${process.pid}`.padEnd(27, '0'),
      `pgmage_new_${'f'.repeat(16)}`,
    ];
    for (const name of [dead, alive])
      await rowsOf(newest.socket(), `create database ${name} template template0`);
    const holder = new pg.Client(newest.socket());
    await holder.connect();
    try {
      await holder.query('select pg_advisory_lock(-1)');
      await cloned(contextOf(source.url, target.url), { ...swapped, dropOld: true });
      const left = await rowsOf(
        newest.socket(),
        `select datname::text as name from pg_database where datname in ('${dead}', '${alive}')`,
      );
      expect(left).toEqual([{ name: alive }]);
    } finally {
      await holder.end();
      for (const name of [dead, alive]) await rowsOf(newest.socket(), `drop database if exists ${name}`);
    }
  });
});
