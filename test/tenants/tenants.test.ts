// Tenants: one schema in many databases, by processes: status, sync, rollback, verify and history.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Errors } from 'typebox/schema';
import { afterEach, expect, test, vi } from 'vitest';
import { sync } from '../../lib/commands/sync.ts';
import { tenantsSyncPlanText } from '../../lib/report/tenants.ts';
import type { TenantsPlan } from '../../lib/tenants/change.ts';
import type { TenantsHistoryReport } from '../../lib/tenants/history.ts';
import type { TenantsReport } from '../../lib/tenants/report.ts';
import { type TenantsRollbackReport, tenantsRollback } from '../../lib/tenants/rollback.ts';
import { tenantsStatus } from '../../lib/tenants/status.ts';
import { type TenantsSyncReport, tenantsSync } from '../../lib/tenants/sync.ts';
import { type TenantsVerifyReport, tenantsVerify } from '../../lib/tenants/verify.ts';
import { jsonSchema } from '../docs/schemas.ts';
import { failure } from '../failure.ts';
import { rowsOf } from '../servers/databases.ts';
import { userSession } from '../servers/session.ts';
import { type Fleet, openFleet, users } from './fleet.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

let fleet: Fleet;
afterEach(() => fleet.drop());

const { $defs } = jsonSchema();

/** The report of a run, which fits its schema. */
async function report<Facts>(type: string, words: string): Promise<{ code: number; facts: Facts }> {
  const found = await fleet.json<Facts>(words);
  const [, faults] = Errors({ $ref: `#/$defs/${type}`, $defs }, found.facts);
  expect([type, faults]).toEqual([type, []]);
  return found;
}

const states = ({ tenants }: TenantsReport) =>
  Object.fromEntries(tenants.map(({ name, state }) => [name, state]));
const migrations = () =>
  readdirSync(join(fleet.project.root, 'migrations')).filter((one) => /sql$/.test(one));
const columns = async (name: string) =>
  (
    await fleet.rows<{ name: string }>(
      name,
      `select column_name::text as name from information_schema.columns where table_schema = 'public'
        order by ordinal_position`,
    )
  ).map((one) => one.name);

test('from nothing to all in sync: status, sync with the canary first, verify, history, rollback', async () => {
  fleet = await openFleet(['acme', 'globex', 'initech']);
  fleet.configure(`each: 'select name, database from tenants order by at', canary: 'globex'`);
  const before = await fleet.pgmage('db:status --env shops --check');
  expect(before.code).toBe(2);
  expect(before.out).toMatch(
    /^Tenants of shops: 3\nLocal Schema: schema\/schema\.sql, migrations: 0\n {2}globex +out of sync +missing: TABLE users/,
  );
  expect(before.out).toContain(`3 tenants: 3 out of sync.\nRun 'db:sync --env shops' to apply changes\n`);

  const unasked = await fleet.pgmage('db:sync --env shops');
  expect(unasked).toMatchObject({ code: 64, out: '' });
  expect(unasked.log).toContain('db:sync of shops needs confirmation');
  const dry = await fleet.pgmage('db:sync --env shops --dry-run');
  expect(dry.code).toBe(0);
  expect(dry.out).toContain('CREATE TABLE public.users');
  expect(dry.out).toContain('to 3 of 3 tenants of shops: globex first, then the others.');
  expect(await columns('acme')).toEqual([]);

  const synced = await fleet.pgmage('db:sync --env shops --yes');
  expect(synced.code).toBe(0);
  expect(synced.out).toMatch(
    /^Tenants of shops: 3\n {2}globex +done +1 migration +applied \d+_add_table_users\n {2}acme +done/,
  );
  expect(synced.out).toContain('3 tenants: 3 done.\n');
  expect(migrations()).toHaveLength(1);
  const times = await Promise.all(
    ['globex', 'acme', 'initech'].map(async (name) => {
      const sql = 'select (extract(epoch from at) * 1000)::float8 as at from pgmage.audit';
      return (await fleet.rows<{ at: number }>(name, sql))[0]?.at as number;
    }),
  );
  expect(Math.min(...times)).toBe(times[0]);

  const again = await report<TenantsSyncReport>('TenantsSyncReport', 'db:sync --env shops --yes');
  expect(again).toMatchObject({ code: 0, facts: { done: true, written: [], plan: { changing: 0 } } });
  expect(states(again.facts)).toEqual({ globex: 'in_sync', acme: 'in_sync', initech: 'in_sync' });
  expect((await fleet.pgmage('db:status --env shops --check')).code).toBe(0);
  const verified = await report<TenantsVerifyReport>('TenantsVerifyReport', 'db:verify --env shops');
  expect([verified.code, verified.facts.sound, verified.facts.checks.length]).toEqual([0, true, 4]);
  const { facts } = await report<TenantsHistoryReport>('TenantsHistoryReport', 'db:history --env shops');
  expect(facts.tenants.map(({ name, applied, last }) => [name, applied, last?.direction])).toEqual([
    ['globex', 1, 'up'],
    ['acme', 1, 'up'],
    ['initech', 1, 'up'],
  ]);
  expect((await fleet.pgmage('db:history --env shops')).out).toMatch(/globex +1 migration +\d+_add_table/);

  const refused = await fleet.pgmage('db:rollback --env shops --yes');
  expect(refused.code).toBe(1);
  expect(refused.log).toContain('DROP TABLE public.users (in 3 of 3 tenants)');
  const undone = await report<TenantsRollbackReport>(
    'TenantsRollbackReport',
    'db:rollback --env shops --yes --force',
  );
  expect([undone.code, undone.facts.kept]).toEqual([0, null]);
  expect(states(undone.facts)).toEqual({ globex: 'changed', acme: 'changed', initech: 'changed' });
  expect(await columns('initech')).toEqual([]);
});

test('a tenant that fails in the middle: the others wait, or go on; a second run goes on where it ended', async () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  fleet = await openFleet(names);
  fleet.configure(`each: 'select name, database from tenants order by at'`, 'lockTimeout: 50');
  await fleet.pgmage('db:sync --env shops --yes');
  fleet.want('create table users (id int primary key, name text, email text);');
  const reader = await userSession({ url: fleet.url('c'), applicationName: 'reader' });
  await reader.execute('begin; lock table users in access share mode');

  const stopped = await report<TenantsSyncReport>('TenantsSyncReport', 'db:sync --env shops --yes --jobs 1');
  expect(stopped.code).toBe(1);
  expect(states(stopped.facts)).toEqual({
    a: 'changed',
    b: 'changed',
    c: 'failed',
    d: 'not_begun',
    e: 'not_begun',
  });
  expect(stopped.facts.tenants[2]?.problem).toMatchObject({ code: 'lock_unavailable' });
  expect(await columns('d')).toEqual(['id', 'name']);
  const status = await fleet.pgmage('db:status --env shops');
  expect(status.out).toContain('5 tenants: 2 in sync, 3 behind.');

  const keeping = await fleet.pgmage('db:sync --env shops --yes --keep-going');
  expect(keeping.code).toBe(1);
  expect(keeping.out).toMatch(/c +failed +Could not get ACCESS EXCLUSIVE on users in shops:c/);
  expect(keeping.out).toContain('5 tenants: 2 in sync, 1 failed, 2 done.');
  expect(keeping.out).toContain(
    `Then run 'db:sync --env shops' again: tenants that are done stay as they are.`,
  );
  expect(await columns('e')).toEqual(['id', 'name', 'email']);

  await reader.execute('commit');
  await reader.close();
  const resumed = await report<TenantsSyncReport>('TenantsSyncReport', 'db:sync --env shops --yes');
  expect([resumed.code, resumed.facts.plan.changing]).toEqual([0, 1]);
  expect(states(resumed.facts)).toEqual({ ...ofAll(names, 'in_sync'), c: 'changed' });
  expect(migrations()).toHaveLength(2);
});

test('after the canary, as many tenants are changed at once as --jobs says', async () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  fleet = await openFleet(names);
  await fleet.pgmage('db:sync --env shops --yes');
  fleet.want('create table users (id int primary key, name text, email text);');
  const others = names.slice(1);
  const readers = await Promise.all(
    others.map((name) => userSession({ url: fleet.url(name), applicationName: 'reader' })),
  );
  for (const reader of readers) await reader.execute('begin; lock table users in access share mode');
  const { ended } = fleet.start('db:sync --env shops --yes --jobs 3 --lock-timeout 0');
  const waiting = async () =>
    (
      await fleet.rows<{ name: string }>(
        'a',
        `select datname::text as name from pg_stat_activity where wait_event_type = 'Lock'
          and datname like '${fleet.prefix.replaceAll('_', '\\_')}%' order by 1`,
      )
    ).map(({ name }) => name.replace(`${fleet.prefix}_`, ''));
  await expect.poll(waiting, { timeout: 60_000 }).toEqual(['b', 'c', 'd']);
  expect(await columns('a')).toEqual(['id', 'name', 'email']);
  await readers[0]?.execute('commit');
  await expect.poll(waiting, { timeout: 60_000 }).toEqual(['c', 'd', 'e']);
  for (const reader of readers) await reader.close();
  expect((await ended).out).toContain('5 tenants: 5 done.');
});

test('what a look finds stops before anything is changed, or leaves that tenant out', async () => {
  fleet = await openFleet(['a', 'b', 'c']);
  await using workspace = await fleet.open();
  const sync = (more = {}) =>
    tenantsSync(workspace, { env: 'shops', yes: true, jobs: 1, ...more }, undefined);
  await sync();
  await fleet.rows('b', 'alter table users add column by_hand int');
  fleet.want('create table users (id int primary key, name text, email text);');
  const stopped = await sync();
  expect(states(stopped)).toEqual({ a: 'not_begun', b: 'failed', c: 'not_begun' });
  expect(stopped.tenants[1]?.problem?.code).toBe('drifted');
  expect(migrations()).toHaveLength(1);
  const status = await tenantsStatus(workspace, { env: 'shops' });
  expect(states(status)).toEqual({ a: 'out_of_sync', b: 'drifted', c: 'out_of_sync' });
  const verified = await tenantsVerify(workspace, { env: 'shops' });
  expect([verified.sound, states(verified)]).toEqual([false, { a: 'in_sync', b: 'faulty', c: 'in_sync' }]);

  const keeping = await sync({ keepGoing: true });
  expect(states(keeping)).toEqual({ a: 'changed', b: 'failed', c: 'changed' });
  expect(keeping.plan).toMatchObject({ changing: 2, failed: [{ name: 'b' }] });
  const text = tenantsSyncPlanText(keeping.plan, { width: 80, colour: false, now: new Date(0) });
  expect(text).toMatch(/1 tenant cannot be changed:\n {2}b +failed/);
  expect(text).toContain('to 2 of 3 tenants of shops: a first, then the others.');
  expect(await columns('c')).toEqual(['id', 'name', 'email']);
  expect(await columns('b')).toEqual(['id', 'name', 'by_hand']);

  // The canary stops all, whatever else is wanted.
  await fleet.rows('a', 'alter table users add column by_hand int');
  fleet.want('create table users (id int primary key);');
  const canary = await sync({ force: true, keepGoing: true });
  expect(states(canary)).toEqual({ a: 'failed', b: 'not_begun', c: 'not_begun' });
});

test('losses are the worst case over all tenants, asked once', async () => {
  fleet = await openFleet(['a', 'b', 'c']);
  await using workspace = await fleet.open();
  await tenantsSync(workspace, { env: 'shops', yes: true }, undefined);
  for (const name of ['a', 'b', 'c'])
    await fleet.rows(name, `insert into users select at, 'x' from generate_series(1, 100) at; analyze users`);
  fleet.want('create table users (id int primary key);');
  const refused = await failure(tenantsSync(workspace, { env: 'shops', yes: true }, undefined));
  expect(refused.code).toBe('data_loss_refused');
  expect(refused.hint).toContain('DROP COLUMN name (in 3 of 3 tenants)');
  expect([await columns('a'), migrations().length]).toEqual([['id', 'name'], 1]);
  const asked: TenantsPlan[] = [];
  const ask = async (plan: TenantsPlan) => {
    asked.push(plan);
    return asked.length > 1;
  };
  const declined = await tenantsSync(workspace, { env: 'shops', force: true }, ask);
  expect([declined.done, declined.written, migrations().length]).toEqual([false, [], 1]);
  expect(asked).toHaveLength(1);
  expect(asked[0]?.cautions).toContainEqual({
    hazard: 'deletes_data',
    sql: expect.stringContaining('DROP COLUMN name'),
    tenants: 3,
    table: { name: 'users', rows: 300, bytes: expect.any(Number) },
  });
  const moved = async (plan: TenantsPlan) => {
    // Between the question and the change, one tenant goes back.
    await tenantsRollback(workspace, { env: 'shops', yes: true, force: true, version: '0' }, undefined);
    return plan.changing === 3;
  };
  const late = await tenantsSync(workspace, { env: 'shops', force: true }, moved);
  expect(states(late)).toEqual({ a: 'failed', b: 'not_begun', c: 'not_begun' });
  expect(late.tenants[0]?.problem?.code).toBe('tenant_moved');
  expect((await tenantsSync(workspace, { env: 'shops', force: true }, ask)).done).toBe(true);
  expect(await columns('c')).toEqual(['id']);
});

test('rollback leads all tenants back to the same migration, however far they are', async () => {
  fleet = await openFleet(['a', 'b', 'c']);
  await using workspace = await fleet.open();
  const consent = { env: 'shops', yes: true, force: true };
  await tenantsSync(workspace, consent, undefined);
  fleet.want('create table users (id int primary key, name text, email text);');
  for (const name of ['shops:a', 'shops:c']) await sync(workspace, { env: name, yes: true }, undefined);
  const undone = await tenantsRollback(workspace, consent, undefined);
  expect(undone.kept).toBe(migrations()[0]?.replace('.sql', ''));
  expect(states(undone)).toEqual({ a: 'changed', b: 'unchanged', c: 'changed' });
  for (const name of ['a', 'b', 'c']) expect(await columns(name)).toEqual(['id', 'name']);
  const unknown = await failure(tenantsRollback(workspace, { ...consent, version: '42' }, undefined));
  expect(unknown.code).toBe('unknown_version');
  const all = await tenantsRollback(workspace, { ...consent, version: '0' }, undefined);
  expect(states(all)).toEqual({ a: 'changed', b: 'changed', c: 'changed' });
  expect((await failure(tenantsRollback(workspace, consent, undefined))).code).toBe('nothing_applied');
});

test('existing tenants are adopted by --baseline', async () => {
  fleet = await openFleet(['a', 'b']);
  await using workspace = await fleet.open();
  for (const name of ['a', 'b']) await fleet.rows(name, users);
  const report = await tenantsSync(workspace, { env: 'shops', yes: true, baseline: true }, undefined);
  expect(states(report)).toEqual({ a: 'changed', b: 'changed' });
  expect(report.tenants[1]?.details).toEqual([expect.stringMatching(/^recorded \d+_add_table_users$/)]);
  expect([report.written.length, migrations().length]).toEqual([1, 1]);
  const status = await tenantsStatus(workspace, { env: 'shops' });
  expect(states(status)).toEqual({ a: 'in_sync', b: 'in_sync' });
});

test('an interrupt tells which tenants are done, under way and not begun', async () => {
  fleet = await openFleet(['a', 'b', 'c', 'd']);
  await fleet.pgmage('db:sync --env shops --yes');
  fleet.want('create table users (id int primary key, name text, email text);');
  const reader = await userSession({ url: fleet.url('b'), applicationName: 'reader' });
  await reader.execute('begin; lock table users in access share mode');
  const { child, ended } = fleet.start('db:sync --env shops --yes --jobs 1 --lock-timeout 0');
  const waits = `select from pg_stat_activity where datname = '${fleet.prefix}_b' and wait_event_type = 'Lock'`;
  while ((await rowsOf(fleet.url('a'), waits)).length === 0)
    await new Promise((resolve) => setTimeout(resolve, 50));
  child.kill('SIGINT');
  const { code, out, log } = await ended;
  expect([code, out]).toEqual([130, '']);
  expect(log).toContain('Interrupted. Done: a. Under way: b. Not begun: 2 tenants.');
  expect(log).toMatch(/ \d+_\w+ was rolled back: it changed nothing in shops:b\./);
  await reader.execute('commit');
  await reader.close();
  const { facts } = await fleet.json<TenantsReport>('db:status --env shops');
  expect(facts.tenants.map(({ state }) => state)).toEqual(['in_sync', 'behind', 'behind', 'behind']);
  expect((await fleet.pgmage('db:sync --env shops --yes')).code).toBe(0);
});

const ofAll = (names: readonly string[], state: string) =>
  Object.fromEntries(names.map((name) => [name, state]));
