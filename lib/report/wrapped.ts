// Text that matters whole: long lines go on in the next one, with an indent.
import { makeLegible } from '../problem/legible.ts';
import type { Paper } from './paper.ts';

/** The lines of a text within the paper's width. A word that is longer than a line stays whole. */
export function wrapText(
  text: string,
  { width, uncut = false }: Pick<Paper, 'width' | 'uncut'>,
  indent = '  ',
): string[] {
  const line = makeLegible(text);
  if (uncut || line.length <= width) return [line];
  const lead = /^ */.exec(line)?.[0] ?? '';
  const lines: string[] = [];
  let current = '';
  for (const word of line.slice(lead.length).split(' ')) {
    const start = lines.length === 0 ? lead : `${lead}${indent}`;
    if (current === '') current = `${start}${word}`;
    else if (current.length + 1 + word.length <= width) current += ` ${word}`;
    else {
      lines.push(current.trimEnd());
      current = `${lead}${indent}${word}`;
    }
  }
  return [...lines, current];
}
