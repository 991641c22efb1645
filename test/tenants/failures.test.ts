// Tenants that cannot be reached or fail in the middle: what happens to the others, and what is said.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import {
  tenantsRollbackPlanText,
  tenantsRollbackText,
  tenantsSyncPlanText,
  tenantsSyncText,
} from '../../lib/report/tenants.ts';
import type { TenantsReport } from '../../lib/tenants/report.ts';
import { tenantsRollback } from '../../lib/tenants/rollback.ts';
import { tenantsStatus } from '../../lib/tenants/status.ts';
import { tenantsSync } from '../../lib/tenants/sync.ts';
import { failure } from '../failure.ts';
import { userSession } from '../servers/session.ts';
import { byDatabase, type Fleet, openFleet, users } from './fleet.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

let fleet: Fleet;
afterEach(() => fleet.drop());

const paper = { width: 80, uncut: true, colour: false, now: new Date(0) };
const consent = { env: 'shops', yes: true, force: true, jobs: 1 };
const states = ({ tenants }: TenantsReport) =>
  Object.fromEntries(tenants.map(({ name, state }) => [name, state]));
const three = ['id int primary key', 'name text', 'email text'];
const wanted = (columns: number) => `create table users (${three.slice(0, columns).join(', ')});`;

/** Lists tenants; those of `gone` have a database that is not there. */
const list = (names: readonly string[], gone: readonly string[] = []) =>
  fleet.list(
    names.map((name) => ({ name, database: `${fleet.prefix}_${name}${gone.includes(name) ? '_gone' : ''}` })),
  );

const migrations = () =>
  readdirSync(join(fleet.project.root, 'migrations'))
    .filter((one) => /sql$/.test(one))
    .map((one) => one.replace('.sql', ''));

/** How many migrations each of them has. */
async function applied(): Promise<Readonly<Record<string, number | null>>> {
  await using workspace = await fleet.open();
  const { tenants } = await tenantsStatus(workspace, { env: 'shops' });
  return Object.fromEntries(tenants.map((one) => [one.name, one.applied]));
}

/** Writes and applies as many migrations, each with one column. */
async function applyAll(count: number): Promise<void> {
  await using workspace = await fleet.open();
  for (let columns = 1; columns <= count; columns++) {
    fleet.want(wanted(columns));
    await tenantsSync(workspace, consent, undefined);
  }
}

test('without a version, a rollback is refused where a tenant cannot be read: none goes one too far', async () => {
  const names = ['a', 'b', 'c'];
  fleet = await openFleet(names);
  await applyAll(3);
  await list(names, ['c']);
  await using workspace = await fleet.open();
  const going = { ...consent, keepGoing: true };
  for (let run = 1; run <= 2; run++) {
    const refused = await failure(tenantsRollback(workspace, going, undefined));
    expect(refused).toMatchObject({ code: 'bad_option', exitCode: 64 });
    expect(refused.message).toMatch(
      /^Bad argument version: c cannot be read \(.*shops:c.*\), .* the migration/,
    );
  }
  await list(names);
  expect(await applied()).toEqual({ a: 3, b: 3, c: 3 });
  // With the version that stays, a second run changes nothing more, and the report names it.
  await list(names, ['c']);
  const [version] = migrations().slice(1);
  const undone = await tenantsRollback(workspace, { ...going, version }, undefined);
  expect(states(undone)).toEqual({ a: 'changed', b: 'changed', c: 'failed' });
  const again = await tenantsRollback(workspace, { ...going, version }, undefined);
  expect(states(again)).toEqual({ a: 'unchanged', b: 'unchanged', c: 'failed' });
  expect(tenantsRollbackText(undone, paper)).toContain(
    `Then run 'db:rollback ${version} --env shops' again: tenants that are done stay as they are.`,
  );
});

const hook = `afterSync: 'echo ran >> ran.txt'`;
const hooksRun = () => {
  const file = join(fleet.project.root, 'ran.txt');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').length : 0;
};

test('afterSync runs once all tenants are done: not after a failure, not for what was only recorded', async () => {
  const names = ['a', 'b', 'c'];
  fleet = await openFleet(names);
  fleet.configure(byDatabase, hook);
  for (const name of names) await fleet.rows(name, users);
  await using workspace = await fleet.open();
  const run = (more = {}) => tenantsSync(workspace, { ...consent, ...more }, undefined);
  expect(states(await run({ baseline: true }))).toEqual({ a: 'changed', b: 'changed', c: 'changed' });
  expect(hooksRun()).toBe(0);
  fleet.want(wanted(3));
  await list(names, ['c']);
  const partly = await run({ keepGoing: true });
  expect([states(partly), hooksRun()]).toEqual([{ a: 'changed', b: 'changed', c: 'failed' }, 0]);
  await list(names);
  const whole = await run();
  expect([states(whole), hooksRun()]).toEqual([{ a: 'in_sync', b: 'in_sync', c: 'changed' }, 1]);
  await run();
  expect(hooksRun()).toBe(1);
});

/** Holds a lock on the table of a tenant, which its next migration waits for. */
async function holdLock(name: string): Promise<() => Promise<void>> {
  const reader = await userSession({ url: fleet.url(name), applicationName: 'reader' });
  await reader.execute('begin; lock table users in access share mode');
  return async () => {
    await reader.execute('commit');
    await reader.close();
  };
}

test('a tenant that is half-way after a lock is called so, and the plan shows what finishes it', async () => {
  fleet = await openFleet(['a', 'b', 'c']);
  fleet.configure(byDatabase, 'lockTimeout: 50');
  await applyAll(1);
  fleet.want('create table users (id int primary key check (id > 0));');
  const release = await holdLock('b');
  await using workspace = await fleet.open();
  const stopped = await tenantsSync(workspace, consent, undefined);
  await release();
  expect(states(stopped)).toEqual({ a: 'changed', b: 'half_way', c: 'not_begun' });
  expect(stopped.tenants[1]?.problem?.code).toBe('lock_unavailable');
  expect(tenantsSyncText(stopped, paper)).toContain(
    "Run 'db:rollback --env shops:NAME' to undo it in one tenant.",
  );
  const status = await tenantsStatus(workspace, { env: 'shops' });
  expect(states(status)).toMatchObject({ b: 'half_way' });
  const dry = await tenantsSync(workspace, { env: 'shops', dryRun: true }, undefined);
  const text = tenantsSyncPlanText(dry.plan, paper);
  expect(text).toMatch(/failed half-way in 1 tenant: finished first:\n {2}ALTER TABLE .* ADD CONSTRAINT/);
  const undone: string[] = [];
  await tenantsRollback(workspace, { env: 'shops' }, async (plan) => {
    undone.push(tenantsRollbackPlanText(plan, paper));
    return false;
  });
  expect(undone[0]).toContain('failed half-way in 1 tenant: undone first.');
});
