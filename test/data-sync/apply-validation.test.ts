// The comparison before the commit, a source that is written to meanwhile, and other sessions in the target.
import pg from 'pg';
import { expect, test } from 'vitest';
import { failure } from '../failure.ts';
import { rowsOf } from '../servers/databases.ts';
import { waitsForLock, withSynced } from './syncing.ts';

const thousands = `create table t (id int primary key, v text);
  insert into t select n, 'row ' || n from generate_series(1, 5000) n; analyze`;
const function_ = (body: string) =>
  `create function f() returns trigger language plpgsql as $$ begin ${body} end $$`;

test.each(['full', 'changed'] as const)('--validate %s compares before the commit', async (validate) => {
  const source = `update t set v = 'new' where id = 7; delete from t where id = 9; insert into t values (-3, 'x')`;
  await withSynced({ both: thousands, source, input: { validate } }, async ({ target, sync }) => {
    const { run } = await sync();
    expect(run).toMatchObject({ inserted: 1, updated: 1, deleted: 1, skipped: 0, validation: validate });
    const rows = validate === 'full' ? { from: 5000, to: 5000 } : null;
    expect(run?.tables).toMatchObject([{ name: 'public.t', validated: rows }]);
    expect((await sync()).run).toMatchObject({ inserted: 0, updated: 0, deleted: 0 });
    expect(await rowsOf(target.url, 'select v from t where id in (-3, 7)')).toHaveLength(2);
  });
});

test.each(['full', 'changed'] as const)(
  '--validate %s finds what a trigger makes of the new rows',
  async (validate) => {
    const target = `${function_(`new.v = new.v || '!'; return new;`)};
    create trigger a before insert or update on t for each row execute function f()`;
    const source = `insert into t values (9001, 'x')`;
    await withSynced(
      { both: thousands, source, target, input: { validate, triggers: 'on' } },
      async ({ target: { url }, sync }) => {
        const problem = await failure(sync());
        expect(problem).toMatchObject({
          code: 'not_as_source',
          data: { differences: ['public.t: 1 row is not as in the source'] },
        });
        expect(await rowsOf(url, 'select from t where id > 9000')).toEqual([]);
      },
    );
  },
);

// A row far from those that changed.
test('full finds what a trigger does to other rows; changed counts it', async () => {
  const target = `${function_(`update t set v = 'other' where id = 4000 and v <> 'other'; return null;`)};
    create trigger a after insert on t for each row execute function f()`;
  // Too many rows to be read as one part.
  const both = thousands.replace('5000', '30000');
  const source = `insert into t values (-9, 'x')`;
  const input = { triggers: 'on', force: true } as const;
  await withSynced({ both, source, target, input }, async ({ target: { url }, sync }) => {
    expect(await failure(sync({ validate: 'full' }))).toMatchObject({ code: 'not_as_source' });
    expect(await rowsOf(url, `select from t where v = 'other'`)).toEqual([]);
    const { run } = await sync({ validate: 'changed' });
    expect(run?.sideEffects).toEqual([{ table: 'public.t', inserted: 0, updated: 1, deleted: 0 }]);
  });
});

test('a source that changes meanwhile: the run gives one state of it, and the next run the rest', async () => {
  const both = `create table a (id int primary key, v int); create table b (id int primary key, v int)`;
  const source = `insert into a select n, 0 from generate_series(1, 2000) n; insert into b select n, 0 from generate_series(1, 2000) n`;
  await withSynced({ both, source }, async ({ source: { url }, target, sync }) => {
    const writer = new pg.Client(url);
    await writer.connect();
    let [going, version] = [true, 0];
    const writing = (async () => {
      while (going) {
        version++;
        await writer.query(
          `begin; update a set v = ${version}; update b set v = ${version}; delete from a where id = ${version};
           insert into a values (${10_000 + version}, ${version}); commit`,
        );
      }
    })();
    // Both tables were written in one transaction, so one state has one version.
    const versions = `select count(distinct v)::int as n from (select v from a union all select v from b) s`;
    try {
      for (let round = 0; round < 4; round++) {
        expect((await sync()).run).toMatchObject({ skipped: 0 });
        expect(await rowsOf(target.url, versions)).toEqual([{ n: 1 }]);
      }
    } finally {
      going = false;
      await writing;
      await writer.end();
    }
    expect(version).toBeGreaterThan(4);
    await sync();
    const all = 'select (select json_agg(a order by id) from a) a, (select json_agg(b order by id) from b) b';
    expect(await rowsOf(target.url, all)).toEqual(await rowsOf(url, all));
  });
});

test('a deadlock with another session ends: the sync is done, or tried again', async () => {
  const both = `create table a (id int primary key, v text); create table b (id int primary key, v text);
    insert into a values (1, 'x'), (2, 'x'); insert into b values (1, 'x'), (2, 'x')`;
  const source = `update a set v = 'new'; update b set v = 'new'`;
  await withSynced({ both, source }, async ({ source: { url }, target, sync }) => {
    const other = new pg.Client(target.url);
    await other.connect();
    // The other session waits longer before it looks, so that the server ends the sync.
    await other.query(`set deadlock_timeout = '60s'; begin; update b set v = v where id = 1`);
    const syncing = sync();
    await waitsForLock(target.url);
    const waiting = other.query('update a set v = v where id = 1; commit');
    const { run } = await syncing;
    await waiting.finally(() => other.end());
    expect(run).toMatchObject({ updated: 4, skipped: 0 });
    const all = 'select (select json_agg(a order by id) from a) a, (select json_agg(b order by id) from b) b';
    expect(await rowsOf(target.url, all)).toEqual(await rowsOf(url, all));
  });
});

test('a row that another session inserts meanwhile waits for the next run', async () => {
  const source = `insert into t values (9001, 'new'), (9002, 'new')`;
  await withSynced({ both: thousands, source }, async ({ target, sync }) => {
    const other = new pg.Client(target.url);
    await other.connect();
    await other.query(`begin; insert into t values (9001, 'mine')`);
    const syncing = sync();
    await waitsForLock(target.url);
    await other.query('commit');
    await other.end();
    expect((await syncing).run).toMatchObject({ inserted: 1, skipped: 1 });
    expect(await rowsOf(target.url, 'select v from t where id > 9000 order by id')).toEqual([
      { v: 'mine' },
      { v: 'new' },
    ]);
    expect((await sync()).run).toMatchObject({ inserted: 0, updated: 1, skipped: 0 });
  });
});
