// Statements on extensions and their schemas: those that tenants share are not run, others are refused.
import { expect, test } from 'vitest';
import { readSchemaUse } from '../../lib/sql/schema-doubts.ts';
import { blankShared } from '../../lib/sql/shared-statements.ts';

test.each([
  ['create extension citext schema extensions', ['extensions']],
  ['CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA "Ext;--"', ['Ext;--']],
  ['create schema if not exists pgmage', ['pgmage']],
  ['drop extension if exists citext', []],
  ['drop schema a, tenant_a', ['a', 'tenant_a']],
])('taken as shared by all tenants, and not run: %s', async (sql, names) => {
  const found = await readSchemaUse('x.sql', sql, 'public');
  expect([found.doubt, [...found.names.keys()]]).toEqual([null, names]);
  const extension = /create extension.*?(\w+-?\w*)"? +(?:with )?schema/i.exec(sql)?.[1] ?? null;
  expect(found.shared).toEqual([{ schemas: names, extension, index: 0 }]);
  const text = `select 'ä';\n${sql};\nselect 2;`;
  const rest = await blankShared('x.sql', text, 'public');
  expect([rest.length, rest.replace(/ +/g, ' ')]).toEqual([text.length, "select 'ä';\n \nselect 2;"]);
});

test.each([
  `drop extension citext cascade`,
  `drop extension if exists citext cascade`,
  `create extension citext schema public`,
  `create extension citext with schema "public"`,
  String.raw`create extension citext schema U&"publi\0063"`,
  `create extension citext schema extensions cascade`,
  `create extension citext schema extensions version '1.5'`,
  `create schema extensions authorization evil`,
  `create schema authorization evil`,
  `create schema extensions create table evil (a int)`,
  `drop schema extensions, public`,
  `drop schema extensions cascade`,
  `alter extension citext set schema extensions`,
  `alter extension citext add function f()`,
  `alter schema extensions owner to evil`,
  `grant create on schema extensions to evil`,
  `do $$ begin create extension citext schema extensions; end $$`,
  `do $$ begin create schema extensions; end $$`,
])('refused: %s', async (sql) => {
  const { doubt } = await readSchemaUse('x.sql', sql, 'public');
  expect(doubt).toMatchObject({ reason: expect.any(String) });
  expect(await blankShared('x.sql', sql, 'public')).toBe(sql);
});
