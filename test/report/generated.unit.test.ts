// `db:types` and `db:docs` as text.
import { expect, test } from 'vitest';
import { docsText, typesText } from '../../lib/report/generated.ts';

const paper = { width: 80, colour: false, now: new Date(0) };
const counts = { relations: 1, types: 0, routines: 0 };

test('the command that writes an outdated file again has the options of the check', () => {
  const types = { from: 'prod', file: 'src/db.ts', text: null, ...counts, changed: null, upToDate: false };
  const text = (asked: { from?: string; kysely?: boolean }) =>
    typesText(types, paper, asked).split('\n').at(-1);
  expect(text({ kysely: true })).toBe("Run 'db:types --out src/db.ts --kysely'.");
  expect(text({ from: 'postgres://me:secret@host/db' })).toMatch(/ --from postgres:\/\/me@host\/db'\.$/);
  expect(docsText(docs, paper, { from: 'prod' })).toMatch(/Run 'db:docs --out docs --from prod'\.$/);
});

const docs = {
  from: 'prod',
  folder: 'docs',
  ...counts,
  against: null,
  changes: null,
  files: 4,
  written: [],
  removed: ['a'],
  upToDate: false,
};

test('the command of db:docs names both sources as they were given, without a password', () => {
  const shown = { ...docs, folder: 'the docs', against: 'postgres://me@host/db', changes: 1 };
  const asked = { from: 'old files/schema.sql', against: 'postgres://me:hunter2@host/db?sslmode=require' };
  expect(docsText(shown, paper, asked).split('\n').at(-1)).toBe(
    `Run 'db:docs --against "postgres://me@host/db?sslmode=require" --out "the docs" --from "old files/schema.sql"'.`,
  );
});
