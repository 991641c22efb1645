// `db:pull` as text: the files that it writes, and the recorded baseline.

import type { PullPlan, PullReport } from '../commands/pull.ts';
import type { DriftReport } from '../commands/pull-drift.ts';
import { describeChange } from '../compare/changes.ts';
import type { BaselineReport } from '../migrate/baseline.ts';
import { formatCount } from '../problem/amount.ts';
import { makeTextLegible } from '../problem/legible.ts';
import { redactSql } from '../problem/redact.ts';
import { cutLine } from './format.ts';
import { makeInk } from './ink.ts';
import type { Paper } from './paper.ts';
import { wrapText } from './wrapped.ts';

/** The question of `db:pull`: the files that it will overwrite. */
export function pullPlanText({ from, to, written, removed }: PullPlan, paper: Paper): string {
  const ink = makeInk(paper.colour);
  return [
    ...written.flatMap(({ file, changed }) =>
      changed === null
        ? []
        : [
            `${cutLine(file, paper)}: ${ink.green(`+${changed.added}`)}` +
              ` ${ink.red(`-${changed.removed}`)} lines`,
          ],
    ),
    ...removed.map((file) => `${cutLine(file, paper)}: ${ink.red('deleted')}`),
    `This overwrites ${to} with the schema of ${from}.`,
  ].join('\n');
}

// A longer list of files is shown as a number.
const shown = 10;

function baselineLines({ written, recorded }: BaselineReport, from: string, paper: Paper): string[] {
  return [
    ...written.flatMap((file) => wrapText(`Wrote ${file}`, paper)),
    ...recorded.flatMap((name) => wrapText(`Recorded ${name} in ${from} as applied`, paper)),
  ];
}

function secretLines({ to, secrets }: PullReport, paper: Paper): string[] {
  const advice =
    'The migrations have them, too. Before you commit them, add these objects to `ignore` and pull again.';
  return [
    makeInk(paper.colour).yellow(`${to} holds passwords of:`),
    ...secrets.flatMap((one) => wrapText(`  - ${one}`, paper)),
    ...wrapText(advice, paper),
  ];
}

/** The report of `db:pull`. */
export function pullText(report: PullReport, paper: Paper): string {
  const { from, to, written, removed, objects, unmanaged, secrets, refusedByPsql, done, baseline } = report;
  const ink = makeInk(paper.colour);
  if (!done) return 'Declined: nothing was written.';
  const others =
    unmanaged.length === 0
      ? []
      : [
          'Not managed by pgmage, and not in the files:',
          ...unmanaged.flatMap((one) => wrapText(`  - ${one}`, paper)),
        ];
  if (secrets.length > 0) others.push(...secretLines(report, paper));
  if (refusedByPsql !== null)
    others.push(
      ...wrapText(`psql cannot load ${to} in the order of its files: ${refusedByPsql}`, paper).map((line) =>
        ink.yellow(line),
      ),
    );
  if (baseline !== null) others.push(...baselineLines(baseline, from, paper));
  if (objects === 0) return [`The schema of ${from} is empty. Nothing to write.`, ...others].join('\n');
  if (written.length + removed.length === 0)
    return [ink.green(`${to} already has the schema of ${from}.`), ...others].join('\n');
  const files =
    written.length > shown
      ? [`Wrote ${formatCount(written.length, 'file')} in ${to}`]
      : written.flatMap(({ file, lines }) =>
          wrapText(`Wrote ${file} (${formatCount(lines, 'line')})`, paper),
        );
  return [
    ...files,
    ...removed.flatMap((file) => wrapText(`Deleted ${file}`, paper)),
    ink.green(`Verified: the files give the same ${formatCount(objects, 'object')} as ${from}.`),
    ...others,
  ].join('\n');
}

/** The report of `db:pull --drift`. */
export function driftText(report: DriftReport, paper: Paper): string {
  const { from, to, changes, statements, how, written } = report;
  const ink = makeInk(paper.colour);
  if (changes.length === 0) return ink.green(`${from} has no drift.`);
  const list = changes.flatMap((change) => wrapText(`  - ${describeChange(change)}`, paper));
  const told = [`Drift in ${from}:`, ...list];
  const next = ink.dim(
    `Run 'db:generate' to write its migration, then 'db:sync --env ${from} --baseline' to record it`,
  );
  if (how !== null)
    return [
      ...told,
      ink.green(`${how === 'rewritten' ? 'Rewrote' : 'Added to'} ${written.join(', ')}`),
      next,
    ].join('\n');
  return [
    ...told,
    ink.yellow(`Nothing was written: the drift changes statements of ${to}. Edit them so that they include:`),
    '',
    ...statements.map((sql) => `${makeTextLegible(redactSql(sql))};`),
  ].join('\n');
}
