// The format of times and lines.
import { formatCount } from '../problem/amount.ts';
import { makeLegible } from '../problem/legible.ts';
import type { Paper } from './paper.ts';

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

/** The age of a time: `2 hours ago`, `just now`. */
export function formatAge(then: Date, now: Date): string {
  const seconds = (now.getTime() - then.getTime()) / 1000;
  for (const [unit, length] of units)
    if (seconds >= length) return `${formatCount(Math.floor(seconds / length), unit)} ago`;
  return 'just now';
}

/** A legible line within the paper's width, cut with an ellipsis. */
export function cutLine(text: string, { width, uncut = false }: Pick<Paper, 'width' | 'uncut'>): string {
  const line = makeLegible(text);
  if (uncut) return line;
  const characters = [...line];
  return characters.length <= width ? line : `${characters.slice(0, width - 1).join('')}…`;
}
