// Runs that change rows as text: the plan, the result, the report in Markdown, the history, an undo.

import type { DataHistoryReport, DataRun } from '../commands/data-history.ts';
import type { DataSyncReport } from '../commands/data-sync.ts';
import type { DataUndoPlan, DataUndoReport } from '../commands/data-undo.ts';
import type { ResumedBatches, SyncRun } from '../data-sync/finish.ts';
import type { SideEffect } from '../data-sync/side-effects.ts';
import type { PlannedTable, RowSyncPlan } from '../data-sync/sync-plan.ts';
import { formatCount } from '../problem/amount.ts';
import { nameCommands } from '../problem/own-command.ts';
import { headLines, noteLines, retryLines } from './data-diff.ts';
import { makeInk } from './ink.ts';
import type { Paper } from './paper.ts';
import { columned, tableRows } from './table.ts';
import { wrapText } from './wrapped.ts';

const whole = (value: number) => value.toLocaleString('en-US');

/** The changes that a sync is going to make. */
export function dataSyncPlanText(plan: RowSyncPlan, paper: Paper): string {
  const changing = plan.tables.filter(({ inserts, updates, deletes }) => inserts + updates + deletes > 0);
  const rows = changing.map(({ name, rows, inserts, updates, deletes }) => [
    name,
    whole(rows.to),
    ...[inserts, updates, deletes].map(whole),
  ]);
  const kept = plan.tables.reduce((sum, one) => sum + one.kept, 0);
  return [
    ...headLines(plan, paper),
    '',
    ...(rows.length > 0
      ? tableRows([['Table', 'Rows', 'Insert', 'Update', 'Delete'], ...rows], 4, paper).flat()
      : ['No differences.']),
    ...(kept > 0 ? [`${formatCount(kept, 'extra row')} of the target stay.`] : []),
    ...unmappedLines(plan, paper),
    ...sinceLines(plan, paper),
    ...noteLines(plan.notes, paper),
  ].join('\n');
}

/** The report of `data:sync`. */
export function dataSyncText(report: DataSyncReport, paper: Paper): string {
  const ink = makeInk(paper.colour);
  const { run } = report;
  const seconds = (report.durationMs / 1000).toFixed(1);
  if (run === null)
    return [
      ...(report.dryRun ? [dataSyncPlanText(report, paper), ''] : []),
      'Nothing was changed.',
      ...retryLines(report.retries, paper),
    ].join('\n');
  const changed = run.tables.filter((one) => one.inserted + one.updated + one.deleted + one.skipped > 0);
  const rows = changed.map(({ name, inserted, updated, deleted, skipped }) => [
    name,
    ...[inserted, updated, deleted, skipped].map(whole),
  ]);
  const { set, refused } = run.sequences;
  // The plan comes before it if rows change, and names both databases.
  const head = ['Table', 'Inserted', 'Updated', 'Deleted', 'Skipped'];
  return [
    ...(rows.length > 0 ? ['', ...tableRows([head, ...rows], 4, paper).flat()] : headLines(report, paper)),
    ...(set.length > 0 ? [`${formatCount(set.length, 'sequence')} set.`] : []),
    ...refused.flatMap((name) => wrapText(`The role may not set the sequence ${name}.`, paper)),
    ...effectLines(run.sideEffects, paper),
    ...unmappedLines(report, paper),
    ...sinceLines(report, paper),
    ...noteLines(report.notes, paper),
    '',
    ...wrapText(summaryOf(report), paper).map((line) =>
      run.skipped > 0 || report.tables.length === 0 ? ink.yellow(line) : ink.green(line),
    ),
    `Run ${run.id}, ${batchText(run)}${seconds} s.`,
    ...remarkLines(run, paper),
    ...retryLines(report.retries, paper),
  ].join('\n');
}

// Ids that the text shows; --json has more.
const shownIds = 20;

function unmappedLines({ tables }: Pick<RowSyncPlan, 'tables'>, paper: Paper): string[] {
  return tables
    .filter(({ unmapped }) => unmapped > 0)
    .flatMap(({ name, unmapped, unmappedIds = [] }) => {
      const more = unmapped > shownIds ? ', …' : '';
      const ids = unmappedIds.length === 0 ? '' : ` ${unmappedIds.slice(0, shownIds).join(', ')}${more}`;
      const end = ids === '' ? '.' : ':';
      return wrapText(
        `${name}: ${formatCount(unmapped, 'row')} of the target without an old id, left alone${end}${ids}`,
        paper,
      );
    });
}

const isPartial = ({ since }: PlannedTable) => since !== undefined && since.from !== null;

function sinceLine({ name, rows, since }: PlannedTable): string[] {
  if (since === undefined) return [];
  const { by, from, reason } = since;
  if (from === null) return [`${name}: all rows were compared: ${reason}.`];
  const rest = by === 'xmin' ? `written since transaction ${from}` : `with ${by} from ${from} on`;
  return [
    `${name}: only rows ${rest} were compared, ${whole(rows.from)} of them.` +
      ' pgmage did not look for rows that the source has deleted, nor for changes in the target.',
  ];
}

const sinceLines = ({ tables }: Pick<RowSyncPlan, 'tables'>, paper: Paper): string[] =>
  tables.flatMap(sinceLine).flatMap((line) => wrapText(line, paper));

function remarkLines(run: SyncRun, paper: Paper): string[] {
  return [
    ...(run.resumes === null ? [] : wrapText(resumedLine(run.resumes), paper)),
    ...(run.skipped > 0
      ? wrapText(
          `Hint: another session changed ${formatCount(run.skipped, 'row')} meanwhile.` +
            nameCommands(' Run data:sync again.'),
          paper,
        )
      : []),
    ...(run.unrecorded === null
      ? []
      : wrapText(`The run is not in pgmage.data_runs: ${run.unrecorded}`, paper)),
  ];
}

const batchText = ({ batches }: SyncRun) =>
  batches === null ? '' : `${formatCount(batches, 'batch', 'batches')}, `;

function resumedLine({ id, batches, inserted, updated, deleted }: ResumedBatches): string {
  const numbers = `${whole(inserted)} inserted, ${whole(updated)} updated, ${whole(deleted)} deleted`;
  const before = formatCount(batches, 'batch', 'batches');
  return `It went on after run ${id.slice(0, 8)}: ${before} before it, ${numbers}.`;
}

function summaryOf({ run, tables }: DataSyncReport): string {
  if (run === null) return '';
  if (tables.length === 0) return 'No table was compared, so nothing was changed.';
  const { inserted, updated, deleted, validation, skipped } = run;
  const what = `${whole(inserted)} inserted, ${whole(updated)} updated, ${whole(deleted)} deleted.`;
  const isFull = validation === 'full';
  const parts = tables.some(isPartial) ? 'The compared rows' : 'The parts of tables that had differed';
  const checked = isFull ? formatCount(tables.length, 'table') : parts;
  const verb = isFull && tables.length === 1 ? 'is' : 'are';
  const kept = tables.reduce((sum, one) => sum + one.kept, 0);
  const other = [
    ...(skipped > 0 ? [formatCount(skipped, 'row')] : []),
    ...(kept > 0 ? [`${formatCount(kept, 'extra row')} of the target`] : []),
  ];
  const but = other.length > 0 ? ` but for ${other.join(' and ')}` : '';
  return `${what} ${checked} ${verb} equal${but}.`;
}

function effectLines(effects: readonly SideEffect[], paper: Paper): string[] {
  return effects.flatMap(({ table, inserted, updated, deleted }) =>
    wrapText(
      `Keys or triggers changed ${table}: ${inserted} inserted, ${updated} updated, ${deleted} deleted.`,
      paper,
    ),
  );
}

/** The migration report of a run in Markdown, for a file. */
export function dataSyncMarkdown(report: DataSyncReport): string {
  const { run, source, target, asOf, tables, notes } = report;
  const at = (time: Date) => time.toISOString();
  const rows = tables.map(({ name, rows: before, kept }) => {
    const one = run?.tables.find((table) => table.name === name);
    const { inserted = 0, updated = 0, deleted = 0, skipped = 0, validated = null } = one ?? {};
    const other = [...(skipped > 0 ? ['skipped'] : []), ...(kept > 0 ? ['extra'] : [])];
    const but = other.length > 0 ? `but for ${other.join(' and ')} rows` : 'yes';
    const equal = validated === null ? '' : but;
    const numbers = [before.from, inserted, updated, deleted, skipped].map(whole);
    return `| ${[name, ...numbers, equal].join(' | ')} |`;
  });
  const changed = run === null ? 0 : run.inserted + run.updated + run.deleted;
  const wanted = changed + (run?.skipped ?? 0);
  const rate = wanted === 0 ? 100 : (changed / wanted) * 100;
  return [
    `# Data sync of ${target.name} from ${source.name}`,
    '',
    `- Run: ${run?.id ?? 'none, nothing was changed'}`,
    `- Source: ${source.address}, as of ${at(asOf.from)}`,
    `- Target: ${target.address}, compared as of ${at(asOf.to)}`,
    `- Success rate: ${rate.toFixed(2)} % (${whole(changed)} of ${formatCount(whole(wanted), 'row')})`,
    `- Duration: ${(report.durationMs / 1000).toFixed(1)} s; retries: ${report.retries.length}`,
    `- Validation: ${run?.validation ?? 'none'}`,
    ...(run === null || run.batches === null ? [] : [`- Batches: ${run.batches}`]),
    ...(run === null || run.resumes === null ? [] : [`- ${resumedLine(run.resumes)}`]),
    `- Sequences set: ${run?.sequences.set.map(({ name }) => name).join(', ') || 'none'}`,
    '',
    '| Table | Source rows | Inserted | Updated | Deleted | Skipped | Equal |',
    '|-|-:|-:|-:|-:|-:|-|',
    ...rows,
    '',
    ...tables.flatMap(sinceLine).flatMap((line) => [line, '']),
    ...(notes.length > 0 ? ['## Schema differences', ''] : []),
    ...notes.map(({ verdict, what, reason }) => `- ${verdict} \`${what}\`: ${reason}`),
    '',
  ].join('\n');
}

/** The report of `data:history`. */
export function dataHistoryText({ target, runs }: DataHistoryReport, paper: Paper): string {
  const rows = runs.map((run) => [
    run.id.slice(0, 8),
    run.begunAt.replace('T', ' ').replace(/\..*/, ''),
    outcomeOf(run),
    run.systemUser ?? run.role,
    ...[run.inserted, run.updated, run.deleted, run.skipped].map(whole),
  ]);
  return [
    ...wrapText(`${target.name}  (${target.address})`, paper),
    '',
    ...(rows.length > 0 ? historyLines(rows, paper) : ['No run has changed rows.']),
    ...(runs.some(({ canUndo }) => canUndo)
      ? ['', ...wrapText(nameCommands(`data:undo RUN --env ${target.name} takes a run back.`), paper)]
      : []),
  ].join('\n');
}

// A table, or where the paper is too narrow for it, two lines for each run.
function historyLines(rows: readonly (readonly string[])[], paper: Paper): string[] {
  const head = ['Run', 'Begun (UTC)', 'Outcome', 'By', 'Inserted', 'Updated', 'Deleted', 'Skipped'];
  const table = [head, ...rows];
  if (paper.uncut || columned(table, 4).every((line) => line.length <= paper.width))
    return tableRows(table, 4, paper).flat();
  return rows.flatMap(([id, begun, outcome, by, ...numbers]) => {
    const counts = numbers.map((count, at) => `${count} ${head[at + 4]?.toLowerCase()}`);
    return [`${id}  ${begun}  ${outcome}`, `  by ${by}: ${counts.join(', ')}`].flatMap((line) =>
      wrapText(line, paper),
    );
  });
}

const outcomeOf = ({ outcome, mode, canUndo, undoneBy }: DataRun) =>
  [
    outcome === 'begun' || outcome === 'batch' ? 'broken off' : outcome,
    ...(mode === 'undo' ? ['an undo'] : []),
    ...(undoneBy === null ? [] : ['taken back']),
    ...(canUndo ? ['undo possible'] : []),
  ].join(', ');

const rowCount = (count: number, kind: string) => formatCount(whole(count), `${kind} row`);

/** The changes that an undo is going to make. */
export function dataUndoPlanText(plan: DataUndoPlan, paper: Paper): string {
  const { inserted, updated, deleted } = plan;
  return [
    ...wrapText(`Target: ${plan.target.name}  (${plan.target.address})`, paper),
    ...wrapText(`Run ${plan.run} of ${plan.ranAt}, from ${plan.source}`, paper),
    '',
    ...wrapText(
      `This deletes ${rowCount(inserted, 'inserted')}, sets ${rowCount(updated, 'updated')} back and` +
        ` returns ${rowCount(deleted, 'deleted')}, except rows that a session changed after the run.`,
      paper,
    ),
    '',
  ].join('\n');
}

/** The report of `data:undo`. */
export function dataUndoText(report: DataUndoReport, paper: Paper): string {
  if (report.tables === null) return 'Nothing was changed.';
  const rows = report.tables.map(({ name, inserted, updated, deleted, skipped }) => [
    name,
    ...[inserted, updated, deleted, skipped].map(whole),
  ]);
  return [
    ...tableRows([['Table', 'Inserted', 'Updated', 'Deleted', 'Skipped'], ...rows], 4, paper).flat(),
    ...effectLines(report.sideEffects, paper),
    '',
    ...wrapText(`Run ${report.run} is taken back by run ${report.id}.`, paper),
    ...(report.skipped > 0
      ? wrapText(
          `Left alone, because a session changed them after the run: ${formatCount(report.skipped, 'row')}.`,
          paper,
        )
      : []),
  ].join('\n');
}
