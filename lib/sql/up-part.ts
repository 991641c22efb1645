// Which part of a migration's text leads forward.
import { blank } from './noise.ts';

const upMarker = /^[ \t]*--[ \t-]*up[ \t]+migration.*$/im;
const downMarker = /^[ \t]*--[ \t-]*down[ \t]+migration.*$/im;

/**
 * Blanks everything but the Up part, so that positions stay. What stands before the first marker is its header; a text
 * without an Up marker leads forward up to its Down marker, or altogether.
 */
export function upPart(text: string): string {
  const up = upMarker.exec(text);
  const start = up === null ? 0 : up.index + up[0].length;
  const down = downMarker.exec(text.slice(start));
  const end = down === null ? text.length : start + down.index;
  return blank(text.slice(0, start)) + text.slice(start, end) + blank(text.slice(end));
}
