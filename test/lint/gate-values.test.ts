// The policy on values that an UPDATE overwrites, and on the way back: db:rollback is judged as db:sync is.
import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { rollback } from '../../lib/commands/rollback.ts';
import { sync } from '../../lib/commands/sync.ts';
import type { PolicyConfig } from '../../lib/config/policy.ts';
import { rollbackPlanText } from '../../lib/report/migrations.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { derive } from '../project/workspace.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

const forced = { yes: true, force: true } as const;
const old = 'create table users (id int primary key, name text, note text);';
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
  own.want(old);
  await sync(own.context, forced, undefined);
  const rows = `insert into users select n, 'x', repeat('y', 100) from generate_series(1, 5000) n`;
  await rowsOf(database.url, rows);
});
afterEach(async () => {
  own.drop();
  await database.drop();
});

const under = (policy: PolicyConfig) => derive(own.context, { policy });
const syncing = (policy: PolicyConfig) => sync(under(policy), forced, undefined);
const undoing = (policy: PolicyConfig, version?: string) =>
  rollback(under(policy), { ...forced, version }, undefined);
const names = async () =>
  (await rowsOf(database.url, 'select distinct name from users')).map(({ name }) => name);

/** Writes a draft. */
async function draft(up: string, down = 'select 1;'): Promise<void> {
  await generate(own.context, { empty: true });
  const file = own.files().at(-1) as string;
  own.write(file, `-- Up Migration\n\n${up}\n\n-- Down Migration\n\n${down}\n`);
}

test('db:sync refuses an UPDATE that the policy denies, also with --force, and a comment allows it', async () => {
  await draft(`update users set name = 'masked';`);
  const refused = await failure(syncing({ loses_values: 'deny' }));
  expect(refused.code).toBe('policy_denied');
  expect(refused.message).toMatch(/loses_values: update users set name = 'masked' \(users: [\d,]+ kB\)/);
  expect(refused.hint).toContain("'-- pgmage:allow loses_values public.users'");
  expect(await names()).toEqual(['x']);
  // By the size of the table.
  expect((await failure(syncing({ loses_values: { over: '100kB', level: 'deny' } }))).code).toBe(
    'policy_denied',
  );
  own.want(`-- pgmage:allow loses_values users: names of tests alone\n${old}`);
  expect((await syncing({ loses_values: 'deny' })).applied).toHaveLength(1);
  expect(await names()).toEqual(['masked']);
});

test.each([
  ['with WHERE', `update users set name = 'z' where id = 1;`, 'deny', 'policy_denied'],
  ['in a table below the size', `update users set name = 'z';`, { over: '1GB', level: 'deny' }, null],
  ['of NULL alone', 'update users set name = note where name is null;', 'deny', null],
] as const)('an UPDATE %s', async (_, sql, level, code) => {
  await draft(sql);
  const ended = await syncing({ loses_values: level }).catch((thrown) => thrown);
  expect(ended.code ?? null).toBe(code);
});

test('a column that the pending migrations add has no values to lose', async () => {
  own.want(`${old} alter table users add column email text;`);
  await generate(own.context);
  await draft(`update users set email = id || '@example.com';`);
  // Another database may have the first one alone.
  expect((await failure(generate(under({ loses_values: 'deny' })))).code).toBe('policy_denied');
  await generate(own.context);
  expect((await syncing({ loses_values: 'deny' })).applied).toHaveLength(2);
});

test('db:rollback is refused by the policy, before anything runs, and a comment in the schema allows it', async () => {
  own.want(`${old} create table logs (id int primary key);`);
  await sync(own.context, forced, undefined);
  await rowsOf(database.url, 'insert into logs values (1)');
  const refused = await failure(undoing({ deletes_data: 'deny' }));
  expect(refused).toMatchObject({ code: 'policy_denied', exitCode: 1 });
  expect(refused.message).toContain('deletes_data: DROP TABLE public.logs (logs: ');
  expect(refused.hint).toContain("'-- pgmage:allow deletes_data public.logs'");
  expect(await rowsOf(database.url, 'select id from logs')).toEqual([{ id: 1 }]);
  // A small table may go.
  const sized = { deletes_data: { over: '1GB', level: 'deny' } } as const;
  own.want(`${old}\n-- pgmage:allow deletes_data: it goes back\ncreate table logs (id int primary key);`);
  expect((await undoing({ deletes_data: 'deny' })).done).toBe(true);
  await sync(own.context, forced, undefined);
  own.want(`${old} create table logs (id int primary key);`);
  expect((await undoing(sized)).done).toBe(true);
  expect(await rowsOf(database.url, `select to_regclass('logs') as is`)).toEqual([{ is: null }]);
});

test('db:rollback judges what a user wrote into the way down, and only of what is undone', async () => {
  await draft('select 1;', `update users set name = 'back';`);
  await sync(own.context, forced, undefined);
  await draft('select 2;', '-- pgmage:allow deletes_data: of tests\ndelete from users where id > 4000;');
  await sync(own.context, forced, undefined);
  const deny = { deletes_data: 'deny', loses_values: 'deny' } as const;
  const both = await failure(undoing(deny, '0'));
  expect(both.message).toContain(`loses_values: update users set name = 'back'`);
  expect(both.message).not.toContain('delete from users where');
  expect((await undoing(deny)).done).toBe(true);
  expect(await rowsOf(database.url, 'select count(*)::int as n from users')).toEqual([{ n: 4000 }]);
  expect((await failure(undoing(deny))).code).toBe('policy_denied');
  expect(await names()).toEqual(['x']);
});

test('db:rollback tells what the policy warns of, and asks', async () => {
  own.want(`${old} create table logs (id int primary key);`);
  await sync(own.context, forced, undefined);
  const shown: string[] = [];
  const paper = { width: 80, uncut: true, colour: false, now: new Date(0) };
  const report = await rollback(under({ deletes_data: 'warn' }), { force: true }, async (plan) => {
    shown.push(rollbackPlanText(plan, paper));
    return false;
  });
  expect(report).toMatchObject({ done: false, policy: [{ hazard: 'deletes_data', level: 'warn' }] });
  expect(shown).toEqual([
    expect.stringContaining('The policy warns of:\n  deletes_data: DROP TABLE public.logs'),
  ]);
});
