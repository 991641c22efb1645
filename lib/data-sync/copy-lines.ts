// Lines of COPY's text format (manual: COPY, "Text Format"): a tab ends a value, a line feed ends a row,
// neither is in a value.

/**
 * The lines of a stream, many at a time, without their ends. Bytes become characters of the same numbers, so
 * that text in any encoding stays what it is.
 */
export async function* splitLines(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<string[], void, undefined> {
  let rest = '';
  for await (const piece of pieces) {
    const lines = (rest + Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('latin1')).split(
      '\n',
    );
    rest = lines.pop() as string;
    if (lines.length > 0) yield lines;
  }
}

/**
 * The lines of a stream as `splitLines` gives them, with the beginning of each value alone: one can be larger
 * than memory. A value that is cut ends with `…`.
 * @param most characters of a value
 */
export async function* splitShortened(
  pieces: AsyncIterable<Uint8Array>,
  most: number,
): AsyncGenerator<string[], void, undefined> {
  let line = '';
  let room = most;
  let isCut = false;
  for await (const piece of pieces) {
    const lines: string[] = [];
    const text = Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('latin1');
    // Each value, or a part of one, and its end.
    for (const [, value = '', end = ''] of text.matchAll(/([^\t\n]*)([\t\n]|$)/g)) {
      line += value.slice(0, room) + (value.length > room && !isCut ? cutMark : '');
      isCut = end === '' && (isCut || value.length > room);
      room = end === '' ? room - Math.min(room, value.length) : most;
      if (end === '\n') lines.push(line);
      line = end === '\n' ? '' : line + end;
    }
    if (lines.length > 0) yield lines;
  }
}

// Its bytes as characters.
const cutMark = Buffer.from('…').toString('latin1');

/** A line as its bytes. */
export const encodeLine = (line: string): Buffer => Buffer.from(`${line}\n`, 'latin1');

const [tab, lineFeed] = [9, 10];

/**
 * Takes the first value off each row, and puts one behind its last. Values pass in pieces: one can be larger
 * than memory.
 * @param ending what comes behind the last value of the row that begins with that text, a tab included
 */
export async function* exchangeEnds(
  pieces: AsyncIterable<Uint8Array>,
  ending: (first: string) => string,
): AsyncGenerator<Uint8Array, void, undefined> {
  // null: its first value has not ended yet.
  let first: string | null = null;
  let begun = '';
  for await (const piece of pieces) {
    const out: Uint8Array[] = [];
    for (let at = 0; at < piece.length; ) {
      if (first === null) {
        const end = piece.subarray(at).findIndex((byte) => byte === tab || byte === lineFeed);
        begun += Buffer.from(piece.subarray(at, end < 0 ? piece.length : at + end)).toString('latin1');
        if (end < 0) break;
        // Of a table without columns, the first value is the only one.
        const isOnly = piece[at + end] === lineFeed;
        if (isOnly) out.push(Buffer.from(`${ending(begun).slice(1)}\n`, 'latin1'));
        [first, begun, at] = [isOnly ? null : begun, '', at + end + 1];
        continue;
      }
      const end = piece.indexOf(lineFeed, at);
      out.push(piece.subarray(at, end < 0 ? piece.length : end));
      if (end < 0) break;
      out.push(Buffer.from(`${ending(first)}\n`, 'latin1'));
      [first, at] = [null, end + 1];
    }
    if (out.length > 0) yield Buffer.concat(out);
  }
}

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** One value of a line as it is in the database, UTF-8; null where it is null. */
export function decodeField(field: string): string | null {
  if (field === '\\N') return null;
  const text = field.replace(/\\(.)/gs, (_, character: string) => escapes[character] ?? character);
  return Buffer.from(text, 'latin1').toString('utf8');
}
