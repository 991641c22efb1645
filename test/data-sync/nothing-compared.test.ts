// Databases without a table in common: there is nothing that could be equal.
import { expect, test } from 'vitest';
import { dataDiff } from '../../lib/commands/data-diff.ts';
import { dataVerify } from '../../lib/commands/data-verify.ts';
import { contextOf } from '../copy/cloning.ts';
import { newest, withPair } from '../copy/ways.ts';
import { rowsOf } from '../servers/databases.ts';

test('databases without a table in common are not the same', async () => {
  await withPair(newest, newest, async (here, there) => {
    await rowsOf(here.url, 'create table a (id int primary key)');
    await rowsOf(there.url, 'create table b (id int primary key)');
    const [workspace, ends] = [contextOf(here.url, there.url), { from: 'source', to: 'target' }];
    const reports = [await dataDiff(workspace, ends), await dataVerify(workspace, ends)];
    expect(reports.map(({ tables, isSame }) => [tables.length, isSame])).toEqual([
      [0, false],
      [0, false],
    ]);
  });
});
