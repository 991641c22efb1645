// The format of counts and of amounts of storage.
import { expect, test } from 'vitest';
import { formatBytes, formatCount } from '../../lib/problem/amount.ts';

test.each<[number, string]>([
  [0, '0 bytes'],
  [1, '1 byte'],
  [1023, '1023 bytes'],
  [1024, '1 kB'],
  [1536, '2 kB'],
  [310 * 2 ** 20, '310 MB'],
  [3 * 2 ** 40, '3 TB'],
  [5000 * 2 ** 40, '5000 TB'],
])('%d bytes are %s', (bytes, wanted) => {
  expect(formatBytes(bytes)).toBe(wanted);
});

test('one of something is not several', () => {
  expect([formatCount(1, 'step'), formatCount(0, 'step'), formatCount(2, 'entry', 'entries')]).toEqual([
    '1 step',
    '0 steps',
    '2 entries',
  ]);
});

test('a number that is formatted already gets the same noun', () => {
  expect([formatCount('1', 'row is', 'rows are'), formatCount('1,000', 'row is', 'rows are')]).toEqual([
    '1 row is',
    '1,000 rows are',
  ]);
});
