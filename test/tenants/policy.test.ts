// The policy of a project holds tenants: each is judged by the sizes of its own tables.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import type { TenantsRollbackReport } from '../../lib/tenants/rollback.ts';
import type { TenantsSyncReport } from '../../lib/tenants/sync.ts';
import { query } from '../servers/server.ts';
import { byDatabase, type Fleet, openFleet, users } from './fleet.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

let fleet: Fleet;
afterEach(() => fleet.drop());

const under = (policy: string, tenants = byDatabase) => fleet.configure(tenants, `policy: { ${policy} }`);
const filled = (table: string) =>
  `insert into ${table} select n, repeat('x', 100) from generate_series(1, 5000) n`;
const migrations = () => readdirSync(join(fleet.project.root, 'migrations')).length;
const hasName = async (name: string, table = 'users') =>
  (
    await fleet.rows(
      name,
      `select from pg_attribute where attrelid = '${table}'::regclass and attname = 'name'`,
    )
  ).length === 1;

interface Judged {
  readonly code: number;
  readonly states: Readonly<Record<string, string>>;
  /** The problem of the first tenant that has one. */
  readonly problem: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
  readonly facts: TenantsSyncReport | TenantsRollbackReport;
}

async function run(words: string): Promise<Judged> {
  const { code, facts } = await fleet.json<TenantsSyncReport | TenantsRollbackReport>(words);
  const states = Object.fromEntries(facts.tenants.map(({ name, state }) => [name, state]));
  const problem = facts.tenants.map((one) => one.problem).find((one) => one !== null) ?? null;
  return { code, states, problem, facts };
}

const syncing = () => run('db:sync --env shops --yes --force');

test('db:sync changes no tenant where the policy refuses one, by the size of its own table', async () => {
  fleet = await openFleet(['acme', 'globex']);
  expect((await syncing()).states).toEqual({ acme: 'changed', globex: 'changed' });
  await fleet.rows('globex', filled('users'));
  fleet.want('create table users (id int primary key);');
  under(`deletes_data: { over: '100kB', level: 'deny' }`);
  const refused = await syncing();
  expect(refused).toMatchObject({
    code: 1,
    states: { acme: 'not_begun', globex: 'failed' },
    problem: { code: 'policy_denied', hint: expect.stringContaining('-- pgmage:allow deletes_data') },
  });
  expect(refused.problem?.message).toMatch(/deletes_data: ALTER TABLE .* \(users: [\d,]+ kB\)$/);
  expect([migrations(), await hasName('acme'), await hasName('globex')]).toEqual([1, true, true]);

  under(`deletes_data: 'deny'`);
  expect((await syncing()).states).toEqual({ acme: 'failed', globex: 'not_begun' });
  expect(migrations()).toBe(1);

  under(`deletes_data: { over: '1GB', level: 'deny' }`);
  expect((await syncing()).states).toEqual({ acme: 'changed', globex: 'changed' });
  expect([migrations(), await hasName('acme'), await hasName('globex')]).toEqual([2, false, false]);
});

test('the plan counts the tenants whose tables are above the size at which the policy warns', async () => {
  fleet = await openFleet(['acme', 'globex']);
  await syncing();
  await fleet.rows('globex', filled('users'));
  fleet.want('create table users (id int primary key);');
  under(`deletes_data: { over: '100kB', level: 'warn' }`);
  const { out, code } = await fleet.pgmage('db:sync --env shops --dry-run');
  expect(code).toBe(0);
  expect(out).toMatch(/The policy warns of:\n {2}deletes_data: ALTER TABLE .* \(in 1 tenant\)\n/);
});

test('db:rollback of tenants is judged in the same way', async () => {
  fleet = await openFleet(['acme', 'globex']);
  await syncing();
  fleet.want(`${users} create table logs (id int primary key, note text);`);
  await syncing();
  await fleet.rows('globex', filled('logs'));
  under(`deletes_data: { over: '100kB', level: 'deny' }`);
  const refused = await run('db:rollback --env shops --yes --force');
  expect(refused).toMatchObject({
    code: 1,
    states: { globex: 'failed' },
    problem: { code: 'policy_denied', message: expect.stringContaining('DROP TABLE public.logs (logs: ') },
  });
  expect(await fleet.rows('globex', 'select count(*)::int as n from logs')).toEqual([{ n: 5000 }]);
});

test('tenants that are schemas are judged by the sizes of their own tables', async () => {
  fleet = await openFleet([]);
  const registry = fleet.url('registry');
  await query(registry, 'create schema shop_a; create schema shop_b');
  const schemas = `schemas: 'shop_*'`;
  under('', schemas);
  expect((await syncing()).states).toEqual({ shop_a: 'changed', shop_b: 'changed' });
  await query(registry, filled('shop_b.users'));
  fleet.want('create table users (id int primary key);');
  under(`deletes_data: { over: '100kB', level: 'deny' }`, schemas);
  expect(await syncing()).toMatchObject({
    code: 1,
    states: { shop_a: 'not_begun', shop_b: 'failed' },
    problem: { code: 'policy_denied' },
  });
  expect([await hasName('registry', 'shop_a.users'), await hasName('registry', 'shop_b.users')]).toEqual([
    true,
    true,
  ]);
  under(`deletes_data: { over: '1GB', level: 'deny' }`, schemas);
  expect((await syncing()).states).toEqual({ shop_a: 'changed', shop_b: 'changed' });
});
