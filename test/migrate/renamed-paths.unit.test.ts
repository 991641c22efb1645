// The names of tables before and after renames: one without a schema is a name of `public`.
import { expect, test } from 'vitest';
import { followRenames, nameBefore } from '../../lib/migrate/renamed-paths.ts';

const rename = ['ALTER TABLE a RENAME TO b'];

test.each([
  [
    ['public', 'b'],
    ['public', 'a'],
  ],
  [
    ['other', 'b'],
    ['other', 'b'],
  ],
  [
    ['public', 'c'],
    ['public', 'c'],
  ],
])('%j was %j', (now, before) => {
  expect(nameBefore(rename)(now)).toEqual(before);
  expect(followRenames(before, rename)).toEqual(now);
});

test('a name that is free by then is that of no table', () => {
  expect(nameBefore(rename)(['public', 'a'])).toBe(null);
});
