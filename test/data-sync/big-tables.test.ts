// Tables whose buckets are parted again, and whose source is read once.
import pg from 'pg';
import { expect, test } from 'vitest';
import { rowsOf } from '../servers/databases.ts';
import { compared } from './comparing.ts';
import { waitsForLock, withSynced } from './syncing.ts';

const rows = 250_000;
const filled = (key: string) => `create table t (${key}, n int, v text);
  insert into t select n, n, 'row ' || n from generate_series(1, ${rows}) n; analyze t`;

// Most buckets differ, and few of their rows.
const spread = `update t set v = 'new' where n % 101 = 0; delete from t where n % 15101 = 3;
  insert into t select ${rows} + n, ${rows} + n, 'x' from generate_series(1, 300) n`;
const counts = {
  changed: Math.floor(rows / 101),
  extra: Math.floor((rows - 3) / 15_101) + 1,
  missing: 300,
};

test.each(['id bigint primary key', 'id text primary key'])(
  'changes that are spread over a big table are all found: %s',
  async (key) => {
    const { tables } = await compared({ both: filled(key), source: spread });
    expect(tables).toMatchObject([{ ...counts, rows: { from: rows - counts.extra + 300, to: rows } }]);
  },
);

// Some parts have rows of the target alone.
test('rows that only the target has are found in parts of their own', async () => {
  const { changed, extra, missing } = counts;
  const { tables } = await compared({ both: filled('id bigint primary key'), target: spread });
  expect(tables).toMatchObject([{ changed, extra: missing, missing: extra }]);
});

test('without a key, a changed row is a missing and an extra one', async () => {
  const { changed, extra, missing } = counts;
  const { tables } = await compared({ both: filled('id bigint'), source: spread });
  expect(tables).toMatchObject([{ changed: 0, extra: extra + changed, missing: missing + changed }]);
});

// The second comparison keeps the source's hashes of the first, by ranges of keys that this one is outside.
test('a key that another session inserts far from all others waits for the next run', async () => {
  const wanted = rows + 1;
  const source = `insert into t values (${wanted}, 0, 'new')`;
  await withSynced({ both: filled('id bigint primary key'), source }, async ({ target, sync }) => {
    const other = new pg.Client(target.url);
    await other.connect();
    await other.query(`begin; insert into t values (${wanted}, 0, 'mine'), (9000000000000000000, 0, 'far')`);
    const syncing = sync();
    await waitsForLock(target.url);
    await other.query('commit');
    await other.end();
    const { run } = await syncing;
    expect(run).toMatchObject({ inserted: 0, deleted: 0, skipped: 2, validation: 'full' });
    expect(run?.tables).toMatchObject([{ validated: { from: rows + 1, to: rows + 2 } }]);
    expect((await sync()).run).toMatchObject({ updated: 1, deleted: 1, skipped: 0 });
    expect(await rowsOf(target.url, 'select v from t where id > 250000')).toEqual([{ v: 'new' }]);
  });
});
