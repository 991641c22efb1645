// The two passes without a server: buckets, streams of rows, differences.
import { expect, test } from 'vitest';
import { buildRowsQuery, buildSummaryQuery, chooseBuckets } from '../../lib/data-sync/buckets.ts';
import { decodeField, exchangeEnds, splitLines } from '../../lib/data-sync/copy-lines.ts';
import { formatDifference, mergeBuckets, parseDifference } from '../../lib/data-sync/merge-buckets.ts';
import type { RowDifference, TablePair } from '../../lib/data-sync/shape.ts';

const range = { from: 't.id', to: 't.id' };
const ranged = { range };

test.each([
  [100, { is: 'whole' }],
  [2_000, { is: 'range', count: 64 }],
  [6_000_000, { is: 'range', count: 65_536 }],
  [1_000_000_000, { is: 'range', count: 65_536 }],
])('%i rows of an integer key', (rows, buckets) => {
  expect(chooseBuckets(ranged, rows, { low: 1n, high: BigInt(rows) })).toMatchObject(buckets);
});

test('keys that are far apart, other keys and no rows are parted by hash', () => {
  expect(chooseBuckets(ranged, 6_000, { low: 0n, high: 10n ** 12n })).toEqual({ is: 'hash', count: 64 });
  expect(chooseBuckets(ranged, 6_000, null)).toEqual({ is: 'hash', count: 64 });
  expect(chooseBuckets({ range: null }, 6_000, { low: 1n, high: 2n })).toEqual({ is: 'hash', count: 64 });
});

test('each key of a span is in one bucket, also at the ends of bigint', () => {
  const low = -(2n ** 63n);
  const buckets = chooseBuckets(ranged, 100_000_000, { low, high: low + 5n * 10n ** 9n });
  expect(buckets).toMatchObject({ is: 'range', low });
  if (buckets.is !== 'range') return;
  expect((5n * 10n ** 9n) / buckets.step).toBeLessThan(BigInt(buckets.count));
});

const column = { name: 'id', type: 'integer', value: range, hash: range };
const pair = {
  from: { from: 'only public.t t', where: 'id > 5' },
  to: { from: 'public.t t', where: '' },
  columns: [column],
  key: [column],
  range,
} as unknown as TablePair;

test('the second pass reads neighbouring ranges as one, and filters by bucket where there are many', () => {
  const buckets = { is: 'range', low: 1n, step: 10n, count: 64 } as const;
  expect(buildRowsQuery(pair, 'from', buckets, [4, 2, 3, 9])).toContain(
    `where id > 5 and (t.id between '21'::int8 and '50'::int8 or t.id between '91'::int8 and '100'::int8)`,
  );
  const odd = Array.from({ length: 301 }, (_, at) => at * 2 + 1);
  expect(buildRowsQuery(pair, 'to', buckets, odd)).toContain(
    ` where ((t.id - '1'::int8) / '10'::int8)::int = any ('{1,3,5,`,
  );
  expect(buildSummaryQuery(pair, 'to', buckets)).toMatch(/offset '0'\) s group by b$/);
});

async function* pieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const piece of stream) all.push(piece);
  return Buffer.concat(all).toString();
}

test.each([1, 2, 3, 7, 1000])('lines and their ends in pieces of %i bytes', async (size) => {
  const lines: string[] = [];
  for await (const some of splitLines(pieces('a\tä\nb\n\nc\td\n', size))) lines.push(...some);
  expect(lines.map((line) => Buffer.from(line, 'latin1').toString())).toEqual(['a\tä', 'b', '', 'c\td']);
  const ended = exchangeEnds(pieces('1\tä\tx\n22\ty\\n\n3\t\n', size), (first) => `\told ${first}`);
  expect(await textOf(ended)).toBe('ä\tx\told 1\ny\\n\told 22\n\told 3\n');
  const bare = exchangeEnds(pieces('1\n2\n', size), (first) => `\told ${first}`);
  expect(await textOf(bare)).toBe('old 1\nold 2\n');
});

test('fields of COPY', () => {
  expect(['a', '\\N', '', 'a\\tb\\\\N\\n', '\\\\x00'].map(decodeField)).toEqual([
    'a',
    null,
    '',
    'a\tb\\N\n',
    '\\x00',
  ]);
});

async function differences(from: string, to: string, hasKey: boolean): Promise<RowDifference[]> {
  const found: RowDifference[] = [];
  for await (const { differences } of mergeBuckets(pieces(from, 5), pieces(to, 3), hasKey))
    found.push(...differences);
  return found;
}

test('two streams by bucket: missing, changed and extra rows', async () => {
  const from = '0\ta\t\\N\t11\t5 (0,1)\n0\tb\tx\t12\t5 (0,2)\n3\tc\tx\t13\t5 (0,3)\n';
  const to = '0\tb\tx\t99\t7 (1,1)\n2\td\tx\t14\t7 (1,2)\n3\tc\tx\t13\t7 (1,3)\n';
  const found = await differences(from, to, true);
  expect(found).toEqual([
    { kind: 'missing', key: 'a\t\\N', from: '5 (0,1)', to: null, old: null, copies: 1 },
    { kind: 'changed', key: 'b\tx', from: '5 (0,2)', to: '7 (1,1)', old: '99', copies: 1 },
    { kind: 'extra', key: 'd\tx', from: null, to: '7 (1,2)', old: '14', copies: 1 },
  ]);
  expect(found.map(formatDifference).map(parseDifference)).toEqual(found);
});

test('equal rows without a key are counted', async () => {
  const from = '0\t11\t3\t5 (0,1)\n1\t12\t1\t5 (0,2)\n';
  const to = '0\t11\t1\t7 (0,1)\n1\t12\t4\t7 (0,2)\n1\t13\t2\t7 (0,3)\n';
  expect(await differences(from, to, false)).toEqual([
    { kind: 'missing', key: '', from: '5 (0,1)', to: null, old: null, copies: 2 },
    { kind: 'extra', key: '', from: null, to: '7 (0,2)', old: '12', copies: 3 },
    { kind: 'extra', key: '', from: null, to: '7 (0,3)', old: '13', copies: 2 },
  ]);
});
