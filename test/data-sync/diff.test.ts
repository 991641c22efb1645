// data:diff finds the rows that differ between two databases, whatever their tables are like.
import { expect, test } from 'vitest';
import { dataDiff } from '../../lib/commands/data-diff.ts';
import { contextOf } from '../copy/cloning.ts';
import { ways, withPair } from '../copy/ways.ts';
import { rowsOf } from '../servers/databases.ts';

test.each(ways)('missing, changed and extra rows of one table: $name', async ({ from, to }) => {
  await withPair(from, to, async (source, target) => {
    for (const { url } of [source, target])
      await rowsOf(
        url,
        `create table t (id int primary key, name text, at timestamptz default '2026-01-01');
         insert into t select n, 'row ' || n from generate_series(1, 5000) n; analyze`,
      );
    await rowsOf(source.url, `update t set name = 'Row 7' where id = 7; insert into t values (9001, null)`);
    await rowsOf(target.url, `delete from t where id in (3, 4); insert into t values (-5, 'x')`);
    const report = await dataDiff(contextOf(source.url, target.url), { from: 'source', to: 'target' });
    expect(report.tables).toEqual([
      {
        name: 'public.t',
        source: 'public.t',
        key: 'primary key (id)',
        rows: { from: 5001, to: 4999 },
        missing: 3,
        changed: 1,
        extra: 1,
        same: 4997,
      },
    ]);
    expect(report.isSame).toBe(false);
  });
});
