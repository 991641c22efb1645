// Schemas that get other names in SQL, and SQL in which it is not certain what is a schema's name.
import { expect, test } from 'vitest';
import { readSchemaUse } from '../../lib/sql/schema-doubts.ts';
import { findOldIndex, SchemaRenamer } from '../../lib/sql/schema-names.ts';

const to = await SchemaRenamer.load(new Map([['public', 'te"n\'ant']]), '"te""n\'ant"');
const t = '"te""n\'ant"';

test.each([
  ['select * from public.users', `select * from ${t}.users`],
  ['select * from PUBLIC . users, "public".x', `select * from ${t} . users, ${t}.x`],
  ['select u.public, public from users u', null],
  ['select a.public.b from a', null],
  ['grant select on public.users to public', `grant select on ${t}.users to public`],
  ['revoke all on schema public from public', `revoke all on schema ${t} from public`],
  ['grant usage on schema other, public to public', `grant usage on schema other, ${t} to public`],
  ['create schema if not exists public', `create schema if not exists ${t}`],
  ['alter table x set schema public', `alter table x set schema ${t}`],
  ['select schema, public from t', null],
  ['set search_path to public, other', `set search_path to ${t}, other`],
  [`set local search_path = 'public'`, `set local search_path = 'te"n''ant'`],
  ['set local search_path to default', `set local search_path to ${t}`],
  ['alter table x alter y set default 1', null],
  [`select nextval('public.s'::regclass)`, `select nextval('"te""n''ant".s'::regclass)`],
  [`select nextval('public.s')`, `select nextval('"te""n''ant".s')`],
  [`select regclass 'public.s'`, `select regclass '"te""n''ant".s'`],
  [`select 'public.s'::pg_catalog.regclass`, `select '"te""n''ant".s'::pg_catalog.regclass`],
  [`select 'public'::regnamespace`, `select '"te""n''ant"'::regnamespace`],
  [`select to_regnamespace('public')`, `select to_regnamespace('"te""n''ant"')`],
  [`where table_schema = 'public'`, `where table_schema = 'te"n''ant'`],
  [`where kind_schema = 'public'`, null],
  [`where nspname = 'public'`, `where nspname = 'te"n''ant'`],
  [`set local "search_path" = 'public'`, `set local "search_path" = 'te"n''ant'`],
  [`select 'public.s'::text, 'public'`, null],
  [`comment on table t is 'of public.t'`, null],
  ['-- public.t\n/* public.t */ select 1', null],
  ['select $$public.t$$', null],
  [
    `create function f() returns int as $a$ select public.g() $a$`,
    `create function f() returns int as $a$ select ${t}.g() $a$`,
  ],
  [
    `create function f() returns text as 'select ''a'' from public.g'`,
    `create function f() returns text as 'select ''a'' from "te""n''ant".g'`,
  ],
  ['do $$begin perform public.f(); end$$', `do $$begin perform ${t}.f(); end$$`],
  [
    'do language plpgsql $$begin perform public.f(); end$$',
    `do language plpgsql $$begin perform ${t}.f(); end$$`,
  ],
  ['insert into t values (1) on conflict do nothing', null],
])('%s', (sql, expected) => {
  expect(to.rename(sql).sql).toBe(expected ?? sql);
});

test('an index in the new SQL leads to the place in the old one', () => {
  const old = `select 'é', public.a, public.bad from x`;
  const renamed = to.rename(old);
  expect(findOldIndex(renamed, renamed.sql.indexOf('bad'))).toBe(old.indexOf('bad'));
  expect(findOldIndex(renamed, renamed.sql.indexOf('select'))).toBe(0);
  expect(findOldIndex(renamed, renamed.sql.lastIndexOf('te""n'))).toBe(old.lastIndexOf('public'));
  expect(findOldIndex(renamed, renamed.sql.length)).toBe(old.length);
});

const body = (text: string, language = 'plpgsql') =>
  `create function f() returns void language ${language} as $$${text}$$`;

test.each([
  ['create table public (a int)', 'is not the name of a schema there'],
  ['create view v as select public.a from users public', 'is not the name of a schema there'],
  ['with public as (select 1 as a) select public.a from public', 'is not the name of a schema there'],
  ['select public.f() from other.t as public', 'is not the name of a schema there'],
  ['select db.public.users.id from db.public.users', 'is not the name of a schema there'],
  [`create table t (a regclass default 'public.users')`, 'a text names public'],
  [body(`begin execute 'select * from public.users'; end`), 'a text names public'],
  [body(`begin execute format('select * from %I.x', 'public'); end`), 'a text names public'],
  [body('declare public record; begin return public.a; end'), 'is not the name of a schema there'],
  [body(`begin perform set_config('search_path', 'public, x', true); end`), 'set_config'],
  [`select set_config('search_path', 'x', false)`, 'set_config'],
  [body('return public.x', 'plpython3u'), 'code that pgmage does not read'],
  [`create function f() returns void language sql set search_path from current as ''`, 'FROM CURRENT'],
  ['reset search_path', 'RESET'],
  ['reset all', 'RESET'],
  ['discard all', 'DISCARD ALL is not for one schema alone'],
  ['import foreign schema public from server s into public', 'IMPORT FOREIGN is not for one schema alone'],
  ['select U&"p\\0075blic".x', 'U&'],
  [`select E'\\x70ublic.t'::regclass`, 'escapes'],
])('%s is not certain', async (sql, reason) => {
  const { doubt } = await readSchemaUse('x.sql', `select 1;\n${sql};`, 'public');
  expect(doubt?.reason).toContain(reason);
  expect(doubt?.index).toBeGreaterThanOrEqual(10);
});

test.each([
  [`create type v as enum ('public', 'private'); create table t (v v)`],
  ['grant select on t to public; revoke all on t from public'],
  [`comment on table t is 'see public.t'`],
  [body('begin perform public.f(); grant select on t to public; end')],
  [`create function f() returns int language sql begin atomic select public.g(); end`],
  ['create table public.t (a public.mood)'],
])('%s is certain', async (sql) => {
  expect((await readSchemaUse('x.sql', sql, 'public')).doubt).toBeNull();
});

test('all names are known, with the place of each', async () => {
  const { names } = await readSchemaUse(
    'x.sql',
    `select acme.a from users acme; ${body('select bcme.x')}`,
    'public',
  );
  expect(names.get('acme')).toBe(7);
  expect(names.has('bcme')).toBe(true);
  expect(names.has('ccme')).toBe(false);
});
