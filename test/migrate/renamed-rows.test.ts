// Checks of columns that take the name of another column of the table.
import { expect, test } from 'vitest';
import { countRows, type RowAnswer } from '../../lib/migrate/row-counts.ts';
import type { RowTest } from '../../lib/model/row-check.ts';
import { connect } from '../../lib/pg/connect.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

const ints = { value: 't.b::int', type: 'int4' };
const dropped = { b: 'a' };
const swapped = { a: 'b', b: 'a' };
const none = { found: 0, total: 0, sample: null };
const one = (sample: string) => ({ found: 1, total: 2, sample });

const cases: readonly (readonly [string, Record<string, string>, RowTest, RowAnswer])[] = [
  ['values of a column whose name is free again', dropped, ints, none],
  ['rows of a column whose name is free again', dropped, { where: `t.b = '2'` }, one('id = 2')],
  ['values of columns that exchange names', swapped, ints, none],
  ['values of the other one', swapped, { value: 't.a::int', type: 'int4' }, one('id = 1')],
  ['rows of columns that exchange names', swapped, { where: `t.a = 'no'` }, one('id = 1')],
  ['keys of columns that exchange names', { id: 'a', a: 'id' }, { where: 't.a = 2' }, one('id = 2')],
  ['a key whose name is free again', { id: 'a' }, { where: `t.id = '2'` }, { ...one(''), sample: null }],
];

test.each(cases)('%s', async (_, renamed, rowTest, answer) => {
  await withDatabase(anyServer(), async ({ url }) => {
    await rowsOf(url, `create table x (id int primary key, a text, b text)`);
    await rowsOf(url, `insert into x values (1, '1', 'no'), (2, '2', '3')`);
    const connection = await connect({ url, applicationName: 'pgmage tests' });
    const check = {
      outcome: 'fails',
      table: 'table:public.x',
      reads: [],
      test: rowTest,
      words: '',
      values: [],
      code: false,
    } as const;
    const place = { path: ['public', 'x'], others: [], renamed: new Map(Object.entries(renamed)) };
    try {
      expect(await countRows(connection, check, place, { trusted: false, lockTimeout: 1000 })).toEqual(
        answer,
      );
    } finally {
      await connection.close();
    }
  });
});
