// The record of runs in batches: which run goes on with which, and how many rows were changed before.
import { expect, test } from 'vitest';
import { checkpointOf, findInterrupted, findSuccessor } from '../../lib/data-sync/checkpoint.ts';
import { type RowSyncPlan, refuseManyDeletions } from '../../lib/data-sync/sync-plan.ts';
import type { RecordedRun } from '../../lib/ledger/data-runs.ts';

const base: RecordedRun = {
  ...{ id: 'a', source: 'legacy', asOf: null, outcome: 'begun', mode: 'batch 10', skipped: 0, detail: null },
  ...{ inserted: 0, updated: 0, deleted: 0, at: '2026-11-29T12:00:00.000Z', role: 'app', systemUser: null },
  ...{ gitAuthor: null, gitCommit: null, tool: 'pgmage test' },
};
const begun = (id: string, resumes: string | null = null, planned = {}): RecordedRun => ({
  ...base,
  id,
  detail: JSON.stringify({ planned, resumes }),
});
const point = (id: string, batch: number, deleted: number): RecordedRun => ({
  ...base,
  ...{ id, outcome: 'batch', inserted: 10 * batch, deleted },
  detail: JSON.stringify({ batch, undo: 100 * batch, tables: { t: { inserted: 10, updated: 0, deleted } } }),
});
const ended = (
  id: string,
  outcome: RecordedRun['outcome'],
  more: Partial<RecordedRun> = {},
): RecordedRun => ({
  ...base,
  ...{ id, outcome },
  ...more,
});

test('the newest run of a source is found, where it was interrupted after batches', () => {
  const stopped = [begun('a', null, { t: 7 }), point('a', 1, 2), point('a', 2, 3)];
  const rows = { inserted: 20, updated: 0, deleted: 5 };
  const found = { id: 'a', batches: 2, ...rows, planned: { t: 7 }, tables: new Map([['t', rows]]) };
  expect(findInterrupted(stopped, 'legacy')).toEqual(found);
  expect(findInterrupted([...stopped, ended('a', 'failed')], 'legacy')).toEqual(found);
  expect(findInterrupted(stopped, 'other')).toBeNull();
  expect(findInterrupted([...stopped, ended('a', 'done')], 'legacy')).toBeNull();
  expect(findInterrupted([begun('a'), ended('a', 'failed')], 'legacy')).toBeNull();
  const later = ended('b', 'done', { mode: 'transaction' });
  expect(findInterrupted([...stopped, later], 'legacy')).toBeNull();
  const undo = ended('u', 'done', { mode: 'undo', detail: 'a' });
  expect(findInterrupted([...stopped, undo], 'legacy')).toBeNull();
});

test('batches of a run that another one went on with count, until they are taken back', () => {
  const chain = [
    begun('a', null, { t: 9 }),
    point('a', 1, 1),
    begun('b', 'a', { t: 8 }),
    point('b', 1, 2),
    begun('c', 'b'),
  ];
  expect(findInterrupted(chain, 'legacy')).toMatchObject({
    id: 'c',
    batches: 2,
    deleted: 3,
    planned: { t: 9 },
  });
  expect(findSuccessor(chain, 'a')).toBe('b');
  expect(findSuccessor(chain, 'b')).toBeUndefined();
  const undone = [...chain, ended('u', 'done', { mode: 'undo', detail: 'b' })];
  expect(findInterrupted(undone, 'legacy')).toMatchObject({ batches: 1, deleted: 1 });
});

test.each(['', 'no JSON', '[]', '{"batch":"1"}', 'null'])(
  'a detail that pgmage did not write is none: %s',
  (detail) => {
    expect(checkpointOf({ outcome: 'batch', detail })).toBeNull();
    expect(
      findInterrupted(
        [
          { ...base, detail },
          { ...base, outcome: 'batch', detail },
        ],
        'legacy',
      ),
    ).toBeNull();
  },
);

test('deletions are judged once: those before count, and those of the first plan are allowed', () => {
  const plan = (deletes: number, to: number) =>
    ({
      target: { name: 'prod', address: '' },
      tables: [{ name: 't', rows: { from: 500, to }, inserts: 0, updates: 0, deletes, kept: 0, unmapped: 0 }],
    }) as unknown as RowSyncPlan;
  const earlier = (deleted: number, planned: number) => ({
    tables: new Map([['t', { inserted: 0, updated: 0, deleted }]]),
    planned: { t: planned },
  });
  const refused = expect.objectContaining({ code: 'too_many_deletions' });
  // 60 of the 940 that are left are less than 10 %, but 120 of 1,000 are not.
  refuseManyDeletions(plan(60, 940), {});
  expect(() => refuseManyDeletions(plan(60, 940), {}, earlier(60, 0))).toThrow(refused);
  refuseManyDeletions(plan(300, 600), {}, earlier(400, 700));
  expect(() => refuseManyDeletions(plan(301, 600), {}, earlier(400, 700))).toThrow(refused);
  expect(() => refuseManyDeletions(plan(6, 100), { maxDeletes: '10' }, earlier(5, 0))).toThrow(refused);
});
