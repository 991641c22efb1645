// Digests of statements without their layout.
import { expect, test } from 'vitest';
import { digestStatements } from '../../lib/sql/statements-digest.ts';

test.each([
  ['', '\n-- nothing\n'],
  ['do $$ begin end $$', '-- why\ndo  $$ begin end $$;'],
  ['select 1', '/* why */ SELECT 1;'],
])('%j and %j have the same statements', async (one, other) => {
  const digest = await digestStatements(one);
  expect(digest).toMatch(/^[0-9a-f]{32}$/);
  expect(await digestStatements(other)).toBe(digest);
});

test('other statements have another digest, and no SQL has none', async () => {
  expect(await digestStatements('select 2')).not.toBe(await digestStatements('select 1'));
  expect(await digestStatements('selec 1')).toBeNull();
});
