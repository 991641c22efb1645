// Runs of data:sync as text, and what follows them.
import { expect, test } from 'vitest';
import type { DataRun } from '../../lib/commands/data-history.ts';
import { dataHistoryText, dataSyncText, dataUndoPlanText } from '../../lib/report/data-sync.ts';

const paper = { width: 80, colour: false, now: new Date(0) };
const end = (name: string) => ({ name, address: `postgres://host/${name}`, protected: false });
const id = 'fb2a8fd7-7b71-408c-85f2-f236c99ca9fa';
const other = 'bc7008fb-4f20-4896-a77a-c8e71ee24214';

const run = (more: Partial<DataRun>): DataRun => ({
  ...{ id, source: 'prod', asOf: null, outcome: 'done', mode: 'sync', detail: null },
  ...{ inserted: 4, updated: 1, deleted: 12, skipped: 0, at: '2026-11-30T03:42:36.000Z' },
  ...{ role: 'app', systemUser: 'anna', gitAuthor: null, gitCommit: null, tool: '0.1.0' },
  ...{ begunAt: '2026-11-30T03:42:36.000Z', canUndo: false, undoneBy: null },
  ...more,
});

test('a history fits the paper, and says what was taken back and how to take back the rest', () => {
  const runs = [run({ id: other, mode: 'undo', canUndo: true, detail: id }), run({ undoneBy: other })];
  const wide = dataHistoryText({ target: end('staging'), runs }, { ...paper, width: 120 }).split('\n');
  expect(wide[2]).toMatch(/^Run {7}Begun/);
  const lines = dataHistoryText({ target: end('staging'), runs }, paper).split('\n');
  expect(lines.slice(2)).toEqual([
    'bc7008fb  2026-11-30 03:42:36  done, an undo, undo possible',
    '  by anna: 4 inserted, 1 updated, 12 deleted, 0 skipped',
    'fb2a8fd7  2026-11-30 03:42:36  done, taken back',
    '  by anna: 4 inserted, 1 updated, 12 deleted, 0 skipped',
    '',
    'data:undo RUN --env staging takes a run back.',
  ]);
});

test('the plan of an undo leaves out what sessions changed', () => {
  const plan = { target: end('staging'), run: id, source: 'prod', ranAt: '2026-11-30T03:42:36.000Z' };
  expect(dataUndoPlanText({ ...plan, inserted: 1, updated: 1200, deleted: 0 }, paper)).toContain(
    '\n\nThis deletes 1 inserted row, sets 1,200 updated rows back and returns 0 deleted\n' +
      '  rows, except rows that a session changed after the run.\n',
  );
});

test('the result names both databases where no plan did', () => {
  const table = { name: 'public.users', rows: { from: 1, to: 1 } };
  const textOf = (inserted: number) => {
    const none = { updated: 0, deleted: 0, skipped: 0 };
    return dataSyncText(
      {
        ...{ source: end('prod'), target: end('staging'), asOf: { from: new Date(0), to: new Date(0) } },
        tables: [{ ...table, inserts: inserted, updates: 0, deletes: 0, kept: 0, unmapped: 0 }],
        ...{ notes: [], dryRun: false, durationMs: 100, retries: [] },
        run: {
          ...{ id, inserted, ...none, validation: 'full', batches: null, resumes: null },
          tables: [{ name: 'public.users', inserted, ...none, validated: { from: 1, to: 1 } }],
          sequences: { set: [], refused: [] },
          ...{ sideEffects: [], undoFile: null, unrecorded: null },
        },
      },
      paper,
    ).split('\n');
  };
  expect(textOf(0).slice(0, 3)).toEqual([
    expect.stringMatching(/^Source: prod/),
    expect.stringMatching(/^Target: staging/),
    '',
  ]);
  expect(textOf(1).slice(0, 2)).toEqual(['', 'Table         Inserted  Updated  Deleted  Skipped']);
});
