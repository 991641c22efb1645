// The table of tenants as text.
import { expect, test } from 'vitest';
import type { AuditEntry } from '../../lib/ledger/audit-entries.ts';
import { tenantsHistoryText, tenantsStatusText, tenantsSyncText } from '../../lib/report/tenants.ts';
import type { TenantResult } from '../../lib/tenants/report.ts';

const paper = { width: 80, uncut: true, colour: false, now: new Date(0) };
const one = (name: string, state: TenantResult['state'], more: Partial<TenantResult> = {}): TenantResult => ({
  name,
  address: '',
  state,
  applied: 1,
  pending: [],
  details: [],
  problem: null,
  ...more,
});
const message = 'shops:c has drifted:\n  COLUMN a';
const problem = { code: 'drifted', message, detail: null, hint: 'Look at it.' };
const tenants = [
  one('acme', 'in_sync', { applied: 2 }),
  one('b', 'behind', { pending: ['0002_x', '0003_y'] }),
  one('c', 'failed', { applied: null, problem }),
];

test('one line for each tenant, whatever its problem says', () => {
  const report = { environment: 'shops', schema: 'schema.sql', files: 2, tenants };
  expect(tenantsStatusText(report, paper)).toBe(
    [
      'Tenants of shops: 3',
      'Local Schema: schema.sql, migrations: 2',
      '  acme  in sync  2 of 2',
      '  b     behind   1 of 2  not applied: 0002_x and 1 more',
      '  c     failed           shops:c has drifted: COLUMN a',
      '3 tenants: 1 in sync, 1 behind, 1 failed.',
      "Run 'db:sync --env shops' to apply changes",
      "Run 'db:status --env shops:NAME' for one tenant",
    ].join('\n'),
  );
});

test('a terminal gets colours and whole words, and a long line goes on in the next', () => {
  const report = { environment: 'shops', schema: 'schema.sql', files: 2, tenants };
  const text = tenantsStatusText(report, { ...paper, uncut: false, width: 40, colour: true });
  expect(text).toContain('\u001b[32min sync\u001b[39m');
  expect(text).toContain('\u001b[31mfailed\u001b[39m');
  for (const word of ['not applied:', '0002_x', 'drifted:', 'COLUMN a']) expect(text).toContain(word);
});

test('a change that failed says how to go on', () => {
  const plan = {
    environment: 'shops',
    migrations: [],
    possible: [],
    unfinished: [],
    finishing: [],
    cautions: [],
    findings: [],
    policy: [],
    losses: [],
    tenants: 3,
    changing: 0,
    canary: null,
    failed: [],
  };
  const report = { environment: 'shops', tenants, plan, written: [], dryRun: false, done: true };
  const text = tenantsSyncText(report, paper);
  expect(text).toContain('Hint: Look at it.\n');
  expect(text).toContain("Then run 'db:sync --env shops' again: tenants that are done stay as they are.");
  expect(tenantsSyncText({ ...report, tenants: tenants.slice(0, 1) }, paper)).not.toContain('again');
  expect(tenantsSyncText({ ...report, done: false }, paper)).toBe(
    'Declined: nothing was written or changed.',
  );
});

test('no line of a history is wider than the paper', () => {
  const long = (what: string) => Array.from({ length: 12 }, (_, at) => `${what}${at}`).join('-');
  const last = {
    ...{ migration: long('m'), version: '1', direction: 'up', checksum: '', outcome: 'done' },
    ...{ at: '1969-12-31T00:00:00.000Z', milliseconds: 1, role: long('r'), systemUser: long('user') },
    ...{ gitAuthor: null, gitCommit: null, tool: 'pgmage', detail: null },
  } as AuditEntry;
  const tenant = { ...one(long('t'), 'read'), last };
  const report = { environment: long('e'), tenants: [tenant, { ...one('b', 'read'), last: null }] };
  const text = tenantsHistoryText(report, { ...paper, uncut: false });
  expect(text.split('\n').filter((line) => line.length > paper.width)).toEqual([]);
  for (const part of [last.migration, last.systemUser, tenant.name, report.environment])
    expect(text).toContain(part);
});
