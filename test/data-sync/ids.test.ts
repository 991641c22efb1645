// Rows whose ids are other ones in the target: compared by the ids that they have in the source.
import { expect, test } from 'vitest';
import { ways } from '../copy/ways.ts';
import { failure } from '../failure.ts';
import { type Compared, compared, listCounts, listNotes } from './comparing.ts';
import { data, legacy, modern } from './ids-scene.ts';

const shop: Compared = { source: legacy, target: modern, data };
const same = { 'public.companies': '0/0/0', 'public.users': '0/0/0', 'public.orders': '0/0/0' };

test.each(ways)('rows with other ids are equal, references and cycles too: $name', async (way) => {
  const report = await compared({ ...shop, way });
  expect(listCounts(report)).toEqual(same);
  expect(report.isSame).toBe(true);
  expect(listNotes(report)).toContain('converted public.users.company: it has the ids of public.companies');
});

test('missing, changed and extra rows are found by their old ids, and shown with these', async () => {
  const report = await compared({
    ...shop,
    source: `${legacy}; insert into customers values (12, 'Cid', 'c@x.org', 2);
      update customers set company = 1 where id = 11; update companies set owner = 11 where id = 2;
      delete from orders where id = 100; update orders set customer = 12 where id = 101`,
    input: { rows: true },
  });
  expect(listCounts(report)).toEqual({
    'public.companies': '0/1/0',
    'public.users': '1/1/0',
    'public.orders': '0/1/1',
  });
  const details = report.tables.flatMap(({ details: own = [] }) => own);
  expect(details).toContainEqual({
    table: 'public.users',
    kind: 'changed',
    key: { id: '11' },
    old: { company: '2' },
    new: { company: '1' },
    copies: 1,
  });
  expect(details).toContainEqual(expect.objectContaining({ kind: 'missing', key: { id: '12' } }));
  expect(details).toContainEqual(expect.objectContaining({ kind: 'extra', key: { legacy_id: '100' } }));
});

test('rows of the target without an old id are counted, and no difference', async () => {
  const own = '00000000-0000-0000-0000-0000000000ff';
  const report = await compared({
    ...shop,
    target: `${modern}; insert into users values ('${own}', 'New', 'n@x.org', null);
      insert into orders (customer, total) values ('${own}', 1), ('${own}', 2)`,
  });
  expect(listCounts(report)).toEqual(same);
  expect(report.tables.map(({ unmapped }) => unmapped)).toEqual([0, 1, 2]);
});

test('a reference to a row without an old id differs from null and from every other', async () => {
  const own = '00000000-0000-0000-0000-0000000000ff';
  const report = await compared({
    ...shop,
    source: `${legacy}; update customers set company = null where id = 11`,
    target: `${modern}; insert into companies values ('${own}', 'New', null); update users set company = '${own}'`,
  });
  expect(listCounts(report)).toEqual({ ...same, 'public.users': '0/2/0' });
});

test('an old or a new id that the mapping has twice is refused before anything is compared', async () => {
  const wrong = async (sql: string) => {
    const problem = await failure(compared({ ...shop, target: `${modern}; ${sql}` }));
    expect(problem.code).toBe('ambiguous_ids');
    return problem.message;
  };
  expect(
    await wrong(
      `insert into migration.id_map select entity, 99, uuid from migration.id_map where legacy_id = 10`,
    ),
  ).toContain('migration.id_map.uuid has 00000000-0000-0000-0000-000000000010 twice');
  expect(
    await wrong(`alter table migration.id_map drop constraint id_map_pkey;
      insert into migration.id_map select entity, legacy_id, gen_random_uuid() from migration.id_map`),
  ).toContain('migration.id_map.legacy_id has');
});

test.each(['uuid-ossp', 'pgcrypto'])(
  'derived ids are computed by the source, by %s, in references too',
  async (by) => {
    const namespace = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
    const given: Compared = {
      source: `create extension "${by}"; create table tags (id int primary key, name text);
      create table uses (id int primary key, tag int references tags);
      insert into tags values (1, 'a'), (2, 'b'); insert into uses values (1, 1), (2, 1)`,
      target: `create extension "uuid-ossp"; create table tags (id uuid primary key, name text);
      create table uses (id int primary key, tag uuid references tags);
      insert into tags select uuid_generate_v5('${namespace}', n::text), chr(96 + n) from generate_series(1, 2) n;
      insert into uses select n, uuid_generate_v5('${namespace}', n::text) from generate_series(1, 2) n`,
      data: { tables: { tags: { ids: { derive: 'uuid_v5', namespace } } } },
    };
    expect(listCounts(await compared(given))).toEqual({ 'public.tags': '0/0/0', 'public.uses': '0/1/0' });
    const problem = await failure(
      compared({
        ...given,
        source: 'create table tags (id int primary key)',
        target: 'create table tags (id uuid primary key)',
      }),
    );
    expect(problem.message).toContain('"uuid-ossp" or pgcrypto');
  },
);

test('a reference without a foreign key is named in columns', async () => {
  const report = await compared({
    source: `create table a (id int primary key); create table b (id int primary key, mine int);
      insert into a values (1), (2); insert into b values (1, 1), (2, 2)`,
    target: `create table a (id uuid primary key, old int unique);
      create table b (id int primary key, theirs uuid);
      insert into a values ('00000000-0000-0000-0000-000000000001', 1), ('00000000-0000-0000-0000-000000000002', 2);
      insert into b values (1, '00000000-0000-0000-0000-000000000001'), (2, '00000000-0000-0000-0000-000000000001')`,
    data: {
      tables: { a: { ids: { column: 'old' } }, b: { columns: { theirs: { from: 'mine', ids: 'a' } } } },
    },
  });
  expect(listCounts(report)).toEqual({ 'public.a': '0/0/0', 'public.b': '0/1/0' });
});

test.each([
  [{ table: 'migration.id_mp', old: 'legacy_id', new: 'uuid' }, 'Did you mean migration.id_map?'],
  [{ table: 'migration.id_map', old: 'legacyid', new: 'uuid' }, 'Did you mean legacy_id?'],
  [{ column: 'legacy' }, 'which is not a column of public.companies'],
])('ids that nothing has are an error with the nearest name: %j', async (ids, text) => {
  const problem = await failure(compared({ ...shop, data: { tables: { companies: { ids } } } }));
  expect(problem.code).toBe('bad_config');
  expect(problem.message).toContain(text);
});

test('an id with a mask is refused: pgmage would compare it without', async () => {
  const report = await compared({ ...shop, masks: { 'customers.id': '1' } });
  expect(listNotes(report)).toContain('refused public.users.id: its old id has a mask, so no id fits it');
});

test('ids of another type than the column are refused', async () => {
  const report = await compared({
    ...shop,
    target: `${modern}; alter table migration.id_map alter uuid type text`,
  });
  expect(listNotes(report)).toContain(
    'refused public.users.id: its ids are of type uuid, those of the mapping of type text',
  );
  expect(report.isSame).toBe(false);
});
