// A load without a manifest as text: its plan, and what came of it.
import type { ScriptPlan, ScriptReport } from '../commands/restore-script.ts';
import { formatBytes, formatCount } from '../problem/amount.ts';
import { makeInk } from './ink.ts';
import type { Paper } from './paper.ts';
import { wrapText } from './wrapped.ts';

/** The question of `db:restore --without-manifest`: what will run, and the content that it replaces. */
export function scriptPlanText(plan: ScriptPlan, paper: Paper): string {
  const { target, script, destroyed, append, backupFirst } = plan;
  const ink = makeInk(paper.colour);
  const lost = destroyed.filter(({ rows }) => rows > 0);
  const lines = (text: string) => wrapText(text, paper);
  const verb = append ? 'Run' : 'Load';
  const holds = append
    ? lines(`The content of ${target.name} stays.`)
    : lost.length > 0
      ? [
          ...lines(`This replaces the whole content of ${target.name}:`).map((line) => ink.red(line)),
          ...lost.flatMap(({ name, rows }) => lines(`  - ${name} (${formatCount(rows, 'row')})`)),
        ]
      : lines(`${target.name} holds no rows.`);
  return [
    ...lines(
      `${verb} ${script.file} (${formatBytes(script.bytes)}:` +
        ` ${formatCount(script.statements, 'statement')}) in ${target.name}  (${target.address})`,
    ),
    ...lines(
      'The file has no manifest: pgmage cannot verify its content. It runs with your rights, as in psql.',
    ),
    ...holds,
    ...lines(backupFirst ? `pgmage backs ${target.name} up first.` : 'pgmage makes no backup first.'),
  ].join('\n');
}

/** The report of `db:restore --without-manifest`. */
export function scriptText(report: ScriptReport, paper: Paper): string {
  const { target, script, loaded, safety, durationMs, retries } = report;
  if (loaded === null) return 'Nothing was changed.';
  const lines = (text: string) => wrapText(text, paper);
  return [
    ...lines(`Loaded ${script.file} into ${target.name}`).map((line) => makeInk(paper.colour).green(line)),
    `${formatCount(loaded.statements, 'statement')}, ${formatCount(loaded.rows, 'row')} by COPY, in` +
      ` ${(durationMs / 1000).toFixed(1)} s.`,
    ...(safety === null ? [] : lines(`The content before is in ${safety.file}`)),
    ...retries.flatMap(({ message, waited }) => lines(`Retried after ${waited} s: ${message}`)),
  ].join('\n');
}
