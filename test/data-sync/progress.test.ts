// The progress of a comparison: its total is the rows of both sides as soon as they are counted.
import { expect, test } from 'vitest';
import { dataDiff } from '../../lib/commands/data-diff.ts';
import { dataVerify } from '../../lib/commands/data-verify.ts';
import { readShape } from '../../lib/data-sync/read-shapes.ts';
import type { CopyProgress } from '../../lib/flow/progress.ts';
import { snapshot } from '../../lib/pg/snapshot.ts';
import { contextOf } from '../copy/cloning.ts';
import { newest, withPair } from '../copy/ways.ts';
import { withSession } from '../proof/session.ts';
import { rowsOf } from '../servers/databases.ts';

// Rows of 500 bytes, of which a guess by their size is five times too many.
const table = (name: string) => `create table ${name} (id int primary key, note text)
  with (autovacuum_enabled = false)`;
const fill = (name: string, count: number) =>
  `insert into ${name} select n, repeat('x', 470) from generate_series(1, ${count}) n`;

test('ends at the number of rows that there are', async () => {
  await withPair(newest, newest, async (source, target) => {
    const tables = ['big', 'equal', 'little', 'same'].map(table).join('; ');
    for (const { url } of [source, target])
      await rowsOf(url, `${tables}; ${fill('equal', 25_000)}; ${fill('same', 20)}; analyze equal`);
    await rowsOf(source.url, `${fill('big', 25_000)}; ${fill('little', 100)}`);
    // Its last ANALYZE is old.
    await rowsOf(target.url, `${fill('big', 25_000)}; analyze big; delete from big where id > 10`);
    let time = 0;
    const paces: CopyProgress[] = [];
    const context = contextOf(source.url, target.url, {
      now: () => {
        time += 1000;
        return new Date(time);
      },
      pace: (one) => void paces.push(one),
    });
    const ends = { from: 'source', to: 'target', jobs: 2 };
    const all = 25_000 + 10 + 50_000 + 100 + 40;
    for (const compare of [dataDiff, dataVerify]) {
      paces.length = 0;
      await compare(context, ends);
      expect(paces.at(-1)?.all).toEqual({ done: all, of: all });
      for (const name of ['public.big', 'public.little'])
        expect(paces.filter((one) => one.name === name).at(-1)?.own).toEqual(
          name === 'public.big' ? { done: 25_010, of: 25_010 } : { done: 100, of: 100 },
        );
    }
  });
});

test('begins with the rows that the server has counted', async () => {
  await withPair(newest, newest, async ({ url }) => {
    await rowsOf(url, `${table('t')}; ${fill('t', 2_000)}; select pg_stat_force_next_flush()`);
    const rowsNow = () =>
      withSession(url, async (session) => (await snapshot(session, readShape)).tables.get('public.t')?.rows);
    await expect.poll(rowsNow).toBe(2_000);
    await rowsOf(url, 'delete from t; select pg_stat_force_next_flush()');
    await expect.poll(rowsNow).toBe(0);
    await rowsOf(url, 'vacuum analyze t');
    await rowsOf(url, fill('t', 10));
    await expect.poll(rowsNow).toBe(10);
  });
});
