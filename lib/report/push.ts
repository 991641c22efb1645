// `db:push` and `db:watch` as text.

import type { PushPlan, PushReport } from '../commands/push.ts';
import type { WatchEvent, WatchReport } from '../commands/watch.ts';
import { formatCount } from '../problem/amount.ts';
import { makeTextLegible } from '../problem/legible.ts';
import { nameCommands } from '../problem/own-command.ts';
import { format } from '../problem/problem.ts';
import { redactSql } from '../problem/redact.ts';
import { differenceText } from './difference.ts';
import { cautionLines, findingLines, policyLines, possibleLines } from './hazards.ts';
import { makeInk } from './ink.ts';
import type { Paper } from './paper.ts';
import { wrapText } from './wrapped.ts';

/** The question of `db:push`: its plan. */
export function pushPlanText(plan: PushPlan, paper: Paper): string {
  const { target, statements, cautions, findings, possible, policy } = plan;
  return [
    ...statements.map((sql) => makeTextLegible(redactSql(`${sql};`))),
    '',
    ...cautionLines(cautions, paper),
    ...findingLines(findings, paper),
    ...policyLines(policy, paper),
    ...possibleLines(possible, paper),
    `This runs ${formatCount(statements.length, 'statement')} in ${target.name} (${target.address}).`,
  ].join('\n');
}

/** The report of `db:push`. */
export function pushText({ target, recording, statements, done }: PushReport, paper: Paper): string {
  const ink = makeInk(paper.colour);
  if (!done) return 'Declined: nothing was changed.';
  if (statements.length === 0) return ink.green(`${target.name} is in sync.`);
  return [
    ink.green(`Pushed ${formatCount(statements.length, 'statement')} to ${target.name}. It is in sync.`),
    ...wrapText(nameCommands(`No migration was written. When the schema is ready: ${recording}.`), paper).map(
      (line) => ink.dim(line),
    ),
  ].join('\n');
}

/** The end of `db:watch`. */
export const watchEndText = ({ looks }: WatchReport): string =>
  `Stopped after ${formatCount(looks, 'comparison')}.`;

/** One look of `db:watch`. */
export function watchText(event: WatchEvent, paper: Paper): string {
  const ink = makeInk(paper.colour);
  const seconds = (event.milliseconds / 1000).toFixed(2);
  const head = ink.dim(`--- ${paper.now.toISOString().slice(11, 19)} UTC, ${seconds} s`);
  if (event.is === 'problem')
    return `${head}\n${ink.red(format(event.problem, (line) => wrapText(line, paper)))}`;
  if (event.is === 'pushed') return pushText(event.report, paper);
  return `${head}\n${differenceText(event.report, paper)}`;
}
