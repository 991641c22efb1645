// Foreign keys to tables that pgmage does not manage, held against the rows of a database.
import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { difference } from '../../lib/commands/diff.ts';
import { generate } from '../../lib/commands/generate.ts';
import { sync } from '../../lib/commands/sync.ts';
import { failure } from '../failure.ts';
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

const keyed = orders.replace('plan int', 'plan int references shared.plans');
const ignored = () => ({ ignore: { schemas: ['sha*'], objects: [] } });
const advice =
  ' Name the schema in `external` instead, with the SQL that creates it:' +
  " external: { shared: 'shared.sql' }";

test.each([
  ['a key', `${plans} ${keyed}`, 'CONSTRAINT orders_plan_fkey ON orders needs TABLE shared.plans.'],
  [
    'a view',
    `${plans} ${orders} create view v as select id from shared.plans;`,
    'VIEW v needs TABLE shared.plans.',
  ],
  ['a key, where the schema file has not its table', keyed, 'this statement needs it.'],
])('%s into an ignored schema is refused with what needs it', async (_, wanted, needs) => {
  await withDatabase(anyServer(), async ({ url }) => {
    const made = project(url, cache, ignored);
    const other = project(url, cache, (root) => ({ external: { shared: join(root, 'shared.sql') } }));
    try {
      await rowsOf(url, plans);
      made.want(wanted);
      for (const work of [() => generate(made.context), () => sync(made.context, { yes: true }, undefined)]) {
        const { code, message } = await failure(work());
        expect([code, message]).toEqual([
          'bad_config',
          expect.stringContaining(`the schema shared, but ${needs}`),
        ]);
        expect(message).toContain(advice);
      }
      // As it says.
      writeFileSync(join(other.context.project.root, 'shared.sql'), plans);
      other.want(wanted.replace(plans, ''));
      expect((await sync(other.context, { yes: true }, undefined)).applied).toHaveLength(1);
    } finally {
      made.drop();
      other.drop();
    }
  });
});

test('an object that is missing for another reason is told as before', async () => {
  const made = project(null, cache, ignored);
  made.want('create table t (a int references nowhere.plans);');
  expect((await failure(generate(made.context))).code).toBe('missing_object');
  made.drop();
});
