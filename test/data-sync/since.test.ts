// Tables of which a sync compares only rows that have changed since the run before: what it finds, and says.
import pg from 'pg';
import { expect, test } from 'vitest';
import { dataSyncMarkdown, dataSyncText } from '../../lib/report/data-sync.ts';
import { newest, oldest } from '../copy/ways.ts';
import { rowsOf } from '../servers/databases.ts';
import { all, config, forms, howOf, table, withScene } from './since-scene.ts';
import { listChanges } from './syncing.ts';

const paper = { width: 120, colour: false, now: new Date('2026-11-29T12:00:00Z') };

test.each(
  forms.flatMap(([name, since]) =>
    [
      [newest, newest],
      [oldest, newest],
    ].map((way) => ({ name, since, way })),
  ),
)(
  'new and changed rows are found by $name; deleted rows and changes in the target are not, and the report says so',
  async ({ since, way }) => {
    await withScene(
      table,
      config(since),
      async ({ source, target, sync }) => {
        // Transactions of other databases count for the server, too.
        const isOld =
          'select pg_snapshot_xmin(pg_current_snapshot())::text::int8 > max(t.xmin::text::int8) as is from t';
        await expect.poll(() => rowsOf(source.url, isOld), { timeout: 30_000 }).toEqual([{ is: true }]);
        expect(howOf(await sync())).toBe('no run before has kept its state');
        await rowsOf(
          source.url,
          `update t set v = 'new', updated_at = now() where id in (5, 299); insert into t values (500, 'x'), (501, null);
           delete from t where id = 7`,
        );
        await rowsOf(target.url, `update t set v = 'drift' where id = 9`);
        const report = await sync();
        expect(howOf(report)).toBe('part');
        expect(listChanges(report)).toEqual({ 'public.t': '2/2/0' });
        // Those, and rows of the last minutes.
        expect(report.tables[0]?.rows.from).toBeLessThan(10);
        expect(report.run).toMatchObject({ validation: 'changed', tables: [{ validated: null }] });
        const text = dataSyncText(report, paper);
        expect(text).toContain('public.t: only rows ');
        expect(text.replace(/\s+/g, ' ')).toContain(
          'pgmage did not look for rows that the source has deleted, nor for changes in the target.',
        );
        expect(text).toContain('The compared rows are equal.');
        expect(dataSyncMarkdown(report)).toContain('did not look for rows that the source has deleted');
        expect(await rowsOf(target.url, 'select v from t where id in (7, 9) order by id')).toEqual([
          { v: 'v7' },
          { v: 'drift' },
        ]);
        const whole = await sync({ complete: true });
        expect(howOf(whole)).toBe('all rows are asked for');
        expect(listChanges(whole)).toEqual({ 'public.t': '0/1/1' });
        expect(await rowsOf(target.url, all)).toEqual(await rowsOf(source.url, all));
        expect(howOf(await sync())).toBe('part');
      },
      way as [typeof newest, typeof newest],
    );
  },
);

test.each(forms)('every so many runs compare all rows: %s', async (_, since) => {
  await withScene(table, config(since, { full: 3 }), async ({ source, sync }) => {
    const hows: string[] = [];
    for (let at = 0; at < 7; at++) {
      await rowsOf(source.url, `update t set v = 'run ${at}', updated_at = now() where id = ${at + 1}`);
      const report = await sync();
      expect(listChanges(report)).toEqual({ 'public.t': '0/1/0' });
      hows.push(howOf(report) === 'part' ? 'part' : 'all');
    }
    expect(hows).toEqual(['all', 'part', 'part', 'all', 'part', 'part', 'all']);
  });
});

test.each(forms)(
  'a transaction that is open during runs and commits late is found, with its old time: %s',
  async (_, since) => {
    await withScene(table, config(since), async ({ source, target, sync }) => {
      const late = new pg.Client(source.url);
      await late.connect();
      await sync();
      // Its now() is before the next run, its commit after it; a part is written in a savepoint.
      await late.query('begin; select now()');
      await rowsOf(source.url, `update t set v = 'soon', updated_at = now() where id = 1`);
      await late.query(
        `update t set v = 'late', updated_at = now() where id = 2; savepoint a; insert into t values (600, 'late'); release a`,
      );
      expect(howOf(await sync())).toBe('part');
      await late.query(`update t set v = 'later', updated_at = now() where id = 3`);
      expect(howOf(await sync())).toBe('part');
      await late.query('commit');
      await late.end();
      await rowsOf(source.url, `update t set v = 'last', updated_at = now() where id = 4`);
      const report = await sync();
      expect(howOf(report)).toBe('part');
      expect(listChanges(report)).toEqual({ 'public.t': '1/3/0' });
      expect(await rowsOf(target.url, all)).toEqual(await rowsOf(source.url, all));
    });
  },
);

test('a time that is hours before the commit is found, as the transaction was open all the time', async () => {
  await withScene(table, config({ column: 'updated_at' }), async ({ source, target, sync }) => {
    const late = new pg.Client(source.url);
    await late.connect();
    await late.query('begin; select 1');
    await sync();
    const [state] = await rowsOf<{ from: string }>(
      target.url,
      `select detail::json->'since'->'public.t'->>'from' as from from pgmage.data_runs where outcome = 'done'`,
    );
    // Five minutes before the oldest transaction.
    const before = `select extract(epoch from now() - '${state?.from}'::timestamptz)::float8 as seconds`;
    expect((await late.query<{ seconds: number }>(before)).rows[0]?.seconds).toBeGreaterThanOrEqual(300);
    await late.query(`update t set v = 'late', updated_at = now() where id = 2; commit`);
    await late.end();
    expect(listChanges(await sync())).toEqual({ 'public.t': '0/1/0' });
  });
});

test('xmin: rows that were frozen, moved and locked since', async () => {
  await withScene(table, config('xmin'), async ({ source, target, sync }) => {
    await sync();
    await rowsOf(source.url, `update t set v = 'frozen' where id < 5; insert into t values (700, 'copied')`);
    await rowsOf(source.url, 'vacuum freeze t');
    await rowsOf(source.url, 'begin; select from t where id = 9 for update; commit');
    const report = await sync();
    expect([howOf(report), listChanges(report)]).toEqual(['part', { 'public.t': '1/4/0' }]);
    expect(await rowsOf(target.url, all)).toEqual(await rowsOf(source.url, all));
  });
});

test.each(forms)('after data:undo and after skipped rows all rows are compared: %s', async (_, since) => {
  await withScene(table, config(since), async ({ source, target, sync, undo }) => {
    await sync();
    await rowsOf(source.url, `update t set v = 'new', updated_at = now() where id = 2`);
    await undo(await sync());
    const again = await sync();
    expect([howOf(again), listChanges(again)]).toEqual([
      expect.stringContaining('data:undo'),
      { 'public.t': '0/1/0' },
    ]);
    // Another session holds a row that was changed before any state.
    await rowsOf(target.url, `update t set v = 'drift' where id = 9`);
    const other = new pg.Client(target.url);
    await other.connect();
    await other.query(`begin; update t set v = 'mine' where id = 9`);
    const syncing = sync({ complete: true });
    const waits = `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
    await expect.poll(() => rowsOf(target.url, waits), { timeout: 20_000 }).toHaveLength(1);
    await other.query('commit');
    await other.end();
    expect((await syncing).run).toMatchObject({ skipped: 1 });
    const next = await sync();
    expect([howOf(next), listChanges(next)]).toEqual([
      'no run before has kept its state',
      { 'public.t': '0/1/0' },
    ]);
  });
});

test.each(forms)('a row that a part-run skips is compared by the next one: %s', async (_, since) => {
  await withScene(table, config(since), async ({ source, target, sync }) => {
    await sync();
    await rowsOf(source.url, `update t set v = 'new', updated_at = now() where id = 9`);
    const other = new pg.Client(target.url);
    await other.connect();
    await other.query(`begin; update t set v = 'mine' where id = 9`);
    const syncing = sync();
    const waits = `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
    await expect.poll(() => rowsOf(target.url, waits), { timeout: 20_000 }).toHaveLength(1);
    await other.query('commit');
    await other.end();
    expect((await syncing).run).toMatchObject({ skipped: 1 });
    const next = await sync();
    expect([howOf(next), listChanges(next)]).toEqual(['part', { 'public.t': '0/1/0' }]);
    expect(await rowsOf(target.url, 'select v from t where id = 9')).toEqual([{ v: 'new' }]);
  });
});

test.each(forms)(
  'a new row with a unique value of a deleted one: all rows are compared then: %s',
  async (_, since) => {
    await withScene(
      `${table}; alter table t add unique (v)`,
      config(since),
      async ({ source, target, sync }) => {
        await sync();
        await rowsOf(source.url, `delete from t where id = 7; insert into t values (800, 'v7')`);
        const report = await sync();
        expect([howOf(report), listChanges(report)]).toEqual([
          'the changed rows alone do not fit',
          { 'public.t': '1/0/1' },
        ]);
        expect(await rowsOf(target.url, all)).toEqual(await rowsOf(source.url, all));
        expect(howOf(await sync())).toBe('part');
      },
    );
  },
);

test.each(forms)('partitions, keys of several columns, other tables beside it: %s', async (_, since) => {
  const sql = `create type mood as enum ('sad', 'ok');
    create table t (day date, code varchar(20), m mood, v numeric, updated_at timestamptz default now(), primary key (day, code, m)) partition by range (day);
    create table t1 partition of t for values from (minvalue) to ('2026-06-01'); create table t2 partition of t default;
    create table u (id int primary key, v int); insert into u select n, n from generate_series(1, 50) n;
    insert into t select date '2026-01-01' + n, E'c"{}\\\\' || n, 'ok', n, '2026-01-01' from generate_series(1, 300) n`;
  await withScene(sql, config(since), async ({ source, target, sync }) => {
    await sync();
    await rowsOf(
      source.url,
      `update t set v = -v, updated_at = now() where code ~ '7$'; insert into t values ('2026-03-03', E'tab\\t,"', 'sad', 1.50);
       update t set updated_at = null, v = 0 where code ~ '13$'; update u set v = 0 where id = 3; delete from u where id = 9`,
    );
    const report = await sync();
    expect(howOf(report)).toBe('part');
    expect(listChanges(report)).toEqual({ 'public.t': '1/33/0', 'public.u': '0/1/1' });
    const rows = 'select t::text from t order by day, code, m';
    expect(await rowsOf(target.url, rows)).toEqual(await rowsOf(source.url, rows));
    expect(listChanges(await sync())).toEqual({});
    // Its rows have old times, or are of transactions before.
    await rowsOf(
      source.url,
      `create table own as select date '2030-01-01' + n as day, 'c' || n::varchar(20) as code, 'ok'::mood as m,
      n::numeric as v, timestamptz '2026-01-01' as updated_at from generate_series(1, 5) n`,
    );
    await sync({ exclude: ['own'] });
    await rowsOf(
      source.url,
      `alter table own alter code type varchar(20), alter day set not null, alter code set not null, alter m set not null;
      alter table t detach partition t2; alter table t attach partition own for values from ('2030-01-01') to ('2031-01-01'); alter table t attach partition t2 default`,
    );
    const attached = await sync();
    expect(howOf(attached)).toContain('made, emptied or altered');
    expect(listChanges(attached)).toEqual({ 'public.t': '5/0/0' });
  });
});
