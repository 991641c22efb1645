// A refusal names the tables that lose data with their rows, also for statements that a user wrote.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rollback } from '../../lib/commands/rollback.ts';
import { sync } from '../../lib/commands/sync.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import type { Members } from '../project/workspace.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

let cache: string;
beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));

const yes = { yes: true };
const force = { ...yes, force: true };
const tables =
  'create schema app; create table t (a int, b int); create table app."Odd" (a int);' +
  'create table twice (a int); create table app.twice (a int);';

async function scene(
  work: (own: Project, rows: (sql: string) => Promise<unknown>) => Promise<void>,
  more: Members = {},
) {
  await withDatabase(anyServer(), async ({ url }) => {
    const own = project(url, cache, () => more);
    own.want(tables);
    await sync(own.context, yes, undefined);
    const fill =
      'insert into t select i, i from generate_series(1, 5000) i; insert into app."Odd" values (1);' +
      'insert into twice values (1), (2), (3)';
    await rowsOf(url, `${fill}; analyze t, app."Odd", twice`);
    await work(own, (sql) => rowsOf(url, sql));
    own.drop();
  });
}

const lossesOf = async (work: Promise<unknown>) => {
  const { code, data } = await failure(work);
  expect(code).toBe('data_loss_refused');
  return (data as { readonly losses: readonly string[] }).losses;
};

test.each([
  ['delete from t', 't: about 5,000 rows'],
  ['truncate public.t, app."Odd"', 't: about 5,000 rows; app."Odd": about 1 row'],
  ['update t set b = a + 1', 't: about 5,000 rows'],
  ['delete from t using app."Odd" o where o.a = t.a', 't: about 5,000 rows'],
])('%s', (sql, sizes) =>
  scene(async (own) => {
    own.write('20270101000000000_by_hand.sql', `-- Up Migration\n${sql};\n-- Down Migration\n${sql};\n`);
    expect(await lossesOf(sync(own.context, yes, undefined))).toEqual([`${sql} (${sizes})`]);
  }),
);

test('a name that may mean either of two tables gets no count', () =>
  scene(async (own) => {
    const sql = 'set search_path = app; delete from twice';
    own.write('20270101000000000_by_hand.sql', `-- Up Migration\n${sql};\n-- Down Migration\n`);
    expect(await lossesOf(sync(own.context, yes, undefined))).toEqual(['delete from twice']);
  }));

const exchange = 'alter table t rename to former;\nalter table public.twice rename to t';

test.each([
  [
    'rows of a table that takes the name of another one',
    `${exchange};\ndelete from t`,
    'twice: about 3 rows',
  ],
  ['rows of the other one', `${exchange};\ndelete from public.former`, 't: about 5,000 rows'],
  ['rows that go before the names', `delete from t;\n${exchange}`, 't: about 5,000 rows'],
  ['a new table under the old name', 'alter table t rename to u;\ncreate table t ();\ndelete from t', null],
])('%s', (_, sql, size) =>
  scene(async (own) => {
    own.write('20270101000000000_by_hand.sql', `-- Up Migration\n${sql};\n-- Down Migration\n`);
    const [line] = /delete from [\w.]+/.exec(sql) ?? [];
    expect(await lossesOf(sync(own.context, yes, undefined))).toContain(
      size === null ? line : `${line} (${size})`,
    );
  }),
);

test('columns of tables that take the names of others, and a policy', () =>
  scene(
    async (own) => {
      // The schema does not want the table under its new name, which is dropped first.
      const sql = `${exchange};\nalter table former drop column b;\nalter table t drop column a`;
      own.write('20270101000000000_by_hand.sql', `-- Up Migration\n${sql};\n-- Down Migration\n`);
      const { code, data } = await failure(sync(own.context, force, undefined));
      expect(code).toBe('policy_denied');
      const { statements } = data as { readonly statements: readonly string[] };
      expect(statements.map((one) => /\((.*):/.exec(one)?.[1])).toEqual(['t', 't', 'twice']);
    },
    { policy: { deletes_data: 'deny' } },
  ));

test('a way down that a user wrote', () =>
  scene(async (own) => {
    own.write(
      '20270101000000000_by_hand.sql',
      '-- Up Migration\nselect 1;\n-- Down Migration\ndelete from t;\n',
    );
    await sync(own.context, yes, undefined);
    expect(await lossesOf(rollback(own.context, yes, undefined))).toEqual([
      'delete from t (t: about 5,000 rows)',
    ]);
  }));

test('a migration that failed half-way', () =>
  scene(async (own) => {
    own.want(tables.replace(', b int', ''));
    own.write(
      '20270101000000000_by_hand.sql',
      '-- Transaction: none\n-- Up Migration\ncreate table half ();\nselect 1 / (count(*) - 5000) from t;\n' +
        'drop table half;\nalter table t drop column b;\n-- Down Migration\nalter table t add b int;\n',
    );
    expect((await failure(sync(own.context, force, undefined))).code).toBe('broke_off');
    const [drop, ...more] = await lossesOf(sync(own.context, yes, undefined));
    expect([drop, more.length]).toEqual([expect.stringMatching(/DROP COLUMN b .*5,000 rows/), 1]);
    expect(more[0]).toBe('DROP TABLE public.half (half: no rows)');
  }));
