// `data:undo` as text.
import { expect, test } from 'vitest';
import { dataUndoText } from '../../lib/report/data-sync.ts';

const paper = { width: 80, colour: false, now: new Date(0) };
const textOf = (skipped: number) =>
  dataUndoText(
    {
      target: { name: 'staging', address: 'postgres://host/staging', protected: false },
      run: 'a',
      id: 'b',
      source: 'prod',
      ranAt: '2026-11-20T09:30:00Z',
      inserted: 0,
      updated: 0,
      deleted: 0,
      tables: [],
      skipped,
      sideEffects: [],
    },
    paper,
  );

test('rows that stay are counted in the right number', () => {
  expect(textOf(0)).not.toContain('Left');
  expect(textOf(1)).toContain('Left alone, because a session changed them after the run: 1 row.');
  expect(textOf(12)).toContain('Left alone, because a session changed them after the run: 12 rows.');
});
