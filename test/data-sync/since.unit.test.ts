// When the state of an earlier run holds, without a server.
import { expect, test } from 'vitest';
import type { TablePair } from '../../lib/data-sync/shape.ts';
import { chooseSince, formatStates, identify, type SinceState, statesOf } from '../../lib/data-sync/since.ts';
import { boundOf } from '../../lib/data-sync/since-facts.ts';
import type { RecordedRun } from '../../lib/ledger/data-runs.ts';

const pair = {
  from: { from: 'only public.t t', table: { columns: [{ name: 'id', labels: null }] } },
  to: { from: 'only public.t t', table: { name: 'public.t' } },
  columns: [{ name: 'id', type: 'integer' }],
  key: [{ name: 'id' }],
  since: { by: 'xmin', is: 'xmin', full: 3 },
} as unknown as TablePair;
const facts = { servers: 'a', tables: 'b' };
const own = identify(pair, facts);
const state = (more: Partial<SinceState> = {}): SinceState => ({ ...own, from: '700', runs: 0, ...more });
const run = (more: Partial<RecordedRun>): RecordedRun =>
  ({ source: 'legacy', outcome: 'done', mode: 'transaction', detail: null, ...more }) as RecordedRun;
const kept = (one: SinceState | null) => run({ detail: formatStates({ 'public.t': one }) ?? null });
const choose = (...entries: RecordedRun[]) => {
  const choice = chooseSince(pair, own, entries, 'legacy');
  return choice.is === 'since' ? `from ${choice.from}, run ${choice.runs}` : choice.reason;
};

test('the newest state holds, until something makes it doubtful', () => {
  expect(choose(kept(state({ from: '600' })), kept(state({ runs: 1 })))).toBe('from 700, run 2');
  expect(
    choose(kept(state()), run({ outcome: 'begun' }), run({ outcome: 'failed' }), run({ outcome: 'batch' })),
  ).toBe('from 700, run 1');
  expect(choose(kept(state()), run({}))).toBe('from 700, run 1');
  expect(choose(kept(state()), run({ inserted: 0, updated: 0, deleted: 0 }))).toBe('from 700, run 1');
  expect(choose(kept(state()), run({ inserted: 0, updated: 1, deleted: 0 }))).toContain('without times');
  expect(choose()).toBe('no run before has kept its state');
  expect(choose(kept(state()), kept(null))).toBe('no run before has kept its state');
  expect(choose(kept(state()), run({ mode: 'undo', detail: 'a' }))).toContain('data:undo');
  expect(choose(kept(state()), run({ source: 'other', outcome: 'batch' }))).toContain('another source');
  expect(choose(kept(state({ servers: '?' })))).toContain('a server has started again');
  expect(choose(kept(state({ tables: '?' })))).toContain('made, emptied or altered');
  expect(choose(kept(state({ pair: '?' })))).toContain('configuration');
  expect(choose(kept(state({ runs: 2 })))).toContain('enough runs');
  expect(identify({ ...pair, columns: [] }, facts).pair).not.toBe(own.pair);
  expect(identify(pair, { ...facts, tables: 'c' }).tables).not.toBe(own.tables);
});

test.each([
  '',
  'null',
  '[]',
  '{"since":5}',
  '{"since":{"public.t":{"from":"1"}}}',
  `{"since":{"public.t":${JSON.stringify({ ...state(), from: "1' or true" })}}}`,
])('a detail that pgmage did not write is not a state: %s', (detail) => {
  expect(statesOf({ mode: 'transaction', detail })['public.t'] ?? null).toBeNull();
  expect(choose(kept(state()), run({ detail }))).toMatch(
    /^(from 700, run 1|no run before has kept its state)$/,
  );
});

const source = {
  started: '1',
  database: '5',
  standby: false,
  now: '2026-11-29 12:00:00.000000+00',
  xmin: '900',
  xmax: '1000',
};
const xmin = { by: 'xmin', is: 'xmin', full: 24 } as const;

test('transactions by 32 bits, also over the end of them', () => {
  expect(boundOf(xmin, '700', source)?.condition).toBe(
    '(1000::int8 - t.xmin::text::int8 + 4294967296::int8) % 4294967296::int8 <= 300',
  );
  const [last, next] = [2n ** 32n - 5n, 2n ** 32n + 10n];
  const over = { ...source, xmin: String(next), xmax: String(next) };
  expect(boundOf(xmin, String(last), over)?.condition).toContain('(10::int8 - t.xmin');
  expect(boundOf(xmin, String(last), over)?.condition).toMatch(/<= 15$/);
  const far = { ...source, xmin: String(2n ** 31n + 700n), xmax: String(2n ** 31n + 700n) };
  expect(boundOf(xmin, '700', far)).toBeNull();
  expect(boundOf(xmin, '701', far)).not.toBeNull();
  expect(boundOf(xmin, '901', source)).toBeNull();
  expect(boundOf(xmin, '2026-01-01 00:00:00.000000+00', source)).toBeNull();
});

test('times, and rows without one', () => {
  const time = '2026-11-29 11:00:00.000000+00';
  expect(boundOf({ by: 'at', is: 'column', full: 24 }, time, source)?.condition).toBe(
    `t.at >= '${time}'::timestamptz`,
  );
  expect(boundOf({ by: 'at', is: 'nullable', full: 24 }, time, source)?.condition).toBe(
    `(t.at >= '${time}'::timestamptz or t.at is null)`,
  );
  expect(boundOf({ by: 'at', is: 'column', full: 24 }, '2026-11-29 12:00:00.000001+00', source)).toBeNull();
  expect(boundOf({ by: 'at', is: 'column', full: 24 }, '700', source)).toBeNull();
});
