// An extension that a superuser made before the migration that creates it, in a database of another role.
import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { rollback } from '../../lib/commands/rollback.ts';
import { status } from '../../lib/commands/status.ts';
import { sync } from '../../lib/commands/sync.ts';
import { verify } from '../../lib/commands/verify.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

const yes = { yes: true } as const;
const role = `premade_${process.pid}`;
let cache: string;
let own: Project;
let database: Database;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));
beforeEach(async () => {
  database = await freshDatabase(anyServer());
  await rowsOf(
    database.socket,
    `create role ${role} login password 'x'; alter database ${database.name} owner to ${role}`,
  );
  const url = new URL(database.url);
  [url.username, url.password] = [role, 'x'];
  own = project(url.href, cache);
});
afterEach(async () => {
  own.drop();
  await database.drop();
  await rowsOf(anyServer().url(), `drop role ${role}`);
});

const asSuperuser = (sql: string) => rowsOf(database.socket, sql);
const driftOf = async () => (await status(own.context)).record?.drift;
const draft = (up: string, down: string) => `-- Up Migration\n${up}\n-- Down Migration\n${down}\n`;

test('a role without rights takes the extension as it is, in an empty database and later', async () => {
  own.want('create extension bloom; create table t (a int);');
  const denied = await failure(sync(own.context, yes, undefined));
  expect(denied.hint).toContain('Let a superuser create it in the database first.');
  await asSuperuser('create extension bloom');
  expect(await driftOf()).toEqual([]);
  expect((await sync(own.context, yes, undefined)).applied).toHaveLength(1);
  expect((await status(own.context)).inSync).toBe(true);

  await asSuperuser('create extension amcheck');
  // No migration creates it yet.
  expect(await driftOf()).toEqual([expect.objectContaining({ text: expect.stringContaining('amcheck') })]);
  own.want('create extension bloom; create extension amcheck; create table t (a int, b int);');
  await generate(own.context);
  expect(await driftOf()).toEqual([]);
  expect((await sync(own.context, yes, undefined)).applied).toHaveLength(1);
  expect([(await status(own.context)).inSync, (await verify(own.context)).sound]).toEqual([true, true]);
  const owners = await asSuperuser(
    `select distinct rolsuper from pg_extension join pg_roles r on r.oid = extowner`,
  );
  expect(owners).toEqual([{ rolsuper: true }]);
});

test('migrations before it can be undone, and it stays', async () => {
  own.want('create table t (a int);');
  await sync(own.context, yes, undefined);
  own.want('create extension bloom; create table t (a int);');
  await generate(own.context);
  await asSuperuser('create extension bloom');
  await rollback(own.context, { ...yes, force: true, version: '0' }, undefined);
  expect(await driftOf()).toEqual([]);
  expect(await asSuperuser(`select from pg_extension where extname = 'bloom'`)).toHaveLength(1);
});

test('an extension in another schema, or one that a migration wants to make itself, is a drift', async () => {
  own.want('create table t (a int);');
  await sync(own.context, yes, undefined);
  await asSuperuser('create extension bloom schema pg_catalog');
  own.want('create extension bloom; create table t (a int);');
  expect((await failure(sync(own.context, yes, undefined))).code).toBe('drifted');
  await asSuperuser('drop extension bloom; create extension bloom');
  own.write('20270101000000000_bloom.sql', draft('create extension bloom;', 'drop extension bloom;'));
  expect((await failure(sync(own.context, yes, undefined))).code).toBe('drifted');
  own.write('20270101000000000_bloom.sql', draft('create extension if not exists bloom;', 'select 1;'));
  expect((await sync(own.context, yes, undefined)).applied).toHaveLength(1);
});

test('what needs the extension is a drift, and so is another extension', async () => {
  own.want('create extension bloom; create table t (a int);');
  await generate(own.context);
  await asSuperuser('create extension bloom; create extension amcheck');
  const refused = await failure(sync(own.context, yes, undefined));
  expect([refused.code, refused.message]).toEqual(['unrecorded', expect.stringContaining('amcheck')]);
  expect(refused.message).not.toContain('bloom');
  await asSuperuser('drop extension amcheck; create table u (a int); create index on u using bloom (a)');
  expect((await failure(sync(own.context, yes, undefined))).code).toBe('unrecorded');
});
