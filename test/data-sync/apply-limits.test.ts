// What data:sync does not do without being told, and what it needs.
import { expect, test } from 'vitest';
import { rowsOf } from '../servers/databases.ts';
import { withSynced } from './syncing.ts';

const hundred =
  'create table t (id int primary key, v text); insert into t select n, n from generate_series(1, 100) n';

test('an emptied source does not empty the target', async () => {
  await withSynced({ both: hundred, source: 'delete from t' }, async ({ target, sync }) => {
    await expect(sync()).rejects.toMatchObject({ code: 'too_many_deletions' });
    await expect(sync({ maxDeletes: '99' })).rejects.toMatchObject({ code: 'too_many_deletions' });
    expect((await sync({ keepDeleted: true })).run).toMatchObject({ deleted: 0, skipped: 0 });
    expect(await rowsOf(target.url, 'select count(*)::int as n from t')).toEqual([{ n: 100 }]);
    expect((await sync({ maxDeletes: '100%' })).run).toMatchObject({ deleted: 100 });
  });
});

test('a dry run and a declined plan change nothing', async () => {
  await withSynced({ both: hundred, source: 'delete from t where id = 1' }, async ({ target, sync }) => {
    expect(await sync({ dryRun: true })).toMatchObject({ run: null, tables: [{ deletes: 1 }] });
    await expect(sync({ yes: false })).rejects.toMatchObject({ code: 'confirmation_needed' });
    const state = `select count(*)::int as n, to_regclass('pgmage.data_runs') as runs from t`;
    expect(await rowsOf(target.url, state)).toEqual([{ n: 100, runs: null }]);
  });
});

test('rows outside of the sync that a foreign key would delete are named', async () => {
  const both = `${hundred}; create table c (id int primary key, t int references t on delete cascade)`;
  const input = { exclude: ['c'] };
  const [source, more] = ['delete from t where id = 1', 'insert into c values (1, 1), (2, 1), (3, 2)'];
  await withSynced({ both, source, target: more, input }, async ({ target, sync }) => {
    await expect(sync()).rejects.toMatchObject({ code: 'side_effects' });
    expect(await rowsOf(target.url, 'select count(*)::int as n from c')).toEqual([{ n: 3 }]);
    const { run } = await sync({ force: true });
    expect(run?.sideEffects).toEqual([{ table: 'public.c', inserted: 0, updated: 0, deleted: 2 }]);
  });
});

test('a row that a trigger does not let in is not a row of another session', async () => {
  const both = `${hundred}; create function f() returns trigger language plpgsql as
      'begin if new.id = 201 then return null; end if; return new; end';
    create trigger a before insert on t for each row execute function f();
    alter table t disable trigger a`;
  const source = `insert into t values (201, 'x'), (202, 'x')`;
  const target = 'alter table t enable trigger a';
  await withSynced({ both, source, target }, async ({ target: { url }, sync }) => {
    await expect(sync({ triggers: 'on' })).rejects.toMatchObject({ code: 'not_as_source' });
    expect(await rowsOf(url, 'select id from t where id > 200')).toEqual([]);
    expect((await sync()).run).toMatchObject({ inserted: 2, skipped: 0 });
  });
});

test('triggers are off, and on again as they were', async () => {
  const both = `${hundred}; create table log (n int);
    create function f() returns trigger language plpgsql as
      'begin insert into log values (1); new.v = ''trigger''; return new; end';
    create trigger a before insert or update on t for each row execute function f();
    create trigger b before insert or update on t for each row execute function f();
    create trigger c before insert or update on t for each row execute function f();
    alter table t enable always trigger b; alter table t disable trigger c`;
  const source = `alter table t disable trigger all; update t set v = 'x' where id < 5`;
  const input = { exclude: ['log'] };
  await withSynced({ both, source, input }, async ({ target, sync }) => {
    const states = `select tgname::text as name, tgenabled::text as state from pg_trigger
      where not tgisinternal and tgrelid = 't'::regclass order by 1`;
    const before = await rowsOf(target.url, states);
    await expect(sync({ triggers: 'on' })).rejects.toMatchObject({ code: 'not_as_source' });
    expect((await sync()).run).toMatchObject({ updated: 4, sideEffects: [] });
    expect(await rowsOf(target.url, states)).toEqual(before);
    expect(await rowsOf(target.url, 'select * from log')).toEqual([]);
  });
});

test('a role that owns nothing needs DML rights alone', async () => {
  const role = `dml_${process.pid}`;
  const target = `create role ${role} login password 'x';
    grant usage on schema public to ${role}; grant select, insert, update, delete on t to ${role}`;
  const source = 'delete from t where id = 1; update t set v = 9 where id = 2; insert into t values (0, 0)';
  await withSynced({ both: hundred, source, target }, async ({ target: there, sync }) => {
    const as = new URL(there.url);
    as.username = role;
    as.password = 'x';
    try {
      const { run } = await sync({ to: as.href });
      expect(run).toMatchObject({ inserted: 1, updated: 1, deleted: 1, skipped: 0 });
      expect(run?.unrecorded).toContain('permission denied');
      await rowsOf(
        there.url,
        `create function f() returns trigger language plpgsql as 'begin return new; end';
         create trigger a before insert or update on t for each row execute function f(); update t set v = 'other'`,
      );
      await expect(sync({ to: as.href })).rejects.toMatchObject({ code: 'triggers_fire' });
      expect((await sync({ to: as.href, triggers: 'on' })).run).toMatchObject({ updated: 100 });
    } finally {
      await rowsOf(there.url, `drop owned by ${role}; drop role ${role}`);
    }
  });
});

test('a row that another session changes meanwhile waits for the next run', async () => {
  const source = `update t set v = 'new' where id <= 3`;
  await withSynced({ both: hundred, source }, async ({ target, sync }) => {
    const { default: pg } = await import('pg');
    const other = new pg.Client(target.url);
    await other.connect();
    await other.query(`begin; update t set v = 'mine' where id = 2`);
    const syncing = sync();
    await expect
      .poll(
        () => rowsOf(target.url, `select 1 as one from pg_stat_activity where wait_event_type = 'Lock'`),
        {
          timeout: 20_000,
        },
      )
      .toHaveLength(1);
    await other.query('commit');
    await other.end();
    expect((await syncing).run).toMatchObject({ updated: 2, skipped: 1 });
    expect(await rowsOf(target.url, 'select v from t where id = 2')).toEqual([{ v: 'mine' }]);
    expect((await sync()).run).toMatchObject({ updated: 1, skipped: 0 });
  });
});

test('sequences follow, and never go back', async () => {
  const both =
    'create table t (id serial primary key); create table u (id int generated always as identity); create sequence s';
  const source = `insert into t select from generate_series(1, 5); select setval('s', 40), setval('u_id_seq', 3)`;
  const target = `select setval('u_id_seq', 30)`;
  await withSynced({ both, source, target }, async ({ target: there, sync }) => {
    const { run } = await sync();
    expect(run?.sequences).toEqual({
      set: [
        { name: 'public.s', from: '1', to: '40' },
        { name: 'public.t_id_seq', from: '1', to: '5' },
      ],
      refused: [],
    });
    const next = `select nextval('t_id_seq')::int as t, nextval('s')::int as s, nextval('u_id_seq')::int as u`;
    expect(await rowsOf(there.url, next)).toEqual([{ t: 6, s: 41, u: 31 }]);
  });
});
