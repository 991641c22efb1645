// `data:diff` as text.
import { expect, test } from 'vitest';
import { dataDiffText } from '../../lib/report/data-diff.ts';

const paper = { width: 80, colour: false, now: new Date(0) };
const end = (name: string) => ({ name, address: `postgres://host/${name}`, protected: false });

test('databases without a table in common are not called equal', () => {
  const reason = 'the target has no table public.users';
  const text = dataDiffText(
    {
      source: end('legacy'),
      target: end('staging'),
      asOf: { from: new Date(0), to: new Date(0) },
      tables: [],
      notes: [{ what: 'public.users', verdict: 'skipped', reason }],
      isSame: true,
      file: null,
      durationMs: 300,
      retries: [],
    },
    paper,
  );
  expect(text).toMatch(
    /\n {2}public\.users: the target has no table public\.users\n\nNo table was compared\.$/,
  );
});
