// data:diff finds the rows that differ between two databases, whatever their tables are like.
import { expect, test } from 'vitest';
import { dataDiff } from '../../lib/commands/data-diff.ts';
import { contextOf, more } from '../copy/cloning.ts';
import { ways, withPair } from '../copy/ways.ts';
import { everything } from '../flow/everything.ts';
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
        unmapped: 0,
      },
    ]);
    expect(report.isSame).toBe(false);
  });
});

test.each(ways)(
  'a database with everything is equal to itself, and loses a row in each table: $name',
  async ({ from, to }) => {
    await withPair(from, to, async (source, target) => {
      for (const { url } of [source, target]) {
        // Each side has written its own time.
        const alike = `drop rule away on notes; set session_replication_role = replica; update notes set at = '2026-01-01'`;
        await rowsOf(url, `${everything}; ${more}; ${alike}`);
      }
      const workspace = contextOf(source.url, target.url);
      const input = { from: 'source', to: 'target' };
      const before = await dataDiff(workspace, input);
      expect(before.tables.filter(({ missing, changed, extra }) => missing + changed + extra > 0)).toEqual(
        [],
      );
      expect(before.notes.filter(({ forbids }) => forbids === 'comparing')).toEqual([]);
      const filled = before.tables.filter(({ rows }) => rows.to > 0);
      expect(filled.length).toBeGreaterThan(5);
      for (const { name } of filled)
        await rowsOf(
          target.url,
          `set session_replication_role = replica; delete from only ${name} where ctid = (select min(ctid) from only ${name})`,
        );
      const after = await dataDiff(workspace, input);
      for (const { name, missing, rows } of after.tables.filter((one) => one.rows.to < one.rows.from))
        expect([name, missing]).toEqual([name, rows.from - rows.to]);
      expect(after.tables.filter(({ missing }) => missing > 0).length).toBeGreaterThan(5);
    });
  },
);
