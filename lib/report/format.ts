// How times, counts and long lines are written.

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

/** How long ago something was: `2 hours ago`, `just now`. */
export function ago(then: Date, now: Date): string {
  const seconds = (now.getTime() - then.getTime()) / 1000;
  for (const [unit, length] of units)
    if (seconds >= length) return `${counted(Math.floor(seconds / length), unit)} ago`;
  return 'just now';
}

/** A number with its noun: `1 step`, `3 steps`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** A line within a width; what does not fit is replaced by an ellipsis. */
export function cut(line: string, width: number): string {
  const characters = [...line];
  return characters.length <= width ? line : `${characters.slice(0, width - 1).join('')}…`;
}
