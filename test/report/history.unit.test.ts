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
  const done = entry(name, 'done', { gitAuthor, gitCommit: 'fb8887828d0123', milliseconds: 139 });
  expect(told(done)).toEqual([
    '2026-01-02 03:04:05 UTC  up',
    `    ${name}`,
    '    by Anna Schmidt at fb8887828d in 139 ms',
  ]);
  expect(told({ ...done, migration: name.slice(0, 40) })).toEqual([
    `2026-01-02 03:04:05 UTC  up    ${name.slice(0, 40)}`,
    '    by Anna Schmidt at fb8887828d in 139 ms',
  ]);
});

test('no line is wider than the paper, and nothing is cut', () => {
  const words = (count: number) => Array.from({ length: count }, (_, at) => `word${at}`);
  const name = `20260102030405678_${words(9).join('_')}`;
  const more = { systemUser: words(20).join(' '), detail: words(30).join(' '), direction: 'down' } as const;
  const target = { name: words(20).join(' '), address: '', protected: false };
  const texts = [
    historyText({ target, deeds: [entry(name, 'failed', more)], applied: [name] }, paper),
    historyText({ target, deeds: [], applied: [] }, paper),
  ];
  for (const text of texts) expect(text.split('\n').filter((line) => line.length > paper.width)).toEqual([]);
  const plain = texts.map((text) => text.replace(/\s+/g, ' '));
  for (const part of [name, more.systemUser, more.detail, target.name]) expect(plain[0]).toContain(part);
  expect(plain[1]).toContain(target.name);
});
