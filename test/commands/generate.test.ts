// Migrations are generated from the schema alone, proven up and back, and never written otherwise.
import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { compare } from '../../lib/compare/compare.ts';
import { findBreaks } from '../../lib/migration/chain.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { migrationsOf, type Project, project } from '../project/project.ts';

let cache: string;
let own: Project;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));
beforeEach(() => {
  own = project(null, cache);
});
afterEach(() => own.drop());

const recorded = async () => (await compare(own.context, 'migrations', own.context.project.schema)).same;

test('the first migration, and the next, and then nothing', async () => {
  own.want('create table users (id bigint primary key, email text not null);');
  const first = await generate(own.context);
  expect(first.written.map(({ file, down }) => [file, down])).toEqual([
    [
      'migrations/20260101000100000_add_table_users_and_1_more.sql'.replace('_and_1_more', ''),
      { is: 'exact' },
    ],
  ]);
  expect(own.read(own.files()[0] as string)).toMatch(
    /^-- Migration: 20260101000100000_add_table_users\n-- From: [0-9a-f]{32}\n-- To: [0-9a-f]{32}\n[\s\S]*\n-- Up Migration\n\nCREATE TABLE public\.users [\s\S]*;\n\n-- Down Migration\n\nDROP TABLE public\.users;\n$/,
  );
  expect(await recorded()).toBe(true);
  own.want(
    'create table users (id bigint primary key, email text not null, note text); create index on' +
      ' users (email);',
  );
  const second = await generate(own.context, { name: 'Notes & more' });
  expect(second.written.map(({ name }) => name.replace(/^\d+/, ''))).toEqual([
    '_notes_more',
    '_notes_more_2',
  ]);
  expect(await recorded()).toBe(true);
  expect(findBreaks(await migrationsOf(own))).toEqual([]);
  expect((await generate(own.context)).written).toEqual([]);
  expect(own.files()).toHaveLength(3);
});

test('an extension that is not in the shadow moves as it does where it is', async () => {
  const both = (schema: string) =>
    `create schema ${schema}; create extension xml2 schema ${schema}; create extension dblink` +
    ` schema ${schema};`;
  own.want(both('a'));
  await generate(own.context);
  own.want(both('b'));
  const { written } = await generate(own.context);
  const [up = ''] = (written[0]?.text ?? '').split('-- Down Migration');
  expect(up).toContain('ALTER EXTENSION dblink SET SCHEMA b');
  expect(up).toMatch(/DROP EXTENSION xml2;\s[\s\S]*CREATE EXTENSION IF NOT EXISTS xml2 SCHEMA b/);
});

test('what an owner gave up comes back, and nothing is said of what older servers do not know', async () => {
  own.want('create table t (id int);');
  await generate(own.context);
  own.want('create table t (id int); revoke truncate, trigger on t from current_user;');
  const { written } = await generate(own.context);
  expect(written.map(({ down }) => down)).toEqual([{ is: 'exact' }]);
  expect(written[0]?.text).not.toContain('MAINTAIN');
});

test('names of NOT NULL that the server would make up otherwise are said, also for servers that know none', async () => {
  const partitioned = `create table z (id int not null) partition by range (id);
    create table a partition of z for values from (0) to (9);`;
  own.want(`create table keep (); ${partitioned}`);
  await generate(own.context);
  own.want('create table keep ();');
  const { written } = await generate(own.context);
  expect(written.map(({ down }) => down?.is)).toEqual(['lossy']);
});

test('who owns what, and what public says of itself, is migrated once it is said, and taken back', async () => {
  own.want('create table a (id int);');
  await generate(own.context);
  own.want(
    'create role keeper; create table a (id int); alter table a owner to keeper; comment on schema' +
      " public is 'Ours';",
  );
  const { written } = await generate(own.context);
  const [up, down] = (written[0]?.text ?? '').split('-- Down Migration');
  expect(up).toContain('OWNER TO keeper');
  expect(up).toContain("COMMENT ON SCHEMA public IS 'Ours'");
  expect(down).toContain('OWNER TO CURRENT_USER');
  expect(down).toContain("COMMENT ON SCHEMA public IS 'standard public schema'");
  expect(written[0]?.down).toEqual({ is: 'exact' });
  // Where it is said no longer, it stays.
  own.want('create table a (id int);');
  expect((await generate(own.context)).written).toEqual([]);
});

test('what a way back cannot restore is stamped', async () => {
  own.want('create table users (id bigint primary key, note text); create table old (id int);');
  await generate(own.context);
  own.want('create table users (id bigint primary key);');
  const { written } = await generate(own.context);
  expect(written[0]?.down).toEqual({
    is: 'lossy',
    what: 'old: 5 of 5 rows lost; users.note: 5 of 5 values lost',
  });
  expect(written[0]?.cautions).toContainEqual({
    hazard: 'deletes_data',
    sql: expect.stringContaining('DROP TABLE'),
    table: null,
  });
});

test('what cannot be one transaction becomes files one after the other, each with its own way back', async () => {
  own.want(`create type mood as enum ('sad'); create table t (a mood);`);
  await generate(own.context);
  own.want(`create type mood as enum ('sad', 'ok', 'glad'); create table t (a mood default 'glad', b int);`);
  const { written } = await generate(own.context, { name: 'moods' });
  expect(written.length).toBeGreaterThan(1);
  const files = await migrationsOf(own);
  expect(files.slice(1).map(({ name }) => name)).toEqual(written.map(({ name }) => name));
  expect(findBreaks(files)).toEqual([]);
  expect(
    files.some(({ migration }) => migration.transaction === 'down' || migration.transaction === 'none'),
  ).toBe(true);
  for (const { migration } of files) {
    const alone = migration.transaction === 'down' || migration.transaction === 'none';
    expect(/ADD VALUE/.test(migration.up)).toBe(alone);
    expect(migration.down).not.toBeNull();
  }
  expect(await recorded()).toBe(true);
});

test('a draft is sealed by the next run, with what its way back is worth', async () => {
  own.want('create table t (a int);');
  await generate(own.context);
  const [draft] = (await generate(own.context, { name: 'fill', empty: true })).written;
  expect(draft?.down).toBeNull();
  expect(own.read(own.files()[1] as string)).toBe('-- Up Migration\n\n-- Down Migration\n');
  // Sealed before it is written, it could be applied and then not be edited.
  await expect(generate(own.context)).rejects.toMatchObject({
    code: 'bad_migration',
    data: { reason: 'it is a draft without a statement' },
  });
  own.write(
    own.files()[1] as string,
    '-- Up Migration\r\ninsert into t select 1;\r\n\r\n-- Down Migration\r\ndelete from t;\r\n',
  );
  const { written } = await generate(own.context);
  expect(written.map(({ name, down }) => [name, down])).toEqual([
    [draft?.name, { is: 'lossy', what: 't: 5 of 5 rows lost; rows that it writes' }],
  ]);
  // Ones of another tool, and one whose way back is wrong.
  own.write('20270101000000000_theirs.sql', 'create view v as select a from t;');
  own.write(
    '20270101000000001_wrong.sql',
    '-- Up Migration\nalter table t add b int, add c int;\n-- Down Migration\nalter table t drop b;',
  );
  own.write(
    '20270101000000002_broken.sql',
    '-- Up Migration\ncomment on table t is $$x$$;\n-- Down Migration\ndrop table nothing;',
  );
  own.want(
    'create table t (a int, b int, c int); comment on table t is $$x$$; create view v as select a from t;',
  );
  const stamps = (await generate(own.context)).written.map(({ down }) => down);
  expect(stamps).toEqual([
    { is: 'impossible', why: 'it has no way down' },
    { is: 'impossible', why: expect.stringContaining('it does not restore') },
    { is: 'impossible', why: expect.stringContaining('"nothing" does not exist') },
  ]);
  expect(await recorded()).toBe(true);
  expect(findBreaks(await migrationsOf(own))).toEqual([]);
});

test('a way back that was written by hand is tried on rows', async () => {
  const schema = `create type mood as enum ('ok'); create domain even as int check (value % 2 = 0);
    create table t (id uuid primary key, a int not null, at timestamptz, m mood, e even, j jsonb, n numeric(4,
    1));
    create table u (t uuid references t, word varchar(1) unique);`;
  own.want(schema);
  await generate(own.context);
  // The schema is the same again, what was in it is not.
  own.write(
    '20270101000000000_careless.sql',
    `-- Up Migration\nalter table t add b int;\n-- Down Migration\nalter table t drop b, drop a, drop m;
     alter table t add a int not null default 0, add m mood; alter table t alter a drop default; truncate u;`,
  );
  own.want(schema.replace('at timestamptz', 'b int, at timestamptz'));
  const { written } = await generate(own.context);
  expect(written.map(({ down }) => down)).toEqual([
    { is: 'lossy', what: 't.a: 2 of 2 values lost; t.m: 2 of 2 values lost; u: 1 of 1 row lost' },
  ]);
});

test('nothing is written on top of a chain that is broken', async () => {
  own.want('create table t (a int);');
  await generate(own.context);
  const [file = ''] = own.files();
  own.write(file, own.read(file).replace('integer', 'text'));
  own.want('create table t (a int, b int);');
  const problem = await failure(generate(own.context));
  expect([problem.code, problem.message]).toEqual([
    'broken_chain',
    expect.stringContaining('20260101000100000_add_table_t was edited'),
  ]);
  expect(own.files()).toEqual([file]);
});

test('names that are no names of migrations are refused', async () => {
  own.want('create table t (a int);');
  await generate(own.context);
  own.write(`1'_x.sql`, 'select 1');
  expect((await failure(generate(own.context))).code).toBe('bad_migration');
});
