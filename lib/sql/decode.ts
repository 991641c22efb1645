// Bytes of a user's file → text.
import type { Where } from '../problem/location.ts';
import { Problem } from '../problem/problem.ts';

/**
 * Decodes a file that must be UTF-8 text. A byte order mark is left out; line ends stay as they are, because
 * they are part of function bodies.
 * @throws Problem `not_utf8` at the first bad byte; a zero byte is one, since no SQL text can hold it
 */
export function decode(file: string, bytes: Uint8Array): string {
  const text = strictly(bytes);
  if (text !== undefined) return text;
  // A line end is never part of a longer character, so each line can be checked separately.
  for (let line = 1, start = 0; start <= bytes.length; line++) {
    const end = bytes.indexOf(10, start);
    const stop = end < 0 ? bytes.length : end;
    const tried = bytes.subarray(start, stop);
    if (strictly(tried) === undefined)
      throw new Problem('not_utf8', { file, line }, { where: bad(file, line, tried) });
    start = stop + 1;
  }
  throw new Problem('not_utf8', { file, line: 1 });
}

function strictly(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

// The line for display: an invalid character is U+FFFD.
function bad(file: string, line: number, bytes: Uint8Array): Where {
  const text = new TextDecoder().decode(bytes).replaceAll('\0', '\ufffd').replace(/\r$/, '');
  const before = text.slice(0, Math.max(0, text.indexOf('\ufffd')));
  return { file, line, column: [...before].length + 1, text };
}
