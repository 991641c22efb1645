// `db:clone` as text: its plan and its report.

import type { CloneReport } from '../commands/clone.ts';
import type { DropPlan, DropReport } from '../commands/clone-drop-old.ts';
import type { ClonePlan } from '../copy/plan.ts';
import type { PreflightCheck } from '../copy/preflight.ts';
import { formatBytes, formatCount } from '../problem/amount.ts';
import { nameCommands } from '../problem/own-command.ts';
import { makeInk } from './ink.ts';
import type { Paper } from './paper.ts';
import { wrapText } from './wrapped.ts';

const signs: Readonly<Record<PreflightCheck['outcome'], string>> = {
  ok: 'ok  ',
  warning: 'WARN',
  failed: 'FAIL',
  unknown: '?   ',
};

// The number of tables that a plan lists by name.
const told = 20;

/** The question of `db:clone`: its plan. */
export function clonePlanText(plan: ClonePlan, paper: Paper): string {
  const { source, target, replaces, replacesObjects } = plan;
  const filled = replaces.filter(({ rows }) => rows > 0).sort((a, b) => b.rows - a.rows);
  const rest = filled.length - told;
  const lost = filled.reduce((sum, { rows }) => sum + rows, 0);
  const losses = [
    ...filled.slice(0, told).map(({ name, rows }) => `  ${name}: ${formatCount(rows, 'row')}`),
    ...(rest > 0 ? [`  and ${formatCount(rest, 'other table')}`] : []),
    ...(replacesObjects > 0 ? [`  ${formatCount(replacesObjects, 'large object')}`] : []),
  ];
  const lines = [
    replaces.length === 0 && replacesObjects === 0
      ? `${target.name} holds ${plan.dataOnly ? 'none of these tables' : 'no tables'}.`
      : plan.dataOnly
        ? `This replaces the rows of ${target.name} and keeps its schema:` +
          ` ${formatCount(replaces.length, 'table')} with` +
          ` ${formatCount(lost, 'row')}${losses.length > 0 ? ':' : '.'}`
        : `This replaces the whole content of ${target.name}:` +
          ` ${formatCount(replaces.length, 'table')} with` +
          ` ${formatCount(lost, 'row')}${losses.length > 0 ? ':' : '.'}`,
    ...losses,
    ...maskLines(plan),
    ...swapLines(plan),
    `Engine: ${plan.engine}${plan.engine === 'pgmage' ? ', without client tools' : ''}.`,
  ];
  const ends = [`Source: ${source.name}  (${source.address})`, `Target: ${target.name}  (${target.address})`];
  const whole = (line: string) => wrapText(line, paper);
  return [...ends.flatMap(whole), ...checkLines(plan.checks, paper), ...lines.flatMap(whole)].join('\n');
}

// A clone in the wrong folder, without its configuration, lacks this line.
const maskLines = ({ masked }: ClonePlan): string[] =>
  masked.length > 0 ? [`Masked: ${masked.join(', ')}.`] : [];

function swapLines({ target, swap }: ClonePlan): string[] {
  if (swap === null) return [];
  const { jobs, sessions, keeps, drops } = swap;
  return [
    `${formatCount(jobs, 'session')} on each side fill a new database, which then replaces ${target.name}.`,
    ...(sessions > 0 ? [`The swap ends ${formatCount(sessions, 'other session')} in ${target.name}.`] : []),
    keeps === null
      ? `The old database of ${target.name} is dropped.`
      : `The old database of ${target.name} is kept as ${keeps}.`,
    ...drops.map(({ name, bytes }) => `Dropped from an earlier swap: ${name} (${formatBytes(bytes)})`),
  ];
}

/** The question of `db:clone --drop-old`: the databases that it will drop. */
export function dropPlanText({ target, drops }: DropPlan, paper: Paper): string {
  const lines = [
    `Target: ${target.name}  (${target.address})`,
    'This drops, and ends the sessions in them:',
    ...drops.map(({ name, bytes }) => `  ${name} (${formatBytes(bytes)})`),
  ];
  return lines.flatMap((line) => wrapText(line, paper)).join('\n');
}

/** The report of `db:clone --drop-old`. */
export function dropText({ target, drops, dropped }: DropReport, paper: Paper): string {
  if (dropped === null) return 'Declined. Nothing was dropped.';
  if (drops.length === 0) return `${target.name} has no kept database.`;
  return drops
    .flatMap(({ name }) =>
      wrapText(dropped.includes(name) ? `Dropped ${name}.` : `Could not drop ${name}.`, paper),
    )
    .join('\n');
}

function swappedLines({ target, swapped }: CloneReport): string[] {
  if (swapped === null) return [];
  const { kept, dropped, ended } = swapped;
  return [
    kept === null
      ? `Dropped the old database of ${target.name}.`
      : `Kept the old database of ${target.name} as ${kept}. To drop it:` +
        nameCommands(` db:clone --drop-old --to ${target.name}`),
    ...dropped.map((name) => `Dropped ${name}, which an earlier swap kept.`),
    ...(ended > 0 ? [`Ended ${formatCount(ended, 'other session')}.`] : []),
  ];
}

/** The report of `db:clone`. */
export function cloneText(report: CloneReport, paper: Paper): string {
  const { source, target, done, durationMs, retries } = report;
  if (done === null) return `Declined. ${target.name} is unchanged.`;
  const rows = done.tables.reduce((sum, one) => sum + one.rows, 0);
  const seconds = durationMs / 1000;
  const rate = done.bytes / Math.max(seconds, 0.001);
  const whole = (line: string) => wrapText(line, paper);
  return [
    ...whole(
      `Cloned ${source.name} to ${target.name}: ${formatCount(done.tables.length, 'table')} with` +
        ` ${formatCount(rows, 'row')}, ${formatCount(done.sequences, 'sequence')},` +
        ` ${formatCount(done.largeObjects, 'large object')}.`,
    ),
    report.dataOnly
      ? 'Verified before the commit: the rows of every table. The schema is unchanged.'
      : `Verified before the ${report.swapped ? 'swap' : 'commit'}: the schema and the rows of every table.`,
    ...maskLines(report).flatMap(whole),
    ...swappedLines(report).flatMap(whole),
    `${formatBytes(done.bytes)} in ${seconds.toFixed(1)} s, ${formatBytes(rate)}/s.`,
    ...checkLines(
      report.checks.filter(({ outcome }) => outcome === 'warning'),
      paper,
    ),
    ...(done.reworded > 0
      ? whole(`The target server writes ${formatCount(done.reworded, 'definition')} differently.`)
      : []),
    ...done.notes.flatMap((line) => whole(`Note: ${line}`)),
    ...done.left.flatMap((line) => whole(`Not copied: ${line}`)),
    ...retries.flatMap(({ message, waited }) => whole(`Retried after ${waited} s: ${message}`)),
  ].join('\n');
}

function checkLines(checks: readonly PreflightCheck[], paper: Paper): string[] {
  const ink = makeInk(paper.colour);
  const inks: Partial<Record<PreflightCheck['outcome'], (text: string) => string>> = {
    warning: ink.yellow,
    failed: ink.red,
  };
  return checks.flatMap(({ name, outcome, text }) =>
    wrapText(`${signs[outcome]} ${name}: ${text}`, paper).map((line) => inks[outcome]?.(line) ?? line),
  );
}
