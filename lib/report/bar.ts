// Progress as one line on a terminal.
import { type CopyProgress, computeRatio, isNothing } from '../flow/progress.ts';
import { formatBytes, formatCount } from '../problem/amount.ts';
import { makeLegible } from '../problem/legible.ts';
import { cutLine } from './format.ts';

const [least, most] = [10, 30];

/**
 * A line with a bar: the current table and its progress, the total, the rate and the time left. Where they
 * do not fit, the bar becomes shorter, then the rate, the total and the bar are left out. The name is cut
 * last, and the time left is always there.
 * @param width of the terminal
 */
export function barText(progress: CopyProgress, width: number): string {
  const { doing, name, own, all, secondsLeft } = progress;
  // One column stays free: some terminals wrap a full line.
  const room = width - 1;
  if (isNothing(all)) return cutLine(`${doing} ${makeLegible(name)}`, { width: room });
  const head = `${doing} ${makeLegible(name)} ${percentOf(own)}`;
  const time = `${clock(secondsLeft)} left`;
  const { total, rate } = amountsOf(progress);
  const rests = [[total, rate, time], [total, time], [time]].map((parts) =>
    [percentOf(all), ...parts].join('  '),
  );
  for (const rest of rests) {
    const length = Math.min(most, room - [...head].length - rest.length - 4);
    if (length >= least) return `${head} ${bar(computeRatio(all), length)} ${rest}`;
  }
  const rest = rests.at(-1) as string;
  return cutLine(`${cutLine(head, { width: Math.max(1, room - rest.length - 1) })} ${rest}`, { width: room });
}

const percentOf = (part: CopyProgress['all']) => `${Math.floor(computeRatio(part) * 100)}%`;

function amountsOf({ all, rate, unit }: CopyProgress): { readonly total: string; readonly rate: string } {
  const isRows = unit === 'rows';
  const amount = (value: number) => (isRows ? formatCount(Math.round(value), 'row') : formatBytes(value));
  const done = isRows ? String(Math.round(all.done)) : formatBytes(all.done);
  const total = all.done > all.of ? amount(all.done) : `${done} of ${amount(all.of)}`;
  return { total, rate: `${amount(rate)}/s` };
}

function bar(ratio: number, length: number): string {
  const full = Math.round(ratio * length);
  return `[${'#'.repeat(full)}${'.'.repeat(length - full)}]`;
}

function clock(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
