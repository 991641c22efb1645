// Foreign keys to tables that pgmage does not manage, held against the rows of a database.
import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { difference } from '../../lib/commands/diff.ts';
import { sync } from '../../lib/commands/sync.ts';
import { freshCache } from '../project/cache.ts';
import { project } from '../project/project.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

let cache: string;
beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));

const plans = 'create schema shared; create table shared.plans (id int primary key);';
const orders = 'create table orders (id int primary key, plan int);';

test.each([
  ['external', '', (root: string) => ({ external: { shared: join(root, 'shared.sql') } })],
  ['ignored', plans, () => ({ ignore: { schemas: ['shared'], objects: [] } })],
])('a foreign key to a table of an %s schema is held against its rows', async (_, own, more) => {
  await withDatabase(anyServer(), async ({ url }) => {
    const made = project(url, cache, more);
    try {
      writeFileSync(join(made.context.project.root, 'shared.sql'), plans);
      made.want(`${own} ${orders}`);
      await rowsOf(url, `${plans} insert into shared.plans values (1)`);
      await sync(made.context, { yes: true }, undefined);
      await rowsOf(url, 'insert into orders values (10, 1), (11, 2), (12, null)');
      made.want(`${own} ${orders.replace('plan int', 'plan int references shared.plans')}`);
      const finding = {
        words: 'a plan that matches no id of shared.plans',
        answer: { found: 1, total: 3, sample: 'id = 11' },
      };
      expect((await difference(made.context)).findings).toMatchObject([finding]);
      await rowsOf(url, 'delete from orders where id = 11');
      expect((await difference(made.context)).findings).toEqual([]);
    } finally {
      made.drop();
    }
  });
});
