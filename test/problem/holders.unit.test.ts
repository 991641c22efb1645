// The holders of a lock in words.
import { expect, test } from 'vitest';
import { describeHolders } from '../../lib/problem/holders.ts';

const holder = (pid: number) => ({ pid, applicationName: null, role: 'app', state: null, queryStart: null });

test('after three holders, the others are counted', () => {
  const named = (count: number) =>
    describeHolders(Array.from({ length: count }, (_, at) => holder(at + 1))).replaceAll(' (role app)', '');
  expect([1, 3, 4, 9].map(named)).toEqual([
    'session 1',
    'session 1 and session 2 and session 3',
    'session 1 and session 2 and session 3 and 1 more',
    'session 1 and session 2 and session 3 and 6 more',
  ]);
});
