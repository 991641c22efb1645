// The plan of db:plan as text for a terminal.
import type { PlannedMigration, PlanReport } from '../commands/plan.ts';
import { describeChange } from '../compare/changes.ts';
import type { Down } from '../migration/text.ts';
import { makeLegible, makeTextLegible } from '../problem/legible.ts';
import { formatCount } from './format.ts';
import { cautionLines, findingLines, policyLines, possibleLines } from './hazards.ts';
import { makeInk } from './ink.ts';
import type { Paper } from './paper.ts';
import { wrapText } from './wrapped.ts';

/** The stamp of a way down as the rest of a sentence: `can be undone exactly`. */
export function describeStamp(stamp: Down | null): string {
  if (stamp === null) return 'has no stamp for its way down';
  if (stamp.is === 'exact') return 'can be undone exactly';
  return stamp.is === 'lossy'
    ? `can be undone, except for data: ${stamp.what}`
    : `cannot be undone: ${stamp.why}`;
}

/** The target of a plan in words. */
export function describePlanned({ target }: PlanReport): string {
  return target === null ? 'the files alone, without a database' : `${target.name} (${target.address})`;
}

/** A plan as text. */
export function planText(report: PlanReport, paper: Paper): string {
  const { changes, migrations, cautions, findings, losses, policy, drift, blocked, out } = report;
  const ink = makeInk(paper.colour);
  return [
    ink.bold(`Plan for ${describePlanned(report)}`),
    '',
    ...(changes.length === 0
      ? ['No changes.']
      : changes.map((one) => `  ${makeLegible(describeChange(one))}`)),
    '',
    ...migrations.flatMap((one) => migrationLines(one, paper)),
    ...cautionLines(cautions, paper),
    ...findingLines(findings, paper),
    ...policyLines(policy, paper),
    ...titled(
      'Renamed:',
      report.renames.map(({ text, to }) => `${text} → ${to}`),
    ),
    ...possibleLines(report.possible, paper),
    ...titled('Data that is lost:', losses),
    ...titled('Drift:', drift),
    ...(blocked === null
      ? []
      : [
          ink.red(`db:sync would refuse: ${makeTextLegible(blocked.message)}`),
          `Hint: ${makeTextLegible(blocked.hint)}`,
        ]),
    `${formatCount(migrations.length, 'migration')} to apply. Nothing was changed.`,
    ...(out === null ? [] : [`Wrote ${out.file}, digest ${out.digest}`]),
  ].join('\n');
}

const titled = (title: string, lines: readonly string[]) =>
  lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${makeLegible(line)}`)];

function migrationLines({ file, isNew, up, down, stamp }: PlannedMigration, paper: Paper): string[] {
  const ink = makeInk(paper.colour);
  const indented = (sql: string) =>
    makeTextLegible(sql.trim())
      .split('\n')
      .map((line) => (line === '' ? '' : `    ${line}`));
  return [
    ink.bold(`${file}${isNew ? ' (not written yet)' : ''}`),
    ...wrapText(`  ${describeStamp(stamp)}`, paper),
    '  Up:',
    ...indented(up),
    ...(down === null ? [] : ['  Down:', ...indented(down)]),
    '',
  ];
}
