// Migrations of which one is certain to fail on rows: none of them runs, whatever the others do.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { push } from '../../lib/commands/push.ts';
import { sync } from '../../lib/commands/sync.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, withProject } from '../project/project.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

let cache: string;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));

const old = 'create table users (id int primary key, name text not null, phone text, note text);';
const filled = `insert into users select n, 'n', nullif('p' || n, 'p7'), 'kept' from generate_series(1, 50) n`;

/** A database with rows and no pending migration. */
async function scene(work: (own: Project, url: string) => Promise<void>): Promise<void> {
  await withDatabase(anyServer(), ({ url }) =>
    withProject(url, cache, async (own) => {
      own.want(old);
      await sync(own.context, { yes: true }, undefined);
      await rowsOf(url, filled);
      await work(own, url);
    }),
  );
}

/** Refused, and nothing is lost. */
async function refused(own: Project, url: string, rename: readonly string[] = []) {
  const before = own.files();
  const problem = await failure(sync(own.context, { yes: true, force: true, rename }, undefined));
  expect(problem.code).toBe('rows_in_the_way');
  expect(own.files()).toEqual(before);
  expect(await rowsOf(url, 'select count(note)::int as notes from users')).toEqual([{ notes: 50 }]);
  return problem.message;
}

const found = '1 of 50 rows of users has no phone, for example id = 7';

test('a column of the same table is renamed, and another one dropped before', () =>
  scene(async (own, url) => {
    own.want('create table users (id int primary key, full_name text not null, phone text not null);');
    expect(await refused(own, url, ['users.name=full_name'])).toContain(found);
  }));

test('the column itself is renamed', () =>
  scene(async (own, url) => {
    own.want('create table users (id int primary key, name text not null, tel text not null);');
    const message = await refused(own, url, ['users.phone=tel']);
    expect(message).toContain('1 of 50 rows of users has no tel, for example id = 7');
    const rename = ['users.phone=tel'];
    const pushed = await failure(push(own.context, { yes: true, force: true, rename }, undefined));
    expect(pushed.code).toBe('rows_in_the_way');
    await rowsOf(url, `update users set phone = '' where phone is null`);
    await sync(own.context, { yes: true, force: true, rename }, undefined);
    expect(await rowsOf(url, 'select count(tel)::int as n from users')).toEqual([{ n: 50 }]);
  }));

test('the table is renamed', () =>
  scene(async (own, url) => {
    own.want('create table people (id int primary key, name text not null, phone text not null);');
    expect(await refused(own, url, ['users=people'])).toContain(found);
  }));

/** Writes a migration for each of these schemas. */
async function generateEach(own: Project, ...schemas: readonly string[]): Promise<void> {
  for (const schema of schemas) {
    own.want(schema);
    await generate(own.context);
  }
}

const noNote = old.replace(', note text', '');
const required = noNote.replace('phone text', 'phone text not null');

test('each is a migration of its own, and a later one takes the failing one back', () =>
  scene(async (own, url) => {
    await generateEach(own, noNote, required, noNote, `${noNote} create index on users (name);`);
    const message = await refused(own, url);
    expect(message).toContain(found);
    expect(message).toMatch(/^\S*migrations\/\d+_\w*phone\w*\.sql would fail on rows of local/);
  }));

test('a draft in words of its own, before a block that changes nothing of these rows', () =>
  scene(async (own, url) => {
    await generateEach(own, noNote);
    own.write(
      '20270101000000000_phone.sql',
      '-- Up Migration\nalter table users alter phone set not null;\n',
    );
    own.write(
      '20270101000000001_do.sql',
      '-- Up Migration\ndo $$ begin update users set phone = 1; end $$;\n',
    );
    own.want(required);
    expect(await refused(own, url)).toContain(found);
  }));

test('a migration before it fills the rows, or makes the column again', () =>
  scene(async (own, url) => {
    own.write(
      '20270101000000000_fill.sql',
      `-- Up Migration\ndo $$ begin update users set phone = '' where phone is null; end $$;\n`,
    );
    await generateEach(own, required);
    await sync(own.context, { yes: true, force: true }, undefined);
    const column = (text: string) => required.replace('phone text', `${text}, phone text`);
    await generateEach(own, column('email text'));
    await sync(own.context, { yes: true }, undefined);
    const again = column(`email text default 'x'`);
    await generateEach(own, required, again, again.replace('email text', 'email text not null'));
    await sync(own.context, { yes: true, force: true }, undefined);
    expect(await rowsOf(url, 'select count(email)::int as n from users')).toEqual([{ n: 50 }]);
  }));
