// The duration of a migration outside of a transaction, from the times of its start and its result.
import { expect, test } from 'vitest';
import { type AuditEntry, addDurations, undoingDetail } from '../../lib/ledger/audit-entries.ts';

const entry = (migration: string, second: number, more: Partial<AuditEntry>): AuditEntry => ({
  ...{ migration, version: migration, direction: 'up', checksum: '', outcome: 'done', milliseconds: null },
  at: `2026-01-02T03:04:0${second}.500Z`,
  ...{ role: 'app', systemUser: null, gitAuthor: null, gitCommit: null, tool: 'pgmage', detail: null },
  ...more,
});

const durations = (...deeds: AuditEntry[]) => addDurations(deeds).map(({ milliseconds }) => milliseconds);

test('a result has the time since its start', () => {
  const begun = entry('a', 1, { outcome: 'begun' });
  expect(durations(begun, entry('a', 3, {}))).toEqual([null, 2000]);
  expect(durations(begun, entry('a', 3, { outcome: 'failed' }))).toEqual([null, 2000]);
  // Another migration between them; a duration that the ledger has.
  const other = entry('b', 2, { milliseconds: 7 });
  expect(durations(begun, other, entry('a', 5, {}))).toEqual([null, 7, 4000]);
  expect(durations(entry('a', 1, { outcome: 'begun', direction: 'down' }), entry('a', 2, {}))).toEqual([
    null,
    null,
  ]);
});

test('a killed run has none, and the next one has its own', () => {
  const begun = (at: number) => entry('a', at, { outcome: 'begun' });
  const [first, second] = [begun(1), begun(4)];
  expect(durations(first, second, entry('a', 5, {}))).toEqual([null, null, 1000]);
  expect(durations(first, entry('a', 5, { outcome: 'baseline' }))).toEqual([null, null]);
  const failed = entry('a', 2, { outcome: 'failed' });
  const undoing = entry('a', 4, { outcome: 'begun', detail: undoingDetail });
  expect(durations(first, failed, undoing, entry('a', 7, { direction: 'down' }))).toEqual([
    ...[null, 1000, null, 3000],
  ]);
});
