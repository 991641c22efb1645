// data:sync makes the rows of a target equal to those of its source.
import { expect, test } from 'vitest';
import { ways } from '../copy/ways.ts';
import { rowsOf } from '../servers/databases.ts';
import { listChanges, withSynced } from './syncing.ts';

const thousand = `create table t (id int primary key, name text, at timestamptz default '2026-01-01');
  insert into t select n, 'row ' || n from generate_series(1, 5000) n; analyze`;

test.each(ways)('inserts, updates and deletes rows, and leaves equal ones alone: $name', async (way) => {
  await withSynced(
    {
      way,
      both: thousand,
      source: `update t set name = 'Row 7' where id = 7; insert into t values (9001, null)`,
      target: `delete from t where id in (3, 4); insert into t values (-5, 'x')`,
    },
    async ({ source, target, sync }) => {
      const places = `select count(*)::int as n, sum(hashtext(xmin::text || ctid::text))::text as h from t where id between 10 and 5000`;
      const before = await rowsOf(target.url, places);
      const report = await sync();
      expect(listChanges(report)).toEqual({ 'public.t': '3/1/1' });
      expect(report.run).toMatchObject({ skipped: 0, sideEffects: [], validation: 'full', unrecorded: null });
      expect(await rowsOf(target.url, places)).toEqual(before);
      const all = 'select * from t order by id';
      expect(await rowsOf(target.url, all)).toEqual(await rowsOf(source.url, all));
      expect(listChanges(await sync())).toEqual({});
    },
  );
});

test('the time grows with the changes, not with their square', async () => {
  const both = `create table t (id int primary key, v int); insert into t select n, n from generate_series(1, 32000) n;
    analyze`;
  const source = 'delete from t where id % 4 = 0; update t set v = -v';
  await withSynced({ both, source, input: { force: true } }, async ({ sync }) => {
    const report = await sync();
    expect(listChanges(report)).toEqual({ 'public.t': '0/24000/8000' });
    // Comparing each with each takes a minute.
    expect(report.durationMs).toBeLessThan(25_000);
  });
});
