// What a file makes itself and that has the rows of older tables all the same.
import { expect, test } from 'vitest';
import { lintFiles } from '../../lib/lint/lint.ts';

const fileOf = (text: string, file = 'a.sql') =>
  ({ file, text, is: 'migration', transactional: false }) as const;

/** The rules over rows that flag the table. */
async function flags(...texts: readonly string[]): Promise<string[]> {
  const files = texts.map((text, at) => fileOf(text, `${at}.sql`));
  const found = await lintFiles(files, {}, true);
  return found
    .map(({ rule }) => rule)
    .filter((rule) => /^(delete_rows|overwrite_values|truncate)$/.test(rule))
    .sort();
}

const losing = 'update orders set note = null; delete from orders; truncate orders;';
const all = ['delete_rows', 'overwrite_values', 'truncate'];
const parted = 'create table made (note text) partition by list (note);';
const renamed = 'alter table orders rename to older; alter table made rename to orders;';

test.each([
  ['as a partition', `${parted} ${renamed} alter table orders attach partition older default;`],
  [
    'below a new partition',
    `${parted} create table mid partition of made default partition by list (note); ${renamed}
     alter table mid attach partition older default;`,
  ],
  [
    'below a new partition that is attached first',
    `${parted} create table mid (note text) partition by list (note); ${renamed}
     alter table orders attach partition mid default; alter table mid rename to middle;
     alter table middle attach partition older default;`,
  ],
  ['as an heir', `create table made (note text); ${renamed} alter table older inherit orders;`],
  ['in a view', 'create view orders as select * from older;'],
  ['in a foreign table', 'create foreign table orders (note text) server s;'],
])('a new table that has old rows %s loses them', async (_, sql) => {
  expect(await flags(sql + losing)).toEqual(all);
  expect(await flags(sql, losing)).toEqual(all);
});

test('a column that is new above an old part is not new there', async () => {
  const sql = `alter table orders add column note text; update orders set note = null;`;
  expect(await flags(sql)).toEqual([]);
  const old = 'alter table orders attach partition older default; update orders set note = null;';
  expect(await flags(sql + old)).toEqual(['overwrite_values']);
});

test('new parts of a new table have no old rows', async () => {
  const sql = `${parted} create table part (note text); alter table made attach partition part default;`;
  expect(await flags(`${sql} alter table made rename to orders; ${losing}`)).toEqual([]);
});

test.each([
  ['SET', 'set search_path = staging; create table orders (note text); set search_path = public;'],
  ['RESET', 'set search_path = staging; create table orders (note text); reset search_path;'],
  ['RESET ALL', 'set search_path = staging; create table orders (note text); reset all;'],
  ['DISCARD ALL', 'set search_path = staging; create table orders (note text); discard all;'],
  ['COMMIT', 'begin; set local search_path = staging; create table orders (note text); commit;'],
  ['set_config', `create table orders (note text); select set_config('search_path', 'staging', false);`],
  ['a block', 'create table orders (note text); do $$ begin set search_path = staging; end $$;'],
  ['ROLLBACK', 'begin; create table orders (note text); rollback;'],
])('after %s, a name without a schema is that of another table', async (_, sql) => {
  expect(await flags(sql + losing)).toEqual(all);
});

test('a search_path is over with its file, and public is not the schema that it leads to', async () => {
  const made = 'set search_path = staging; create table orders (note text);';
  expect(await flags(made, losing)).toEqual(all);
  expect(await flags(`${made} update public.orders set note = null;`)).toEqual(['overwrite_values']);
  const other = 'set search_path = staging; create table public.orders (note text);';
  expect(await flags(`${other} ${losing}`)).toEqual(all);
  const schemas =
    'create table a.orders (note text); alter schema a rename to c; alter schema b rename to a;';
  expect(await flags(`${schemas} delete from a.orders;`)).toEqual(['delete_rows']);
  expect(await flags(`${schemas} delete from c.orders;`)).toEqual([]);
});

test.each([
  'set search_path = staging;',
  `set search_path = '$user', public;`,
  'set search_path = public, extensions;',
  `select pg_catalog.set_config('search_path', '', false);`,
])('under %s the tables of the file are new', async (path) => {
  expect(await flags(`${path} create table orders (note text); ${losing}`)).toEqual([]);
});

test('with the path of a dump, names with a schema are new', async () => {
  const path = `select pg_catalog.set_config('search_path', '', false);`;
  const sql = `${path} create table public.orders (note text); truncate public.orders;`;
  expect(await flags(sql)).toEqual([]);
});
