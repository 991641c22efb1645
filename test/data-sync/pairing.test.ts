// What becomes of tables and columns that are not alike on both sides.
import { expect, test } from 'vitest';
import { dataDiff } from '../../lib/commands/data-diff.ts';
import { dataDiffText } from '../../lib/report/data-diff.ts';
import { contextOf } from '../copy/cloning.ts';
import { newest, ways } from '../copy/ways.ts';
import { failure } from '../failure.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { compared, listCounts, listNotes } from './comparing.ts';

test('a table or column that only the source has is skipped, and refused with --strict', async () => {
  const given = {
    both: 'create table t (id int primary key)',
    source: `create table gone (id int); alter table t add extra text; insert into t values (1, 'x')`,
    target: 'create table own (id int); insert into t values (1)',
  };
  const report = await compared(given);
  expect(listNotes(report)).toEqual([
    'skipped public.gone: the target has no table public.gone',
    'skipped public.t.extra: the target has no such column',
    'skipped public.own: the source has no such table',
  ]);
  expect(listCounts(report)).toEqual({ 'public.t': '0/0/0' });
  expect(report.isSame).toBe(true);
  const problem = await failure(compared({ ...given, input: { strict: true } }));
  expect(problem.code).toBe('sync_refused');
  expect(problem.message).toContain('public.gone: the target has no table public.gone');
  expect(problem.message).toContain('public.t.extra: the target has no such column');
});

test('a column that only the target has needs a default', async () => {
  const report = await compared({
    both: 'create table t (id int primary key)',
    target: 'alter table t add a int, add b int not null default 1, add c int not null',
  });
  expect(report.notes).toEqual([
    { verdict: 'skipped', what: 'public.t.a', reason: 'the source has no such column' },
    { verdict: 'skipped', what: 'public.t.b', reason: 'the source has no such column' },
    {
      verdict: 'refused',
      what: 'public.t.c',
      reason: 'the source has no such column, and it is NOT NULL without a default',
      forbids: 'inserting',
    },
  ]);
});

test.each(ways)('types that keep every value are converted: $name', async ({ from, to }) => {
  const report = await compared({
    way: { from, to },
    both: `create type mood as enum ('sad', 'ok'); create domain few as int check (value < 100)`,
    source: `create table t (id int primary key, a varchar(5), b mood, c smallint, d date, e numeric(5,1),
      f few, g int[], h char(3));
      insert into t values (1, 'x', 'ok', 5, '2026-01-01', 1.5, 7, '{1}', 'a'), (2, 'y', 'sad', 6,
      '2026-01-02', 2.5, 8, null, 'b')`,
    target: `create table t (h text, id bigint primary key, a text, b text, c numeric, d timestamp,
      e numeric(8,3), f bigint, g bigint[]);
      insert into t values ('a', 1, 'x', 'ok', 5, '2026-01-01', 1.5, 7, '{1}'), ('b', 2, 'y', 'sad', 6,
      '2026-01-02', 2.6, 8, null)`,
  });
  expect(listCounts(report)).toEqual({ 'public.t': '0/1/0' });
  expect(listNotes(report)).toEqual([
    'converted public.t.h: character(3) becomes text',
    'converted public.t.id: integer becomes bigint',
    'converted public.t.a: character varying(5) becomes text',
    'converted public.t.b: public.mood becomes text',
    'converted public.t.c: smallint becomes numeric',
    'converted public.t.d: date becomes timestamp without time zone',
    'converted public.t.e: numeric(5,1) becomes numeric(8,3)',
    'converted public.t.f: integer becomes bigint',
    'converted public.t.g: integer[] becomes bigint[]',
    'carried public.t: its columns are in another order',
  ]);
});

test.each([
  ['bigint', 'int', '1, 3000000000, -3000000000', 'integer does not take: -3000000000'],
  ['text', 'varchar(3)', `'a', 'abcd', 'abcde'`, `character varying(3) does not take: 'abcd', 'abcde'`],
  ['numeric(12,2)', 'numeric(6,2)', '1, 12345.67, 99999', 'numeric(6,2) does not take: '],
  ['int', 'smallint', '1, 40000, 50000', 'smallint does not take: '],
])(
  'values of %s that %s does not take are named before rows are compared',
  async (from, to, values, said) => {
    const rows = values.split(', ').map((value, at) => `(${at}, ${value})`);
    const report = await compared({
      source: `create table t (id int primary key, v ${from}); insert into t values ${rows.join(', ')}`,
      target: `create table t (id int primary key, v ${to})`,
    });
    const refusals = report.notes.filter(({ verdict }) => verdict === 'refused');
    expect(refusals).toMatchObject([{ what: 'public.t.v', forbids: 'comparing' }]);
    expect(refusals[0]?.reason).toMatch(/^2 rows have values that /);
    expect(refusals[0]?.reason.replaceAll(`'`, '')).toContain(said.replaceAll(`'`, ''));
    expect(report.isSame).toBe(false);
  },
);

test('a label that the target does not have is refused with its rows', async () => {
  const report = await compared({
    source: `create type mood as enum ('sad', 'ok', 'new'); create table t (id int primary key, m mood);
      insert into t values (1, 'ok'), (2, 'new'), (3, 'new')`,
    target: `create type mood as enum ('ok', 'sad', 'other'); create table t (id int primary key, m mood)`,
  });
  expect(listNotes(report)).toEqual([
    `refused public.t.m: 2 rows have values that public.mood does not take: 'new'`,
  ]);
  const text = dataDiffText(report, { width: 80, colour: false, now: new Date() });
  expect(text).toContain('Refused:\n  public.t.m: 2 rows have values');
  expect(text).toContain('No table was compared.\nNot compared: 1 table or column, listed as refused.');
});

test.each([
  ['numeric(12,2)', 'numeric(10,1)', '1.25', '1.3', '1.2'],
  ['timestamp(6)', 'timestamp(3)', `'2026-01-01 00:00:00.0005'`, `'2026-01-01 00:00:00.001'`, `'2026-01-01'`],
  ['float8', 'real', '0.1', '0.1', '0.2'],
])('%s to %s is refused, unless it is configured as rounded', async (from, to, value, rounded, other) => {
  const given = {
    source: `create table t (id int primary key, v ${from}); insert into t values (1, ${value}), (2,
      ${value})`,
    target: `create table t (id int primary key, v ${to}); insert into t values (1, ${rounded}), (2,
      ${other})`,
  };
  const refused = await compared(given);
  expect(refused.notes).toMatchObject([{ verdict: 'refused', what: 'public.t.v', forbids: 'comparing' }]);
  const data = { tables: { 'public.t': { columns: { v: 'rounded' } } } };
  expect(listCounts(await compared({ ...given, data }))).toEqual({ 'public.t': '0/1/0' });
});

test('a cast of the user is never called, and an id of another type needs a mapping', async () => {
  const report = await compared({
    source: `create type own as (a int);
      create function leak(own) returns int language plpgsql as $$begin raise 'called'; end$$;
      create cast (own as int) with function leak(own) as implicit;
      create table t (id int primary key, o own); insert into t values (1, row(1));
      create table u (id int primary key); insert into u values (1)`,
    target: 'create table t (id int primary key, o int); create table u (id uuid primary key)',
  });
  expect(listNotes(report)).toEqual([
    'refused public.t.o: the server has no assignment cast of its own from public.own to integer; write an expression for it in columns',
    'refused public.u.id: the server has no assignment cast of its own from integer to uuid; ids in the configuration map old keys to new ones',
  ]);
});

test.each(ways)('another key, order of columns, partitions on one side: $name', async ({ from, to }) => {
  const report = await compared({
    way: { from, to },
    source: `create table t (a int, b int unique not null, c text, primary key (a));
      create table p (id int primary key, c text);
      insert into t select n, -n, 'x' from generate_series(1, 3000) n;
      insert into p select n, 'x' from generate_series(1, 3000) n;
      update t set c = 'y' where a = 5; update p set c = 'y' where id in (7, 2999)`,
    target: `create table t (c text, b int primary key, a int unique not null);
      create table p (c text, id int, primary key (id)) partition by range (id);
      create table p1 partition of p for values
      from (minvalue) to (1000); create table p2 partition of p default;
      insert into t select 'x', -n, n from generate_series(1, 3000) n;
      insert into p select 'x', n from generate_series(0, 2999) n`,
  });
  expect(listCounts(report)).toEqual({ 'public.p': '1/2/1', 'public.t': '0/1/0' });
  expect(report.tables.map(({ key }) => key)).toEqual(['primary key (id)', 'primary key (b)']);
  expect(listNotes(report)).toEqual([
    'carried public.p: it is partitioned in the target only',
    'carried public.p: its columns are in another order',
    'carried public.t: its primary key is (a) in the source, (b) in the target',
    'carried public.t: its columns are in another order',
  ]);
});

test('generated columns are not compared, another expression is told', async () => {
  const report = await compared({
    both: 'create table t (id int primary key, a int, same int generated always as (a + 1) stored)',
    source: `alter table t add other int generated always as (a + 1) stored, add plain int;
      insert into t (id, a, plain) values (1, 1, 5)`,
    target: `alter table t add other int generated always as (a + 2) stored,
      add plain int generated always as (a) stored;
      insert into t (id, a) values (1, 1)`,
  });
  expect(listCounts(report)).toEqual({ 'public.t': '0/0/0' });
  expect(listNotes(report)).toEqual([
    'skipped public.t.other: the target generates it as (a + 2), the source as (a + 1)',
    'skipped public.t.plain: the target generates it as a',
  ]);
});

test('a generated column whose function can be another one is told', async () => {
  const own = (
    body: string,
  ) => `create schema "Own"; create function "Own"."F"(int) returns int immutable language sql return ${body};
    create function g(int) returns int immutable language sql return ${body};
    create table t (id int primary key, a int generated always as ("Own"."F"(id)) stored, b int generated always as (g(id) + 1) stored,
      c text generated always as (upper('x.y(' || id::text)) stored); insert into t values (1)`;
  const report = await compared({ source: own('$1'), target: own('$1 + 1') });
  expect(listCounts(report)).toEqual({ 'public.t': '0/0/0' });
  expect(listNotes(report)).toEqual([
    expect.stringContaining(
      'skipped public.t.a: the target generates it as "Own"."F"(id), by a function that can be',
    ),
    expect.stringContaining(
      'skipped public.t.b: the target generates it as (public.g(id) + 1), by a function',
    ),
  ]);
});

test('views, the ledger and tables of extensions have no rows to compare, but for those of the user', async () => {
  const report = await compared({
    both: `create table t (id int primary key); create view v as select *
      from t; create materialized view m as select * from t;
      create schema pgmage; create table pgmage.log (id int); create unlogged table u (id int)`,
    source: 'insert into pgmage.log values (1)',
  });
  expect(report.tables.map(({ name }) => name)).toEqual(['public.t', 'public.u']);
});

test('a rule of the target forbids writing, row security and a missing right forbid comparing', async () => {
  const report = await compared({
    both: 'create table r (id int primary key); insert into r values (1)',
    target: 'create rule quiet as on delete to r do instead nothing',
  });
  expect(report.notes).toEqual([
    {
      verdict: 'refused',
      what: 'public.r',
      reason: 'its rule quiet changes what a statement does',
      forbids: 'writing',
    },
  ]);
  expect(listCounts(report)).toEqual({ 'public.r': '0/0/0' });
});

test('two tables of the source cannot be one of the target', async () => {
  const report = await compared({
    both: 'create table users (id int primary key)',
    source: 'create table customers (id int primary key)',
    data: { tables: { customers: { to: 'users' } } },
  });
  expect(listNotes(report)).toEqual([
    'refused public.users: another table of the source is paired with it, besides public.users',
  ]);
});

test('types of an extension are the same in another schema', async () => {
  const report = await compared({
    source: `create schema ext; create extension hstore schema ext; create extension citext schema ext; set search_path = ext, public;
      create table public.t (k citext primary key, h hstore, l citext[]); insert into public.t values ('A', 'a=>1', '{x}'), ('b', 'a=>2', '{X}')`,
    target: `create extension hstore; create extension citext; create table t (k citext primary key, h hstore, l citext[]);
      insert into t values ('A', 'a=>1', '{x}'), ('b', 'a=>2', '{x}')`,
  });
  expect(listCounts(report)).toEqual({ 'public.t': '0/1/0' });
  expect(report.notes).toEqual([]);
});

test('keys: configured, unique on one side, none', async () => {
  const rows = `insert into t values (1, 'a', 'x'), (2, 'b', 'y'), (2, 'c', 'y')`;
  const both = 'create table t (n int, code text, note text)';
  const target = `insert into t values (1, 'a', 'z'), (2, 'b', 'y')`;
  const none = await compared({ both, source: rows, target });
  expect(listCounts(none)).toEqual({ 'public.t': '2/0/1' });
  const keys = { 'public.t': ['code'] };
  const configured = await compared({ both, source: rows, target, data: { keys } });
  expect(listCounts(configured)).toEqual({ 'public.t': '1/1/0' });
  expect(configured.tables[0]?.key).toBe('configured key (code)');
  const unique = await compared({
    both,
    source: rows,
    target: `alter table t add unique nulls not distinct (code); ${target}`,
  });
  expect(unique.tables).toMatchObject([{ key: 'unique (code)', missing: 1, changed: 1, extra: 0 }]);
  const ambiguous = await failure(compared({ both, source: rows, target, data: { keys: { t: ['n'] } } }));
  expect(ambiguous.message).toBe('Two rows of public.t have the same configured key (n): 2');
});

test('a missing side is asked for with an example', async () => {
  const workspace = contextOf(newest.url('x'), newest.url('y'));
  const problem = await failure(dataDiff(workspace, { from: 'source' }));
  expect(problem.message).toBe(
    'Bad option --to: it is missing. Pass both sides, for example --from prod --to staging, or write' +
      " data: { from: 'prod', to: 'staging' } into pgmage.config.ts",
  );
});

test('another encoding is refused', async () => {
  const name = `latin_${process.pid}`;
  await rowsOf(
    newest.socket(),
    `create database ${name} template template0 encoding 'LATIN1' locale_provider libc locale 'C'`,
  );
  try {
    await withDatabase(newest, async (source) => {
      const workspace = contextOf(source.url, newest.url(name));
      const problem = await failure(dataDiff(workspace, { from: 'source', to: 'target' }));
      expect(problem.code).toBe('sync_refused');
      expect(problem.message).toContain('the source has UTF8, the target LATIN1');
      expect(problem.hint).toContain("CREATE DATABASE utf8_target TEMPLATE template0 ENCODING 'UTF8'");
      expect(problem.hint).not.toContain('--exclude');
    });
  } finally {
    await rowsOf(newest.socket(), `drop database ${name}`);
  }
});
