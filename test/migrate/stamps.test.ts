// What migrations lose is judged again: a stamp that an older version wrote is not trusted.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { rollback } from '../../lib/commands/rollback.ts';
import { sync } from '../../lib/commands/sync.ts';
import { verify } from '../../lib/commands/verify.ts';
import { repair } from '../../lib/commands/verify-repair.ts';
import { type Header, renderMigration } from '../../lib/migration/text.ts';
import { makeMigrationFile } from '../../lib/project/migration-folder.ts';
import { rollbackText, syncPlanText } from '../../lib/report/migrations.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { migrationsOf, type Project, withProject } from '../project/project.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

let cache: string;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));

const scene = (work: (own: Project, rows: (sql: string) => Promise<unknown[]>) => Promise<void>) =>
  withDatabase(anyServer(), ({ url }) =>
    withProject(url, cache, (own) => work(own, (sql) => rowsOf(url, sql))),
  );

const table = (type: string) => `create table t (id int primary key, amount ${type});`;

/** The last migration with another stamp, as an older version wrote it. */
async function restamp(own: Project, down: Header['down']): Promise<void> {
  const { migration, file } = (await migrationsOf(own)).at(-1) ?? expect.unreachable();
  const header = { ...(migration.header as Header), down };
  const text = renderMigration({ ...migration, header });
  own.write(
    file.replace(/^migrations\//, ''),
    makeMigrationFile(own.context.project, migration.name, text).text,
  );
}

const stampFaults = async (own: Project) =>
  (await verify(own.context)).checks.find(({ is }) => is === 'stamps')?.faults;

test('a loss that is stamped exact is refused, told and found', () =>
  scene(async (own, rows) => {
    own.want(table('numeric(12,4)'));
    await sync(own.context, { yes: true }, undefined);
    await rows('insert into t values (1, 1.2345), (2, 2.5)');
    own.want(table('numeric(8,2)'));
    await generate(own.context);
    await restamp(own, { is: 'exact' });
    const refused = await failure(sync(own.context, { yes: true }, undefined));
    expect(refused.code).toBe('data_loss_refused');
    const words = 'a value of amount that changes from numeric(12,4) to numeric(8,2)';
    expect(JSON.stringify(refused.data)).toContain(`1 of 2 rows of t has ${words}, for example id = 1`);
    expect(await rows('select amount::text from t where id = 1')).toEqual([{ amount: '1.2345' }]);
    let shown = '';
    await sync(own.context, { force: true }, async (plan) => {
      shown = syncPlanText(plan, { width: 80, uncut: true, colour: false, now: new Date(0) });
      return true;
    });
    expect(shown).toContain('Caution: changes values for good:\n  ALTER TABLE public.t ALTER COLUMN amount');
    expect(shown).toContain(`Rows whose values change:\n  1 of 2 rows of t has ${words}`);
    expect(await stampFaults(own)).toEqual([expect.stringContaining(words)]);
    const undone = await rollback(own.context, { yes: true }, undefined);
    expect(undone.undone[0]?.down).toEqual({ is: 'lossy', what: expect.stringContaining(words) });
    expect(rollbackText(undone)).toContain(`Not restored: ALTER TABLE public.t ALTER COLUMN amount`);
    await sync(own.context, { yes: true, force: true }, undefined);
    const file = own.files().at(-1) as string;
    own.write(file, own.read(file).replace('-- Down: exact', '-- Down: lossy (fractions)'));
    await repair(own.context, { yes: true }, undefined);
    expect(await verify(own.context)).toMatchObject({ sound: true });
  }));

test('what is exact is undone without a question', () =>
  scene(async (own, rows) => {
    own.want(table('int'));
    await sync(own.context, { yes: true }, undefined);
    await rows('insert into t values (1, 7)');
    own.want(table('bigint'));
    await sync(own.context, { yes: true }, undefined);
    expect(await stampFaults(own)).toEqual([]);
    const undone = await rollback(own.context, { yes: true }, undefined);
    expect(undone.undone[0]?.down).toEqual({ is: 'exact' });
  }));

test('what pending migrations lose between them is not hidden by their ends', () =>
  scene(async (own, rows) => {
    own.want(table('numeric(12,4)'));
    await sync(own.context, { yes: true }, undefined);
    await rows('insert into t values (1, 1.2345)');
    for (const type of ['numeric(8,2)', 'numeric(12,4)']) {
      own.want(table(type));
      await generate(own.context);
    }
    const refused = await failure(sync(own.context, { yes: true }, undefined));
    expect(refused.code).toBe('data_loss_refused');
    expect(JSON.stringify(refused.data)).toContain('from numeric(12,4) to numeric(8,2)');
  }));

test('what pending migrations make and take away themselves has no rows to lose', () =>
  scene(async (own) => {
    own.want(table('int'));
    await sync(own.context, { yes: true }, undefined);
    for (const columns of ['int, note text', 'int, note varchar(3)', 'int']) {
      own.want(table(columns));
      await generate(own.context);
    }
    expect((await sync(own.context, { yes: true }, undefined)).applied).toHaveLength(3);
  }));

test('a USING that was written by hand may make anything of a value', () =>
  scene(async (own) => {
    own.want(table('int'));
    await sync(own.context, { yes: true }, undefined);
    const empty = await generate(own.context, { name: 'by hand', empty: true });
    const name = (empty.written[0]?.file ?? '').replace(/^migrations\//, '');
    const down = '\n-- Down Migration\nalter table t alter amount type int;\n';
    own.want(table('bigint'));
    const written = async (using: string) => {
      own.write(
        name,
        `-- Up Migration\nalter table t alter amount type bigint` +
          ` using${using.startsWith('(') ? '' : ' '}${using};\n${down}`,
      );
      return (await generate(own.context)).written[0]?.down?.is;
    };
    for (const using of [
      'greatest(amount, 0)',
      '(amount / 100)',
      'amount::smallint',
      '(amount::text)::bigint',
      'id::bigint',
    ]) {
      expect([using, await written(using)]).toEqual([using, 'lossy']);
      expect((await failure(sync(own.context, { yes: true }, undefined))).code).toBe('data_loss_refused');
    }
    expect(await written('amount::bigint')).toBe('exact');
  }));

test('what is undone loses nothing unasked between its ends', () =>
  scene(async (own, rows) => {
    for (const type of ['numeric(12,4)', 'numeric(8,2)', 'numeric(12,4)']) {
      own.want(table(type));
      await sync(own.context, { yes: true, force: true }, undefined);
    }
    await rows('insert into t values (1, 1.2345)');
    const version = own.files()[0]?.split('_')[0];
    const refused = await failure(rollback(own.context, { yes: true, version }, undefined));
    expect(refused.code).toBe('data_loss_refused');
    expect(JSON.stringify(refused.data)).toContain('from numeric(12,4) to numeric(8,2)');
    expect(await rows('select amount::text from t')).toEqual([{ amount: '1.2345' }]);
    await rollback(own.context, { yes: true, force: true, version }, undefined);
    expect(await rows('select amount::text from t')).toEqual([{ amount: '1.2300' }]);
  }));

test('a way back that was written by hand loses nothing unasked', () =>
  scene(async (own, rows) => {
    own.want(table('int'));
    await sync(own.context, { yes: true }, undefined);
    const empty = await generate(own.context, { name: 'by hand', empty: true });
    const up = 'alter table t alter amount type bigint;';
    const down = 'alter table t alter amount type int using id;';
    const file = (empty.written[0]?.file ?? '').replace(/^migrations\//, '');
    own.write(file, `-- Up Migration\n${up}\n-- Down Migration\n${down}\n`);
    own.want(table('bigint'));
    await sync(own.context, { yes: true, force: true }, undefined);
    await rows('insert into t values (1, 7)');
    const refused = await failure(rollback(own.context, { yes: true }, undefined));
    expect(refused.data).toMatchObject({ losses: [`${down.slice(0, -1)} (t: rows not counted)`] });
    expect(await rows('select amount from t')).toEqual([{ amount: '7' }]);
  }));

const whole = 'create table t (id int primary key, amount int)';
test.each([
  ['a column', 'alter table t drop column amount', 'alter table t add amount int'],
  ['a column, in one statement', 'alter table t drop amount, add amount int', 'select 1'],
  ['a table', 'drop table if exists public."t"', whole],
])('%s that is dropped and there again has lost its values', (_, drop, make) =>
  scene(async (own, rows) => {
    own.want(`${whole};`);
    await sync(own.context, { yes: true }, undefined);
    await rows('insert into t values (1, 7)');
    const empty = await generate(own.context, { name: 'by hand', empty: true });
    const file = (empty.written[0]?.file ?? '').replace(/^migrations\//, '');
    const text = `${drop};\n${make};`;
    own.write(file, `-- Up Migration\n${text}\n-- Down Migration\n${text}\n`);
    const refused = await failure(sync(own.context, { yes: true }, undefined));
    expect(refused.data).toMatchObject({ losses: [`${drop} (t: rows not counted)`] });
    await sync(own.context, { yes: true, force: true }, undefined);
    expect((await migrationsOf(own)).at(-1)?.migration.header?.down.is).toBe('lossy');
    await rows('delete from t; insert into t values (1, 7)');
    expect((await failure(rollback(own.context, { yes: true }, undefined))).data).toMatchObject({
      losses: [`${drop} (t: rows not counted)`],
    });
    expect(await rows('select amount from t')).toEqual([{ amount: 7 }]);
  }),
);

// What a file says, and what of it loses rows or values of `t (id, amount)`.
const writes: [string, string, boolean][] = [
  ['DELETE', 'delete from t where id = 1', true],
  ['TRUNCATE', 'truncate only public.t', true],
  ['UPDATE', 'update t as x set id = 2, amount = 0 where id = 1', true],
  ['a DELETE in WITH', 'with gone as (delete from t returning id) select count(*) from gone', true],
  ['a DELETE in a DO block', 'do $$ begin delete from public.t; end $$', true],
  ['MERGE', 'merge into t using (select 1 as id) s on t.id = s.id when matched then delete', true],
  ['an upsert', 'insert into t values (1, 0) on conflict (id) do update set amount = 0', true],
  ['an UPDATE of a new column', 'alter table t add n int; update t set n = amount', false],
  ['an UPDATE of what is NULL', 'update t set amount = 0 where amount is null', false],
  ['INSERT', 'insert into t values (2, 0)', false],
  ['a DELETE from a new table', 'create table u (id int); delete from u', false],
];

test.each(writes)('%s that is written by hand needs --force where it loses', (_, sql, loses) =>
  scene(async (own, rows) => {
    own.want(`${whole};`);
    await sync(own.context, { yes: true }, undefined);
    await rows('insert into t values (1, 7)');
    const empty = await generate(own.context, { name: 'by hand', empty: true });
    const file = (empty.written[0]?.file ?? '').replace(/^migrations\//, '');
    own.write(file, `-- Up Migration\n-- delete from t\n${sql};\n-- Down Migration\nselect 1;\n`);
    const [made = ''] = /^(alter|create) table .*?;/.exec(sql) ?? [];
    own.want(`${whole};${made}`);
    const works = sync(own.context, { yes: true }, undefined);
    if (!loses) {
      await works;
      return;
    }
    expect((await failure(works)).data).toMatchObject({ losses: [`${sql} (t: rows not counted)`] });
    expect(await rows('select amount from t')).toEqual([{ amount: 7 }]);
    await sync(own.context, { yes: true, force: true }, undefined);
  }),
);

test('a DELETE of old migrations is not a loss in a database that has yet to be made', () =>
  scene(async (own) => {
    own.want(`${whole};`);
    await generate(own.context, {});
    const empty = await generate(own.context, { name: 'by hand', empty: true });
    const file = (empty.written[0]?.file ?? '').replace(/^migrations\//, '');
    own.write(file, '-- Up Migration\ndelete from t;\n-- Down Migration\ndelete from t;\n');
    await sync(own.context, { yes: true }, undefined);
    const refused = await failure(rollback(own.context, { yes: true }, undefined));
    expect(refused.data).toMatchObject({ losses: ['delete from t (t: no rows)'] });
  }));
