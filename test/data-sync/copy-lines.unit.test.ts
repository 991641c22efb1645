// Values that are shown in part say so.
import { expect, test } from 'vitest';
import { decodeField, splitShortened } from '../../lib/data-sync/copy-lines.ts';

async function shorten(pieces: readonly string[], most: number): Promise<(string | null)[][]> {
  async function* read() {
    yield* pieces.map((piece) => Buffer.from(piece));
  }
  const lines: string[] = [];
  for await (const some of splitShortened(read(), most)) lines.push(...some);
  return lines.map((line) => line.split('\t').map(decodeField));
}

test('a value that is cut ends with a sign, in whatever pieces it comes', async () => {
  const text = 'abcd\tabcde\t\\N\n\tabcdefghij\tz\n';
  const shown = [
    ['abcd', 'abcd…', null],
    ['', 'abcd…', 'z'],
  ];
  expect(await shorten([text], 4)).toEqual(shown);
  for (let at = 0; at <= text.length; at++)
    expect([at, await shorten([text.slice(0, at), text.slice(at)], 4)]).toEqual([at, shown]);
  expect(await shorten([...text], 4)).toEqual(shown);
});
