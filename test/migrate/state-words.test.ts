// The state of a database in words: a drift as it was done, a failed migration, merged files by name.
import { rm } from 'node:fs/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { pullDrift } from '../../lib/commands/pull-drift.ts';
import { rollback } from '../../lib/commands/rollback.ts';
import { status } from '../../lib/commands/status.ts';
import { sync } from '../../lib/commands/sync.ts';
import { verify } from '../../lib/commands/verify.ts';
import { statusAnnotations } from '../../lib/report/annotations.ts';
import { generateText } from '../../lib/report/migrations.ts';
import { driftText } from '../../lib/report/pull.ts';
import { statusText } from '../../lib/report/status.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

const yes = { yes: true } as const;
const paper = { width: 100, colour: false, now: new Date('2026-01-02') };
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
});
afterEach(async () => {
  own.drop();
  await database.drop();
});

test('extensions that were there before the first migration are told how to stay', async () => {
  own.want('create table users (id int);');
  await generate(own.context, {});
  await rowsOf(database.url, 'create extension hstore');
  const { code, hint } = await failure(sync(own.context, yes, undefined));
  expect(code).toBe('unrecorded');
  expect(hint).toContain("ignore: { objects: ['extension:hstore'] }");
  expect(hint).not.toContain('--baseline');
  await rowsOf(database.url, 'create table other (id int)');
  expect((await failure(sync(own.context, yes, undefined))).hint).toContain('--baseline');
});

test('a drift is shown as it was done, wherever it is shown', async () => {
  own.want(`create table users (id int not null, name text);
    create table orders (id int, note text); create index gone on orders (id);
    create view v as select id from users;`);
  await sync(own.context, yes, undefined);
  await rowsOf(
    database.url,
    `alter table users add hotfix int; alter table orders drop note; alter table users alter id drop not null;
     create index adhoc on users (name); drop index gone; create or replace view v as select id + 0 as id from users`,
  );
  const done = [
    'ALTER TABLE users ADD COLUMN hotfix integer',
    'ALTER TABLE users ALTER COLUMN id DROP NOT NULL',
    'added INDEX adhoc ON users(name)',
    expect.stringMatching(/^changed VIEW v/),
    'dropped COLUMN orders.note',
    'dropped INDEX gone ON orders(id)',
  ];
  const { checks } = await verify(own.context);
  expect([...(checks.find(({ is }) => is === 'actual')?.faults ?? [])].sort()).toEqual(done);
  const report = await status(own.context);
  const shown = statusText(report, paper);
  for (const words of [
    'ADD COLUMN hotfix',
    'dropped COLUMN orders.note',
    'users ALTER COLUMN id DROP NOT NULL',
    'added INDEX adhoc',
  ])
    expect(shown.slice(shown.indexOf('Drift in local'))).toContain(words);
  // Where db:sync refuses, it does not help.
  expect(shown).toContain('until then, db:sync changes nothing');
  expect(shown).not.toContain("Run 'db:sync'");
  expect(statusAnnotations(report)).toMatch(/Drift in local.*::.*dropped INDEX gone/);
  const refused = await failure(sync(own.context, yes, undefined));
  expect(refused.code).toBe('drifted');
  for (const words of done.filter((one) => typeof one === 'string')) expect(refused.message).toContain(words);
  const taken = driftText(await pullDrift(own.context), paper);
  expect(taken).toContain('ADD COLUMN hotfix');
  expect(taken).toContain('added INDEX adhoc');
});

test('what a migration left that failed half-way is not called a drift', async () => {
  own.want('create table t (a int);');
  await sync(own.context, yes, undefined);
  await rowsOf(database.url, 'insert into t values (1)');
  own.want('create table t (a int); create index i on t (a);');
  own.write(
    '20270101000000000_by_hand.sql',
    '-- Transaction: none\n-- Up Migration\ncreate index i on t (a);\nselect 1 / (count(*) - 1) from t;\n' +
      '-- Down Migration\ndrop index i;\n',
  );
  expect((await failure(sync(own.context, yes, undefined))).code).toBe('broke_off');
  const { record } = await status(own.context);
  expect([record?.drift, record?.unfinished.map(({ text }) => text)]).toEqual([[], ['INDEX i ON t(a)']]);
  const shown = statusText(await status(own.context), paper);
  expect(shown).toContain('Left in local by a migration that failed half-way:\n  - added INDEX i');
  expect(shown).toContain('failed half-way: db:sync continues it, db:rollback undoes it');
  expect(shown).not.toContain('Drift');
  const { checks, sound } = await verify(own.context);
  expect([sound, checks.some(({ is }) => is === 'actual')]).toEqual([false, false]);
  expect(checks.find(({ is }) => is === 'ledger')?.faults.join()).toContain('db:rollback undoes it');
});

test('an index whose build failed is called invalid, with the ways out', async () => {
  const name = 'UNIQUE INDEX i ON t(a)';
  const table = 'create table t (a int);';
  own.want(table);
  await sync(own.context, yes, undefined);
  // The rows fit when pgmage looks, and no longer when the server does.
  const late = new pg.Client(database.url);
  await late.connect();
  await late.query('begin; insert into t values (1), (1)');
  own.want(`${table} create unique index i on t (a);`);
  const failing = failure(sync(own.context, yes, undefined));
  const waits = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  await expect.poll(() => rowsOf(database.url, waits), { timeout: 60_000 }).toHaveLength(1);
  await late.query('commit');
  await late.end();
  expect((await failing).code).toBe('broke_off');
  const report = await status(own.context);
  expect(report.changes).toMatchObject([{ standing: 'different', text: `${name}: valid no → yes` }]);
  const shown = statusText(report, paper);
  expect(shown).toContain(`half-way:\n  - added ${name} (invalid: its build did not finish)`);
  expect(shown).not.toContain('DROP INDEX');
  const again = await failure(sync(own.context, yes, undefined));
  expect([again.code, again.hint]).toEqual([
    'rows_in_the_way',
    expect.stringContaining('Or run db:rollback'),
  ]);
  own.want(table);
  expect(statusText(await status(own.context), paper)).toContain(
    `Changed in schema.sql, but in no migration (db:generate writes one):\n  - dropped ${name}`,
  );
  await rollback(own.context, yes, undefined);
  await sync(own.context, { ...yes, replace: true }, undefined);
  expect((await status(own.context)).inSync).toBe(true);
});

test('of merged branches, the file that is not applied is named', async () => {
  own.want('create table t (a int);');
  await sync(own.context, yes, undefined);
  const theirs = project(null, cache);
  for (const file of own.files()) theirs.write(file, own.read(file));
  theirs.want('create table t (a int, fa int);');
  await generate(theirs.context, { name: 'fa' });
  own.want('create table t (a int); create table fb (a int);');
  own.context.world.now();
  own.context.world.now();
  await sync(own.context, { ...yes, name: 'fb' }, undefined);
  const file = theirs.files().find((name) => name.includes('fa')) as string;
  own.write(file, theirs.read(file));
  theirs.drop();
  const { checks } = await verify(own.context);
  expect(checks.find(({ is }) => is === 'pending')?.faults).toEqual([file.replace('.sql', '')]);
  expect((await status(own.context)).record?.pending).toEqual([file.replace('.sql', '')]);
});

test('only a file of our own layout is called a draft', async () => {
  own.want('create table t (a int);');
  const draft = await generate(own.context, { empty: true, name: 'mine' });
  expect(generateText(draft, paper)).toContain('a draft: write its SQL');
});

test('the rows of partitions are counted once', async () => {
  const events = (type: string) => `create table events (id int, n ${type}) partition by range (id);
    create table low partition of events for values from (0) to (3000);
    create table high partition of events for values from (3000) to (9000);`;
  own.want(events('int'));
  await sync(own.context, yes, undefined);
  await rowsOf(database.url, 'insert into events select i, i from generate_series(1, 5000) i');
  await rowsOf(database.url, 'analyze events');
  own.want(events('bigint'));
  const { cautions } = await sync(own.context, yes, undefined);
  expect(new Set(cautions.flatMap(({ table }) => (table?.name === 'events' ? [table.rows] : [])))).toEqual(
    new Set([5000]),
  );
});
