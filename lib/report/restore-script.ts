// A load without a manifest as text: its plan, and what came of it.
import type { ScriptPlan, ScriptReport } from '../commands/restore-script.ts';
import { formatBytes, formatCount } from '../problem/amount.ts';
import { makeLegible } from '../problem/legible.ts';
import { cutLine } from './format.ts';
import { makeInk } from './ink.ts';
import type { Paper } from './paper.ts';

/** The question of `db:restore --without-manifest`: what will run, and the content that it replaces. */
export function scriptPlanText(plan: ScriptPlan, paper: Paper): string {
  const { target, script, destroyed, append, backupFirst } = plan;
  const ink = makeInk(paper.colour);
  const lost = destroyed.filter(({ rows }) => rows > 0);
  const short = (line: string) => cutLine(makeLegible(line), paper);
  const verb = append ? 'Run' : 'Load';
  const holds = append
    ? [short(`The content of ${target.name} stays.`)]
    : lost.length > 0
      ? [
          ink.red(short(`This replaces the whole content of ${target.name}:`)),
          ...lost.map(({ name, rows }) => short(`  - ${name} (${formatCount(rows, 'row')})`)),
        ]
      : [short(`${target.name} holds no rows.`)];
  return [
    short(
      `${verb} ${script.file} (${formatBytes(script.bytes)}:` +
        ` ${formatCount(script.statements, 'statement')}) in ${target.name}  (${target.address})`,
    ),
    'The file has no manifest: pgmage cannot verify its content. It runs with your rights, as in psql.',
    ...holds,
    backupFirst ? `pgmage backs ${makeLegible(target.name)} up first.` : 'pgmage makes no backup first.',
  ].join('\n');
}

/** The report of `db:restore --without-manifest`. */
export function scriptText(report: ScriptReport, paper: Paper): string {
  const { target, script, loaded, safety, durationMs, retries } = report;
  if (loaded === null) return 'Nothing was changed.';
  return [
    makeInk(paper.colour).green(makeLegible(`Loaded ${script.file} into ${target.name}`)),
    `${formatCount(loaded.statements, 'statement')}, ${formatCount(loaded.rows, 'row')} by COPY, in` +
      ` ${(durationMs / 1000).toFixed(1)} s.`,
    ...(safety === null ? [] : [makeLegible(`The content before is in ${safety.file}`)]),
    ...retries.map(({ message, waited }) => makeLegible(`Retried after ${waited} s: ${message}`)),
  ].join('\n');
}
