// A plan binds its job: no more may be lost than it showed, and only where it showed it.
import { expect, test } from 'vitest';
import type { SinceUse } from '../../lib/data-sync/since-shape.ts';
import type { PlannedTable, RowSyncPlan } from '../../lib/data-sync/sync-plan.ts';
import { countAttempts } from '../../lib/service/attempts.ts';
import { dataInput } from '../../lib/service/kinds.ts';
import type { ProcessWork } from '../../lib/service/messages.ts';
import { describePlan, findExcess, listLosses } from '../../lib/service/planning.ts';
import { digestOf, refuseWithoutAdmin } from '../../lib/service/requests.ts';
import type { JobKind, KeyScope } from '../../lib/service/schemas.ts';

const end = { name: 'staging', address: 'postgres://u@h/staging', protected: false };
const plan = (updates: number, deletes: number): RowSyncPlan => {
  const both = { from: new Date(0), to: new Date(0) };
  const table = {
    name: 'public.users',
    rows: { from: 9, to: 9 },
    inserts: 5,
    updates,
    deletes,
    kept: 0,
    unmapped: 0,
  };
  return { source: end, target: end, asOf: both, tables: [table], notes: [] };
};
const agreed = { target: end.address, losses: [{ table: 'public.users', rows: 3 }] };

test('as many losses as were shown, or fewer, are agreed to', () => {
  expect(listLosses(plan(1, 2))).toEqual([{ table: 'public.users', rows: 3 }]);
  expect(findExcess(plan(1, 2), agreed)).toBeNull();
  expect(findExcess(plan(0, 0), agreed)).toBeNull();
});

test('one row more, another table or another database are not', () => {
  expect(findExcess(plan(2, 2), agreed)).toContain('public.users has 4 rows to lose, and the plan showed 3');
  expect(findExcess(plan(1, 0), { ...agreed, losses: [] })).toContain('showed 0');
  expect(findExcess(plan(0, 0), { ...agreed, target: 'postgres://u@h/other' })).toContain('instead of');
});

test('a plan of a data sync and its job compare all rows; a schedule may compare the changed ones', () => {
  const of = { from: 'source', to: 'staging' };
  const work: ProcessWork = {
    ...{ does: 'job', kind: 'data', parameters: of, agreed: null, backups: null, storage: null },
    ...{ requestedBy: 'key', root: '/', version: '1' },
  };
  expect(dataInput({ ...work, does: 'plan' }, of)).toMatchObject({ complete: true });
  expect(dataInput({ ...work, agreed }, of)).toMatchObject({ complete: true });
  expect(dataInput(work, of)).not.toHaveProperty('complete');
  expect(dataInput(work, { ...of, complete: false })).not.toHaveProperty('complete');
  expect(dataInput(work, { ...of, complete: true })).toMatchObject({ complete: true });
  const shown = (since?: SinceUse) => {
    const [table] = plan(1, 1).tables as [PlannedTable];
    return describePlan(work, { ...plan(1, 1), tables: [{ ...table, ...(since && { since }) }] }).complete;
  };
  expect(shown()).toBe(true);
  expect(shown({ by: 'xmin', from: null, reason: 'it was asked for' })).toBe(true);
  expect(shown({ by: 'xmin', from: '700', reason: null })).toBe(false);
});

test('equal requests have one digest, whatever confirms them', () => {
  const one = digestOf('clone', { from: 'a', to: 'b' });
  expect(digestOf('clone', { to: 'b', confirm: 'b', from: 'a' })).toBe(one);
  expect(digestOf('clone', { from: 'a', to: 'b', noOwner: true })).not.toBe(one);
  expect(digestOf('data', { from: 'a', to: 'b' })).not.toBe(one);
});

test('only an administrator prunes backups, also by a retry of a job that did', () => {
  const ask = (scopes: readonly KeyScope[], kind: JobKind, parameters = {}) =>
    refuseWithoutAdmin({ kind, parameters, requester: { name: 'key', scopes, to: null } });
  const refused = /scope admin/;
  expect(() => ask(['run'], 'prune', { keepDaily: 0 })).toThrow(refused);
  expect(() => ask(['write'], 'prune')).toThrow(refused);
  expect(() => ask(['write'], 'import', { backupFirst: false })).toThrow(refused);
  expect(() => ask(['write'], 'import', { withoutManifest: true })).toThrow(refused);
  expect(() => ask(['admin'], 'prune')).not.toThrow();
  expect(() => ask(['run'], 'export')).not.toThrow();
});

test('an address waits after ten failures in a minute, and then may try again', () => {
  let time = 0;
  const attempts = countAttempts(() => new Date(time));
  expect(Array.from({ length: 10 }, () => attempts.fail('a'))).toEqual(Array(10).fill(0));
  expect(attempts.fail('a')).toBe(60);
  expect(attempts.fail('b')).toBe(0);
  time = 59_000;
  expect(attempts.fail('a')).toBe(1);
  time = 60_001;
  expect(attempts.fail('a')).toBe(0);
});
