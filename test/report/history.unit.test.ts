// `db:history` as text: an entry for each run, also in a narrow terminal.
import { expect, test } from 'vitest';
import type { AuditEntry } from '../../lib/ledger/audit-entries.ts';
import { historyText } from '../../lib/report/history.ts';

const paper = { width: 80, colour: false, now: new Date('2026-01-02T05:00:00Z') };

function entry(
  migration: string,
  outcome: AuditEntry['outcome'],
  more: Partial<AuditEntry> = {},
): AuditEntry {
  return {
    migration,
    version: migration.split('_')[0] as string,
    direction: 'up',
    checksum: '',
    outcome,
    at: '2026-01-02T03:04:05.000Z',
    milliseconds: null,
    role: 'app',
    systemUser: 'anna',
    gitAuthor: null,
    gitCommit: null,
    tool: 'pgmage',
    detail: null,
    ...more,
  };
}

function told(...deeds: AuditEntry[]): string[] {
  const target = { name: 'local', address: '', protected: false };
  return historyText({ target, deeds, applied: ['1_a'] }, paper)
    .split('\n')
    .slice(0, -1);
}

test('a migration outside of a transaction is one entry, with its result', () => {
  expect(told(entry('1_a', 'begun'), entry('1_a', 'done'))).toEqual([
    '2026-01-02 03:04:05 UTC  up    1_a  by anna',
  ]);
  expect(told(entry('1_a', 'begun'), entry('1_a', 'failed', { detail: 'no space' }))).toEqual([
    '2026-01-02 03:04:05 UTC  up    1_a  by anna (failed: no space)',
  ]);
});

test('one that was interrupted has no result', () => {
  const [first, second, ...more] = told(entry('1_a', 'begun'), entry('1_a', 'begun'), entry('1_a', 'done'));
  expect(first).toBe('2026-01-02 03:04:05 UTC  up    1_a  by anna (begun, without a result)');
  expect(second).toBe('2026-01-02 03:04:05 UTC  up    1_a  by anna');
  expect(more).toEqual([]);
  expect(told(entry('1_a', 'begun'), entry('1_a', 'done', { direction: 'down' }))).toHaveLength(2);
});

test('a migration that broke off and was taken back has the result of that', () => {
  const detail = 'undoing the failed migration';
  const failed = [entry('1_a', 'begun'), entry('1_a', 'failed', { detail: 'no space' })];
  const taken = [entry('1_a', 'begun', { detail }), entry('1_a', 'done', { direction: 'down' })];
  expect(told(...failed, ...taken)).toEqual([
    '2026-01-02 03:04:05 UTC  up    1_a  by anna (failed: no space)',
    '2026-01-02 03:04:05 UTC  down  1_a  by anna',
  ]);
});

test('a long name has a line of its own, and an author has no address', () => {
  const name = '20260102030405678_add_enum_type_order_status_and_5_more';
  const gitAuthor = 'Anna Schmidt <anna@example.com>';
  expect(told(entry(name, 'done', { gitAuthor, gitCommit: 'fb8887828d0123', milliseconds: 139 }))).toEqual([
    `2026-01-02 03:04:05 UTC  up    ${name}`,
    '    by Anna Schmidt at fb8887828d in 139 ms',
  ]);
});
