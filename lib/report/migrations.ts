// Migrations as text: written, applied, undone, verified and listed.
import type { GenerateReport, MigrationReport } from '../commands/generate.ts';
import type { RollbackPlan, RollbackReport } from '../commands/rollback.ts';
import type { SyncPlan, SyncReport } from '../commands/sync.ts';
import type { VerifyCheck, VerifyReport } from '../commands/verify.ts';
import { formatCount } from '../problem/amount.ts';
import { redactSql } from '../problem/redact.ts';
import { cautionLines, findingLines, policyLines, possibleLines, unlessEarlier } from './hazards.ts';
import { makeInk } from './ink.ts';
import type { Paper } from './paper.ts';
import { describeLost, describeStamp } from './plan.ts';
import { wrapText } from './wrapped.ts';

/** The report of `db:generate`. */
export function generateText(report: GenerateReport, paper: Paper): string {
  const { written, total, possible, rebased, policy } = report;
  if (written.length === 0) {
    if (total === 0) return 'Nothing to write: the wanted schema is empty.';
    const verb = total === 1 ? 'leads' : 'lead';
    return `Nothing to write: ${formatCount(total, 'migration')} ${verb} to the wanted schema.`;
  }
  return [
    ...written.flatMap((one) => [...headLines(one, paper), ...cautionLines(one.cautions, paper)]),
    ...rebased.map(({ name, was }) => (name === was ? `Rebased ${name}` : `Rebased ${was}, now ${name}`)),
    ...policyLines(policy, paper),
    ...possibleLines(
      possible,
      paper,
      written.map(({ file }) => file),
    ),
  ].join('\n');
}

/** The question of `db:sync`: its plan. */
export function syncPlanText(plan: SyncPlan, paper: Paper): string {
  const { target, pending, unfinished, finishing, replaced, cautions, findings, possible, policy } = plan;
  const { approved } = plan;
  const sql = finishing.flatMap((one) => indented(`${one};`));
  const first =
    unfinished === null ? [] : [`${unfinished} failed half-way. It is finished first:`, ...sql, ''];
  return [
    ...(replaced === null ? [] : wrapText(replacedText(plan, replaced), paper)),
    ...pending.flatMap((one) => [...headLines(one, paper), ...indented(upOf(one.text)), '']),
    ...first,
    ...cautionLines(cautions, paper),
    ...findingLines(findings, paper, unlessEarlier),
    ...policyLines(policy, paper),
    ...possibleLines(possible, paper),
    ...(approved === undefined ? [] : [`Plan ${approved.file}, digest ${approved.digest}`]),
    `This applies ${formatCount(pending.length, 'migration')} to ${target.name} (${target.address}).`,
  ].join('\n');
}

function replacedText({ target }: SyncPlan, { files, reason }: NonNullable<SyncPlan['replaced']>): string {
  return (
    `Replaces ${files.join(', ')}, which cannot run in ${target.name}: ${reason}.` +
    ` It was never applied to ${target.name}. Keep it if another database has it.`
  );
}

/** The SQL that `db:sync --dry-run` prints: that of the pending migrations, with hazards as comments. */
export function dryRunText(report: SyncReport, paper: Paper): string {
  const { target, pending, unfinished, finishing, replaced, cautions, findings, policy } = report;
  if (pending.length === 0 && unfinished === null) return `-- ${target.name} is in sync.`;
  const plain = { ...paper, colour: false, uncut: true };
  const comments = [
    ...(replaced === null ? [] : [replacedText(report, replaced)]),
    ...cautionLines(cautions, plain),
    ...findingLines(findings, plain, unlessEarlier),
    ...policyLines(policy, plain),
  ];
  return [
    ...comments.map((line) => `-- ${line}`),
    ...(unfinished === null
      ? []
      : [`-- The rest of ${unfinished}, which failed half-way`, ...finishing.map((sql) => `${sql};`), '']),
    ...pending.flatMap((one) => [
      ...headLines(one, plain).map((line) => `-- ${line.trim()}`),
      upOf(one.text).trim(),
      '',
    ]),
    `-- ${formatCount(pending.length, 'migration')} for ${target.name}. Nothing was changed.`,
  ].join('\n');
}

/** The report of `db:sync`. */
export function syncText(report: SyncReport, paper: Paper): string {
  const { target, applied, approved, unfinished, recorded, replaced } = report;
  const ink = makeInk(paper.colour);
  if (report.dryRun) return dryRunText(report, paper);
  if (applied === null) return 'Declined: nothing was written or changed.';
  const had = [
    ...(replaced?.files ?? []).map((file) => `Deleted ${file}`),
    ...recorded.map((name) => `Recorded ${name}, which the database already had`),
  ];
  if (approved !== undefined && applied.length === 0 && unfinished === null)
    had.push(`All migrations of ${approved.file} are applied already: nothing is left to do.`);
  if (applied.length === 0 && unfinished === null)
    return [...had, ink.green(`${target.name} is in sync.`)].join('\n');
  return [...had, ...applied.map((name) => `Applied ${name}`), ink.green(`${target.name} is in sync.`)].join(
    '\n',
  );
}

/** The question of `db:rollback`: its plan. */
export function rollbackPlanText(plan: RollbackPlan, paper: Paper): string {
  const { target, undone, cautions, findings, policy } = plan;
  return [
    ...undone.flatMap((one) => [...headLines(one, paper), ...indented(downOf(one.text)), '']),
    ...cautionLines(cautions, paper),
    ...findingLines(findings, paper),
    ...policyLines(policy, paper),
    `This undoes ${formatCount(undone.length, 'migration')} in ${target.name} (${target.address}).`,
  ].join('\n');
}

/** The report of `db:rollback`. */
export function rollbackText({ target, undone, done }: RollbackReport): string {
  if (!done) return 'Declined: nothing was changed.';
  if (undone.length === 0) return `Nothing to undo in ${target.name}.`;
  return undone
    .map(({ name, down }) =>
      down?.is === 'lossy' ? `Undone ${name}. Not restored${describeLost(down.what)}` : `Undone ${name}`,
    )
    .join('\n');
}

// The text of each check of `db:verify`, for success and for failure.
const checkTexts: Readonly<Record<VerifyCheck['is'], readonly [holds: string, broken: string]>> = {
  chain: ['The migrations follow one another', 'The migrations do not follow one another'],
  fingerprint: [
    'Replaying the migrations gives the recorded schema',
    'Replaying the migrations gives another schema than the recorded one',
  ],
  stamps: [
    'Each migration can be undone as its header says',
    "A migration can be undone less than its header says (write 'Down: lossy' there, then run" +
      " 'db:verify --repair')",
  ],
  recorded: [
    'The migrations lead to the wanted schema',
    "The migrations do not lead to the wanted schema ('db:generate' writes the rest)",
  ],
  ledger: ['The ledger matches the files', 'The ledger does not match the files'],
  actual: ['The database has no drift', 'The database has drifted from its migrations'],
  reached: ['The database has the wanted schema', 'The database does not have the wanted schema'],
  queries: ['All queries compile', 'Some queries do not compile'],
  pending: ['Every migration is applied', 'Migrations are not applied'],
};

/** The text of a failed check, with the command that helps. */
export function failedText(is: VerifyCheck['is'], { appliedBy }: Pick<VerifyReport, 'appliedBy'>): string {
  const [, broken] = checkTexts[is];
  if (is === 'pending') return `${broken} ('${appliedBy}' applies them)`;
  return is === 'reached' ? `${broken} ('${appliedBy}' brings it there)` : broken;
}

/** The report of `db:verify`. */
export function verifyText({ target, checks, appliedBy }: VerifyReport, paper: Paper): string {
  const ink = makeInk(paper.colour);
  const head = ink.bold(target === null ? 'The files of migrations' : `${target.name}  (${target.address})`);
  return [head, ...checkLines({ appliedBy }, checks, paper)].join('\n');
}

/** A line for each check, and its faults. */
export function checkLines(
  { appliedBy }: Pick<VerifyReport, 'appliedBy'>,
  checks: readonly VerifyCheck[],
  paper: Paper,
): string[] {
  const ink = makeInk(paper.colour);
  return checks.flatMap(({ is, faults }) =>
    faults.length === 0
      ? [ink.green(`ok   ${checkTexts[is][0]}`)]
      : [
          ink.red(`FAIL ${failedText(is, { appliedBy })}`),
          ...faults.flatMap((fault) => wrapText(`  - ${fault}`, paper)),
        ],
  );
}

/** The file of a migration, and how well it can be undone. */
export function headLines({ file, down, draft }: MigrationReport, paper: Paper): string[] {
  const ink = makeInk(paper.colour);
  // Other tools stamp no way down.
  if (down === null && !draft) return [ink.bold(file)];
  const back = down === null ? 'a draft: write its SQL, then run db:generate again' : describeStamp(down);
  return [ink.bold(file), ...wrapText(`  ${back}`, paper)];
}

const marker = /^-- (Up|Down) Migration$/m;

/** The way up of a migration's text, without passwords. */
export function upOf(text: string): string {
  return redactSql(text.split(marker)[2] ?? text);
}

/** Its way down, likewise. */
export function downOf(text: string): string {
  return redactSql(text.split(marker)[4] ?? '');
}

/** The lines of a text, indented. */
export function indented(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .map((line) => (line === '' ? '' : `  ${line}`));
}
