// `db:status` as text: the advice for a pushed database.
import { expect, test } from 'vitest';
import type { StatusReport } from '../../lib/commands/status.ts';
import { statusText } from '../../lib/report/status.ts';

const paper = { width: 80, colour: false, now: new Date(0) };
const change: StatusReport['changes'][number] = {
  standing: 'missing',
  kind: 'table',
  facts: ['table:public.users'],
  text: 'TABLE users',
  part: null,
  attributes: [],
};

const report = (all: StatusReport['changes'], more: Partial<StatusReport>): StatusReport => ({
  schema: { path: 'schema/schema.sql', modified: null },
  target: { name: 'prod', address: 'postgres://app@db.example.com/shop', major: 17, protected: true },
  inSync: all.length === 0,
  record: null,
  appliedBy: 'db:sync',
  changes: all,
  objects: 12,
  unmanaged: [],
  ...more,
});

test('the work of db:push is listed once, with the way to its migration', () => {
  const pushed = [change];
  const record = { files: 1, applied: 1, appliedBy: 'db:sync', pending: [], unfinished: [], faults: [] };
  const text = (drift: StatusReport['changes'], unrecorded: StatusReport['changes']) =>
    statusText(report([], { record: { ...record, drift, unrecorded } }), { ...paper, uncut: true });
  expect(text(pushed, pushed)).toContain(`Migrations: 1, applied: 1
In prod and schema/schema.sql, but in no migration (after db:push: db:generate, then db:sync --baseline):
  - added TABLE users
All 12`);
  expect(text(pushed, [])).toContain('Drift in prod, made by no migration');
});

test('migrations whose work is there are not called drift: the way is to record them', () => {
  const one = '20261120093000001_add_table_users';
  const record = {
    files: 2,
    applied: 1,
    appliedBy: 'db:sync',
    pending: [one],
    unrecorded: [],
    unfinished: [],
  };
  const text = (more: Partial<StatusReport>, faults: string[] = []) =>
    statusText(report([], { record: { ...record, drift: [change], faults }, ...more }), paper);
  expect(text({})).toContain(`Migrations: 2, applied: 1
In prod already, but not recorded there (db:sync --baseline records them):
  - ${one}
All 12`);
  for (const other of [text({ inSync: false }), text({}, ['a fault'])]) {
    expect(other).toContain('Not applied to prod (db:sync applies them)');
    expect(other).toContain('Drift in prod');
  }
});
