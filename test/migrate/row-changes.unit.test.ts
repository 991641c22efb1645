// Statements that may change the rows that a check found, and others.
import { expect, test } from 'vitest';
import { listActions, mayChangeRows } from '../../lib/migrate/row-changes.ts';
import type { RowCheck } from '../../lib/model/row-check.ts';
import { facts } from '../model/facts.ts';

const check: RowCheck = {
  outcome: 'fails',
  table: 'table:public.users',
  reads: ['column:public.users.phone'],
  test: { where: 't.phone is null' },
  words: 'no phone',
  values: [],
  code: false,
};
const known = { actual: facts(), planned: new Set(['ALTER TABLE public.users ATTACH PARTITION public.a']) };
const changes = (tag: string, sql: string) => mayChangeRows({ file: 'a.sql', tag, sql }, check, known);

test.each([
  ['RenameStmt', 'ALTER TABLE users RENAME COLUMN name TO full_name'],
  ['RenameStmt', 'ALTER TABLE public.orgs RENAME TO companies'],
  ['RenameStmt', 'ALTER TABLE users RENAME CONSTRAINT a TO phone'],
  ['AlterTableStmt', 'ALTER TABLE users DROP COLUMN note'],
  ['AlterTableStmt', 'ALTER TABLE users ALTER note TYPE text, ALTER phone SET NOT NULL'],
  ['DropStmt', 'DROP TABLE public.old'],
  ['AlterEnumStmt', "ALTER TYPE mood ADD VALUE 'phone'"],
  ['AlterTableStmt', 'ALTER TABLE public.users ATTACH PARTITION public.a'],
  ['SelectStmt', "select pg_catalog.set_config('search_path', '', false)"],
  ['CreateStmt', 'CREATE TABLE users2 (phone text)'],
])('%s leaves the rows as they are: %s', (tag, sql) => expect(changes(tag, sql)).toBe(false));

test.each([
  ['RenameStmt', 'ALTER TABLE users RENAME COLUMN phone TO tel'],
  ['RenameStmt', 'ALTER TABLE users RENAME tel TO phone'],
  ['RenameStmt', 'ALTER TABLE old RENAME TO users'],
  ['RenameStmt', 'ALTER SCHEMA public RENAME TO other'],
  ['AlterObjectSchemaStmt', 'ALTER TABLE users SET SCHEMA old'],
  ['AlterTableStmt', 'ALTER TABLE users DROP COLUMN phone, ADD COLUMN phone text'],
  ['AlterTableStmt', "ALTER TABLE users ALTER COLUMN phone TYPE text USING coalesce(phone, '')"],
  ['AlterTableStmt', 'ALTER TABLE users DETACH PARTITION a'],
  ['DropStmt', 'DROP TABLE users'],
  ['DropStmt', 'DROP TYPE mood CASCADE'],
  ['DoStmt', 'DO $$ begin perform fill(); end $$'],
  ['UpdateStmt', "UPDATE users SET phone = ''"],
  ['SelectStmt', 'SELECT fill()'],
])('%s may change the rows: %s', (tag, sql) => expect(changes(tag, sql)).toBe(true));

test('the actions of an ALTER TABLE are taken apart at its own commas', () => {
  const sql = `ALTER TABLE public."a, b" ADD COLUMN c numeric(4, 2) DEFAULT ',', ALTER COLUMN d SET NOT NULL`;
  expect(listActions(sql)).toEqual([
    sql,
    `ALTER TABLE public."a, b" ADD COLUMN c numeric(4, 2) DEFAULT ','`,
    'ALTER TABLE public."a, b" ALTER COLUMN d SET NOT NULL',
  ]);
  expect(listActions('UPDATE a SET b = 1, c = 2')).toEqual(['UPDATE a SET b = 1, c = 2']);
});
