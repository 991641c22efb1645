// The plan of db:plan as text for a terminal.
import type { PlannedMigration, PlanReport } from '../commands/plan.ts';
import { describeChange } from '../compare/changes.ts';
import type { Down } from '../migration/text.ts';
import { formatCount } from '../problem/amount.ts';
import { makeLegible, makeTextLegible } from '../problem/legible.ts';
import { cautionLines, findingLines, policyLines, possibleLines, unlessEarlier } from './hazards.ts';
import { makeInk } from './ink.ts';
import type { Paper } from './paper.ts';
import { wrapText } from './wrapped.ts';

/** The stamp of a way down as the rest of a sentence: `can be undone exactly`. */
export function describeStamp(stamp: Down | null): string {
  if (stamp === null) return 'has no stamp for its way down';
  if (stamp.is === 'exact') return 'can be undone exactly';
  if (stamp.is === 'impossible') return `cannot be undone: ${stamp.why}`;
  return `can be undone, except for data${describeLost(stamp.what)}`;
}

/** The lost data of a stamp, with a note where pgmage counted on its own sample rows. */
export function describeLost(what: string): string {
  return `${/\b\d+ of \d+ (rows|values) lost\b/.test(what) ? ' (of sample rows)' : ''}: ${what}`;
}

/** The target of a plan in words. */
export function describePlanned({ target }: PlanReport): string {
  return target === null
    ? 'the files alone, without a database: --env names one'
    : `${target.name} (${target.address})`;
}

/** True if it is not known what is to be applied: the ledger does not say which files are applied. */
export const isUncounted = ({ blocked }: PlanReport): boolean => blocked?.code === 'ledger_broken';

/** The line instead of the numbers then. */
export const uncounted = 'What is to be applied is not known: the ledger does not fit the files.';

/** The number of migrations to apply, as a sentence with a space; empty where it is not known. */
const countToApply = (report: PlanReport) =>
  isUncounted(report) ? '' : `${formatCount(report.migrations.length, 'migration')} to apply. `;

/** A plan as text. */
export function planText(report: PlanReport, paper: Paper): string {
  const { changes, migrations, cautions, findings, losses, policy, drift, blocked, out } = report;
  const ink = makeInk(paper.colour);
  return [
    ink.bold(`Plan for ${describePlanned(report)}`),
    '',
    ...(changes.length === 0
      ? [isUncounted(report) ? uncounted : 'No changes.']
      : changes.flatMap((one) => wrapText(`  ${makeLegible(describeChange(one))}`, paper))),
    '',
    ...migrations.flatMap((one) => migrationLines(one, paper)),
    ...cautionLines(cautions, paper),
    ...findingLines(findings, paper, unlessEarlier),
    ...policyLines(policy, paper),
    ...titled(
      'Renamed:',
      report.renames.map(({ text, to }) => `${text} → ${to}`),
      paper,
    ),
    ...possibleLines(report.possible, paper),
    ...titled('Data that is lost:', losses, paper),
    ...titled('Drift:', drift, paper),
    ...(blocked === null
      ? []
      : [
          ...blockLines(`db:sync would refuse: ${blocked.message}`, paper).map((line) => ink.red(line)),
          ...blockLines(`Hint: ${blocked.hint}`, paper),
        ]),
    `${countToApply(report)}Nothing was changed.`,
    ...(out === null ? [] : [`Wrote ${out.file}, digest ${out.digest}`]),
  ].join('\n');
}

const titled = (title: string, lines: readonly string[], paper: Paper) =>
  lines.length === 0 ? [] : [title, ...lines.flatMap((line) => wrapText(`  ${makeLegible(line)}`, paper))];

const blockLines = (text: string, paper: Paper) =>
  makeTextLegible(text)
    .split('\n')
    .flatMap((line) => wrapText(line, paper));

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
