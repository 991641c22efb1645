// A pending migration that rows do not fit: whether pgmage writes it again, and else how its author mends it.
import { readFileSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { rollback } from '../../lib/commands/rollback.ts';
import { status } from '../../lib/commands/status.ts';
import { sync } from '../../lib/commands/sync.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

const yes = { yes: true } as const;
const base = 'create table t (a int primary key, b int);';
let cache: string;
let own: Project;
let database: Database;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));
beforeEach(async () => {
  database = await freshDatabase(anyServer());
  own = project(database.url, cache);
  own.want(base);
  await sync(own.context, yes, undefined);
  await rowsOf(database.url, 'insert into t values (1, 1), (2, 1)');
});
afterEach(async () => {
  own.drop();
  await database.drop();
});

const draft = (up: string, down: string) => `-- Up Migration\n${up}\n-- Down Migration\n${down}\n`;
const pathOf = (name: string) => join(own.context.project.root, 'migrations', name);
const change = (name: string, edit: (text: string) => string) =>
  own.write(name, edit(readFileSync(pathOf(name), 'utf8')));
const withoutChecksum = (text: string) => text.replace(/^-- Checksum: .*\n/m, '');
const isInSync = async () => (await status(own.context)).inSync;

const rows = '20270101000000000_rows.sql';
const unique = 'CREATE UNIQUE INDEX i ON public.t USING btree (b);';
const later = '20270102000000000_later.sql';

test('rows of a hand-written migration are for its author to correct, in the way that the hint names', async () => {
  own.write(rows, draft('insert into t values (1);', 'select 1;'));
  const refused = await failure(sync(own.context, yes, undefined));
  expect(refused.code).toBe('unfit_rows');
  expect(refused.hint).toContain(
    `Or, if no other database has migrations/${rows}, delete the line \`-- Checksum\` of migrations/${rows},` +
      ' then edit its SQL or delete the file. Then run db:sync again.',
  );
  expect(refused.hint).not.toContain('--replace');
  // The option does not lose it, and no file is added behind it.
  own.want(`${base} create table u (a int);`);
  const behind = await failure(sync(own.context, { ...yes, replace: true }, undefined));
  expect(behind.code).toBe('stuck_migration');
  expect(behind.hint).not.toContain('--replace');
  expect(own.files()).toContain(rows);
  for (const file of own.files().slice(1))
    change(file, (text) => withoutChecksum(text).replace('values (1)', 'values (3)'));
  expect((await sync(own.context, yes, undefined)).applied).toHaveLength(2);
  expect(await isInSync()).toBe(true);
});

test('a hand-written migration can be deleted, and those behind it stay', async () => {
  own.want(`${base} create index i on t (b);`);
  own.write(rows, draft('insert into t values (1);', 'select 1;'));
  own.write(later, draft('create index i on t (b);', 'drop index i;'));
  const { hint } = await failure(sync(own.context, yes, undefined));
  expect(hint).toContain(`delete the lines \`-- Checksum\` of migrations/${rows}, migrations/${later}, then`);
  for (const file of [rows, later]) change(file, withoutChecksum);
  rmSync(pathOf(rows));
  expect((await sync(own.context, yes, undefined)).applied).toEqual([later.replace('.sql', '')]);
  expect(await isInSync()).toBe(true);
});

test('a draft that is certain to fail is edited as it is', async () => {
  own.want(`${base} create unique index i on t (b);`);
  own.write(rows, draft(`${unique}\nupdate t set b = a;`, 'drop index i;'));
  const refused = await failure(sync(own.context, { ...yes, force: true }, undefined));
  expect(refused.code).toBe('rows_in_the_way');
  expect(refused.hint).toContain(
    `Or, if no other database has migrations/${rows}, edit its SQL or delete the file.`,
  );
  const asked = sync(own.context, { replace: true, force: true }, async () => true);
  expect((await failure(asked)).hint).toBe(refused.hint);
  own.write(rows, draft(`update t set b = a;\n${unique}`, 'drop index i;'));
  expect((await sync(own.context, { ...yes, force: true }, undefined)).applied).toHaveLength(1);
});

test('--replace is accepted where it is advised, also after a run that wrote migrations behind', async () => {
  own.write(rows, draft('select 1; alter table t add constraint c check (b > 1);', 'select 1;'));
  own.want(`${base.replace('b int', 'b int constraint c check (b > 1)')} create table u (a int);`);
  const refused = await failure(sync(own.context, yes, undefined));
  expect([refused.code, own.files()[2]]).toEqual(['unfit_rows', expect.stringContaining('add_table_u')]);
  expect(refused.hint).toContain(`run db:sync --replace: it writes migrations/${rows} again`);
  own.want(`${base} create table u (a int);`);
  const done = await sync(own.context, { ...yes, replace: true }, undefined);
  expect(done.replaced?.files).toHaveLength(2);
  expect(own.files()).not.toContain(rows);
  expect(await isInSync()).toBe(true);
});

test('rows that stop a rollback are not a matter of the schema', async () => {
  own.write(rows, draft('alter table t alter b drop not null;', 'insert into t values (1);'));
  await sync(own.context, yes, undefined);
  const refused = await failure(rollback(own.context, { ...yes, force: true }, undefined));
  expect(refused.code).toBe('unfit_rows');
  expect(refused.hint).toBe(
    'The migration was rolled back. Correct the rows of t, then run db:rollback again.',
  );
});

test('rows that a statement takes along are not lost by writing the file again', async () => {
  const kept = 'create table old as select a from t where b = 1;';
  own.want(`${base} create table old (a int); create unique index i on t (b);`);
  own.write(rows, draft(`${kept} ${unique}`, 'drop index i; drop table old;'));
  const refused = await failure(sync(own.context, { ...yes, replace: true }, undefined));
  expect(refused.hint).not.toContain('--replace');
  expect(own.files()).toContain(rows);
});

test('nothing is added behind a migration that failed and that only its author can correct', async () => {
  own.write(rows, draft(`do $$ begin insert into t values (1); end $$;`, 'select 1;'));
  const first = await failure(sync(own.context, yes, undefined));
  expect(first.message).toContain('duplicate key');
  const files = own.files();
  own.want(`${base} create table u (a int);`);
  const refused = await failure(sync(own.context, {}, async () => true));
  expect(refused.code).toBe('stuck_migration');
  expect(refused.hint).toContain('edit its SQL or delete it. Then run db:sync again.');
  expect(own.files()).toEqual(files);
});
