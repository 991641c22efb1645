// Measurements as a table for people.
import type { Measured } from './measure.ts';

/** One line of the table. */
export interface Line {
  readonly part: string;
  readonly measured: Measured;
  /** How it compares, where something was promised. */
  readonly ratio?: Ratio;
}

/** What is promised of one measurement against others. */
export interface Ratio {
  /** One value per round, each from the times of that round. */
  readonly values: readonly number[];
  /** `≤ 1.2 × (read + node)`, as it is shown. */
  readonly promise: string;
  readonly kept: (value: number) => boolean;
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Whether the promise of a line is kept, by the median of its rounds. */
export function isKept({ ratio }: Line): boolean {
  return ratio === undefined || ratio.kept(median(ratio.values));
}

const heads = ['', 'what', 'median', 'least – most', 'peak RSS', 'ratio (least – most)', 'promised', ''];

/** The table as Markdown, which a terminal shows as well. */
export function tableText(lines: readonly Line[]): string {
  let part = '';
  const rows = lines.map((line) => {
    const head = line.part === part ? '' : line.part;
    part = line.part;
    return [head, ...cells(line)];
  });
  const widths = heads.map((head, at) =>
    Math.max(...[head, ...rows.map((row) => row[at] ?? '')].map(length)),
  );
  const print = (row: readonly string[]) =>
    `| ${row.map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) - length(cell))).join(' | ')} |`;
  return [print(heads), print(widths.map((width) => '-'.repeat(width))), ...rows.map(print)].join('\n');
}

function cells(line: Line): string[] {
  const { measured, ratio } = line;
  const { times, peak } = measured;
  const ends = (values: readonly number[], text: (value: number) => string) =>
    values.length < 2 ? 'one run' : `${text(Math.min(...values))} – ${text(Math.max(...values))}`;
  const fixed = (value: number) => value.toFixed(2);
  return [
    measured.name,
    duration(median(times)),
    ends(times, duration),
    peak === null ? '?' : `${Math.round(peak / 2 ** 20)} MB`,
    ratio === undefined ? '' : `${fixed(median(ratio.values))} (${ends(ratio.values, fixed)})`,
    ratio?.promise ?? '',
    ratio === undefined ? '' : isKept(line) ? 'kept' : 'BROKEN',
  ];
}

function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

const length = (text: string) => [...text].length;
