// Progress as one line on a terminal.
import { type CopyProgress, computeRatio } from '../flow/progress.ts';
import { cutLine, formatBytes } from './format.ts';

const [least, most] = [10, 30];

/**
 * A line with a bar: the current table and its progress, the total, the rate and the time left.
 * @param width of the terminal
 */
export function barText(
  { doing, name, own, all, rate, secondsLeft, unit }: CopyProgress,
  width: number,
): string {
  const amount = (value: number) => (unit === 'rows' ? `${Math.round(value)} rows` : formatBytes(value));
  const percent = Math.floor(computeRatio(own) * 100);
  const before = `${doing} ${name} ${percent}%`;
  const done = all.done > all.of ? amount(all.done) : `${amount(all.done)} of ${amount(all.of)}`;
  const after =
    `${Math.floor(computeRatio(all) * 100)}%  ${done}  ${amount(rate)}/s ` + ` ${clock(secondsLeft)} left`;
  // One column stays free: some terminals wrap a full line.
  const room = width - 1 - after.length - 4;
  const length = Math.max(least, Math.min(most, room - before.length));
  const full = Math.round(computeRatio(all) * length);
  const bar = `[${'#'.repeat(full)}${'.'.repeat(length - full)}]`;
  const head = cutLine(before, { width: Math.max(8, room - length) });
  return cutLine(`${head} ${bar} ${after}`, { width: width - 1 });
}

function clock(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
