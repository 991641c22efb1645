// Migrations as text: what is written, applied, undone and known of them.
import type { GenerationReport, MigrationReport } from '../commands/generate.ts';
import type { HistoryReport } from '../commands/history.ts';
import type { RollbackPlan, RollbackReport } from '../commands/rollback.ts';
import type { SyncPlan, SyncReport } from '../commands/sync.ts';
import type { VerifyCheck, VerifyReport } from '../commands/verify.ts';
import { redact } from '../problem/redact.ts';
import { ago, counted, cut } from './format.ts';
import { cautionText, findingLines, hazardWords, possibleLines } from './hazards.ts';
import { inkOf } from './ink.ts';
import type { Paper } from './paper.ts';

/** What `db:generate` wrote. */
export function generationText(report: GenerationReport, paper: Paper): string {
  const { written, total, possible, rebased } = report;
  if (written.length === 0)
    return total === 0
      ? 'Nothing to write: the wanted schema is empty.'
      : `Nothing to write: ${counted(total, 'migration')} lead to the wanted schema.`;
  return [
    ...written.flatMap((one) => [...headLines(one, paper), ...cautionLines(one.cautions, paper)]),
    ...rebased.map(({ name, was }) => (name === was ? `Rebased ${name}` : `Rebased ${was}, now ${name}`)),
    ...possibleLines(possible, paper),
  ].join('\n');
}

/** What `db:sync` is going to do, before it is asked for. */
export function syncPlanText(plan: SyncPlan, paper: Paper): string {
  const { target, pending, unfinished, cautions, findings, possible } = plan;
  const first = unfinished === null ? [] : [`${unfinished} broke off half-way and is finished first.`];
  return [
    ...pending.flatMap((one) => [...headLines(one, paper), ...indented(upOf(one.text)), '']),
    ...first,
    ...cautionLines(cautions, paper),
    ...findingLines(findings, paper),
    ...possibleLines(possible, paper),
    `To be applied to ${target.name} (${target.address}): ${counted(pending.length, 'migration')}.`,
  ].join('\n');
}

/** What `db:sync` did. */
export function syncText(report: SyncReport, paper: Paper): string {
  const { target, applied, unfinished, recorded } = report;
  const ink = inkOf(paper.colour);
  if (applied === null) return 'Declined: nothing was written or changed.';
  const had = recorded.map((name) => `Recorded ${name}, whose work was there already`);
  if (applied.length === 0 && unfinished === null)
    return [...had, ink.green(`${target.name} is in sync.`)].join('\n');
  return [...had, ...applied.map((name) => `Applied ${name}`), ink.green(`${target.name} is in sync.`)].join(
    '\n',
  );
}

/** What `db:rollback` is going to do, before it is asked for. */
export function rollbackPlanText(plan: RollbackPlan, paper: Paper): string {
  const { target, undone, cautions, findings } = plan;
  return [
    ...undone.flatMap((one) => [...headLines(one, paper), ...indented(downOf(one.text)), '']),
    ...cautionLines(cautions, paper),
    ...findingLines(findings, paper),
    `To be undone in ${target.name} (${target.address}): ${counted(undone.length, 'migration')}.`,
  ].join('\n');
}

/** What `db:rollback` did. */
export function rollbackText({ target, undone, done }: RollbackReport): string {
  if (!done) return 'Declined: nothing was changed.';
  if (undone.length === 0) return `Nothing to undo in ${target.name}.`;
  return undone
    .map(({ name, down }) =>
      down?.is === 'lossy' ? `Undone ${name}. Not restored: ${down.what}` : `Undone ${name}`,
    )
    .join('\n');
}

/** What `db:history` knows. */
export function historyText({ target, deeds, applied }: HistoryReport, paper: Paper): string {
  if (deeds.length === 0) return `Nothing was ever done to ${target.name} by migrations.`;
  const lines = deeds.map(({ at, direction, outcome, migration, milliseconds, detail, ...who }) => {
    const person = who.gitAuthor ?? who.systemUser ?? who.role;
    const commit = who.gitCommit === null ? '' : ` at ${who.gitCommit.slice(0, 10)}`;
    const time = milliseconds === null ? '' : ` in ${milliseconds} ms`;
    const said = detail === null ? '' : `: ${detail}`;
    const end = outcome === 'done' && detail === null ? '' : ` (${outcome}${said})`;
    return cut(
      `${at.slice(0, 19).replace('T', ' ')}  ${direction.padEnd(4)}  ${migration}  by ${person}${commit}${time}${end}`,
      paper,
    );
  });
  const last = deeds.at(-1)?.at;
  const since = last === undefined ? '' : `, the last deed ${ago(new Date(last), paper.now)}`;
  return [...lines, `${counted(applied.length, 'migration')} applied to ${target.name}${since}.`].join('\n');
}

/** What each check of `db:verify` promises, and what it says where that is broken. */
export const promises: Readonly<Record<VerifyCheck['is'], readonly [holds: string, broken: string]>> = {
  chain: ['The migrations follow one another', 'The migrations do not follow one another'],
  fingerprint: ['Replayed, they end where they say', 'Replayed, they end elsewhere than they say'],
  stamps: [
    'Ways back restore what their stamps say',
    "Stamps say more than their ways back restore (write 'Down: lossy' there, then run 'db:verify --repair')",
  ],
  recorded: [
    'They lead to the wanted schema',
    "They do not lead to the wanted schema ('db:generate' writes the rest)",
  ],
  ledger: ['The ledger fits the files', 'The ledger does not fit the files'],
  actual: ['The database is as its migrations left it', 'The database is not as its migrations left it'],
  queries: ['The queries compile', 'Queries do not compile'],
  pending: ['Every migration is applied', "Migrations are not applied ('db:sync' applies them)"],
};

/** What `db:verify` found. */
export function verifyText({ target, checks }: VerifyReport, paper: Paper): string {
  const ink = inkOf(paper.colour);
  return [
    ink.bold(`${target.name}  (${target.address})`),
    ...checks.flatMap(({ is, faults }) =>
      faults.length === 0
        ? [ink.green(`ok   ${promises[is][0]}`)]
        : [ink.red(`FAIL ${promises[is][1]}`), ...faults.map((fault) => cut(`  - ${fault}`, paper))],
    ),
  ].join('\n');
}

function headLines({ file, down }: MigrationReport, paper: Paper): string[] {
  const ink = inkOf(paper.colour);
  const back =
    down === null
      ? 'a draft: write its SQL, then run db:generate again'
      : down.is === 'exact'
        ? 'can be undone exactly'
        : down.is === 'lossy'
          ? `can be undone, but for data: ${down.what}`
          : `cannot be undone: ${down.why}`;
  return [ink.bold(file), cut(`  ${back}`, paper)];
}

function cautionLines(cautions: SyncPlan['cautions'], paper: Paper): string[] {
  const ink = inkOf(paper.colour);
  const hazards = [...new Set(cautions.map(({ hazard }) => hazard))];
  return hazards.flatMap((hazard) => [
    ink.yellow(`Caution: ${hazardWords[hazard]}:`),
    ...cautions.filter((one) => one.hazard === hazard).map((one) => cut(`  ${cautionText(one)}`, paper)),
  ]);
}

const marker = /^-- (Up|Down) Migration$/m;

function upOf(text: string): string {
  return redact(text.split(marker)[2] ?? text);
}

function downOf(text: string): string {
  return redact(text.split(marker)[4] ?? '');
}

function indented(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .map((line) => (line === '' ? '' : `  ${line}`));
}
