// `db:pull` as text: which files are written, what of them is lost, and what was recorded.

import type { PullPlan, PullReport } from '../commands/pull.ts';
import type { DriftReport } from '../commands/pull-drift.ts';
import type { BaselineReport } from '../migrate/baseline.ts';
import { legible } from '../problem/legible.ts';
import { counted, cut } from './format.ts';
import { inkOf } from './ink.ts';
import type { Paper } from './paper.ts';

/** What `db:pull` is going to overwrite, before it is asked for. */
export function pullPlanText({ from, to, written, removed }: PullPlan, paper: Paper): string {
  const ink = inkOf(paper.colour);
  return [
    ...written.flatMap(({ file, changed }) =>
      changed === null
        ? []
        : [`${cut(file, paper)}: ${ink.green(`+${changed.added}`)} ${ink.red(`-${changed.removed}`)} lines`],
    ),
    ...removed.map((file) => `${cut(file, paper)}: ${ink.red('deleted')}`),
    `To be overwritten in ${to} with the schema of ${from}.`,
  ].join('\n');
}

// More files than these are told by their number.
const shown = 10;

function baselineLines({ written, recorded }: BaselineReport, from: string, paper: Paper): string[] {
  return [
    ...written.map((file) => cut(`Wrote ${file}`, paper)),
    ...recorded.map((name) => cut(`Recorded ${name} in ${from} as applied`, paper)),
  ];
}

/** What `db:pull` wrote. */
export function pullText(report: PullReport, paper: Paper): string {
  const { from, to, written, removed, objects, unmanaged, refusedByPsql, done, baseline } = report;
  const ink = inkOf(paper.colour);
  if (!done) return 'Declined: nothing was written.';
  const others =
    unmanaged.length === 0
      ? []
      : ['Not managed by pgmage, and in no file:', ...unmanaged.map((one) => cut(`  - ${one}`, paper))];
  if (refusedByPsql !== null)
    others.push(ink.yellow(cut(`psql does not load ${to} in its order: ${refusedByPsql}`, paper)));
  if (baseline !== null) others.push(...baselineLines(baseline, from, paper));
  if (objects === 0)
    return [`The schema of ${from} is empty: there is nothing to write.`, ...others].join('\n');
  if (written.length + removed.length === 0)
    return [ink.green(`${to} is the schema of ${from} already.`), ...others].join('\n');
  const files =
    written.length > shown
      ? [`Wrote ${written.length} files in ${to}`]
      : written.map(({ file, lines }) => cut(`Wrote ${file} (${counted(lines, 'line')})`, paper));
  return [
    ...files,
    ...removed.map((file) => cut(`Deleted ${file}`, paper)),
    ink.green(`${counted(objects, 'object')} of ${from}: loaded again, they are the same.`),
    ...others,
  ].join('\n');
}

/** What `db:pull --drift` found, and what became of it. */
export function driftText(report: DriftReport, paper: Paper): string {
  const { from, to, changes, statements, how, written } = report;
  const ink = inkOf(paper.colour);
  if (changes.length === 0) return ink.green(`Nothing was changed in ${from} by other means.`);
  const list = changes.map(({ text }) => cut(`  - ${text}`, paper));
  const told = [`Changed in ${from} by other means:`, ...list];
  const next = ink.dim(
    `Run 'db:generate' for its migration, then 'db:sync --env ${from} --baseline' to record that ${from} has it`,
  );
  if (how !== null)
    return [
      ...told,
      ink.green(`${how === 'rewritten' ? 'Rewrote' : 'Added to'} ${written.join(', ')}`),
      next,
    ].join('\n');
  return [
    ...told,
    ink.yellow(
      `Nothing was written: ${to} has parts of its own that would have to be changed. Write into it what these do:`,
    ),
    '',
    ...statements.map((sql) => `${legible(sql)};`),
  ].join('\n');
}
