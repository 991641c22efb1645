// The shadow's work is done once, however many tenants there are.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Workspace } from '../../lib/project/workspace.ts';
import { tenantsRollback } from '../../lib/tenants/rollback.ts';
import { tenantsStatus } from '../../lib/tenants/status.ts';
import { tenantsSync } from '../../lib/tenants/sync.ts';
import { servers } from '../servers/running.ts';
import { type Fleet, openFleet } from './fleet.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

let fleet: Fleet;
beforeAll(async () => {
  // The oldest server writes definitions in other words than the shadow.
  fleet = await openFleet(['a', 'b', 'c', 'd', 'e', 'f'], servers()[0]);
});
afterAll(() => fleet.drop());

const first = `create table users (id int primary key, name varchar(20) default 'x' check (name in ('x', 'y')),
  age int); create view v as select u.id, u.name from users u where u.age in (1, 2);`;
const second = `${first.replace('age int', 'age bigint').replace('create view', 'create table extra (id int); create view')}`;

test('two tenants and six take the same number of shadows', async () => {
  const uses: number[] = [];
  for (const names of [
    ['a', 'b'],
    ['c', 'd', 'e', 'f'],
  ]) {
    await fleet.list(names.map((name) => ({ name, database: `${fleet.prefix}_${name}` })));
    fleet.forget();
    uses.push(await run(names));
  }
  expect(uses[0]).toBeGreaterThan(3);
  expect(uses[1]).toBe(uses[0]);
});

/** Walks forward and back, and gives how often a shadow was used. */
async function run(names: readonly string[]): Promise<number> {
  let uses = 0;
  const consent = { env: 'shops', yes: true, force: true };
  const step = async (work: (workspace: Workspace) => Promise<unknown>) => {
    await using workspace = await fleet.open();
    const used = vi.spyOn(workspace.shadows, 'use');
    await work(workspace);
    uses += used.mock.calls.length;
  };
  const states = async (workspace: Workspace) => {
    const { tenants } = await tenantsStatus(workspace, { env: 'shops' });
    expect(new Set(tenants.map(({ state }) => state))).toEqual(new Set(['in_sync']));
  };
  fleet.want(first);
  await step((workspace) => tenantsSync(workspace, consent, undefined));
  fleet.want(second);
  await step((workspace) => tenantsSync(workspace, consent, undefined));
  await step(states);
  await step((workspace) => tenantsRollback(workspace, { ...consent, version: '0' }, undefined));
  // Migrations that are there already are tried one by one.
  await step((workspace) => tenantsSync(workspace, consent, undefined));
  // And so are those that are recorded where their work is there already.
  for (const name of names) await fleet.rows(name, 'drop schema pgmage cascade');
  await step((workspace) => tenantsSync(workspace, { ...consent, baseline: true }, undefined));
  await step(states);
  return uses;
}
