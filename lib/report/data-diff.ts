// The differences of rows of two databases as text.

import type { DataDiffReport, TableDifference } from '../commands/data-diff.ts';
import type { DataVerifyReport } from '../commands/data-verify.ts';
import type { RowDetail, ShownValues } from '../data-sync/row-details.ts';
import type { PairingNote } from '../data-sync/shape.ts';
import { formatCount } from '../problem/amount.ts';
import { nameCommands } from '../problem/own-command.ts';
import type { Retry } from '../project/retry.ts';
import { makeInk } from './ink.ts';
import type { Paper } from './paper.ts';
import { tableRows } from './table.ts';
import { wrapText } from './wrapped.ts';

/** The report of `data:diff`. */
export function dataDiffText(report: DataDiffReport, paper: Paper): string {
  const differing = report.tables.filter((one) => sumOf(one) > 0);
  const equal = report.tables.filter((one) => sumOf(one) === 0);
  const equalRows = equal.reduce((sum, { rows }) => sum + rows.from, 0);
  return [
    ...headLines(report, paper),
    '',
    ...(differing.length > 0 ? tableLines(differing, paper) : []),
    ...(equal.length > 0
      ? [`${formatCount(equal.length, 'table')} with the same ${formatCount(whole(equalRows), 'row')}.`]
      : []),
    ...report.tables
      .filter(({ unmapped }) => unmapped > 0)
      .flatMap(({ name, unmapped }) =>
        wrapText(
          `${name}: ${formatCount(unmapped, 'row')} of the target without an old id, left alone.`,
          paper,
        ),
      ),
    ...noteLines(report.notes, paper),
    '',
    ...resultLines(report, differing, paper),
    ...(report.file === null ? [] : wrapText(`All rows that differ are in ${report.file}`, paper)),
    ...retryLines(report.retries, paper),
  ].join('\n');
}

function resultLines(
  report: DataDiffReport,
  differing: readonly TableDifference[],
  paper: Paper,
): readonly string[] {
  const ink = makeInk(paper.colour);
  const sum = (kind: 'missing' | 'changed' | 'extra') =>
    whole(differing.reduce((total, one) => total + one[kind], 0));
  const tables = formatCount(report.tables.length, 'table');
  const isEmpty = report.tables.length === 0;
  const found = isEmpty
    ? 'No table was compared.'
    : differing.length === 0
      ? `No differences in ${tables}, in ${secondsOf(report)} s.`
      : `${sum('missing')} missing, ${sum('changed')} changed, ${sum('extra')} extra in ` +
        `${differing.length} of ${tables}, in ${secondsOf(report)} s.`;
  const refused = refusedIn(report);
  return [
    ...(differing.length === 0 && refused === 0 && !isEmpty ? [ink.green(found)] : [ink.red(found)]),
    ...refusedLines(refused, paper),
  ];
}

const refusedIn = ({ notes }: Pick<DataDiffReport, 'notes'>) =>
  new Set(notes.filter(({ forbids }) => forbids === 'comparing').map(({ what }) => what)).size;

const refusedLines = (refused: number, paper: Paper) =>
  refused === 0
    ? []
    : wrapText(
        `Not compared: ${formatCount(refused, 'table or column', 'tables or columns')}, listed as refused.`,
        paper,
      );

/** The report of `data:verify`. */
export function dataVerifyText(report: DataVerifyReport, paper: Paper): string {
  const ink = makeInk(paper.colour);
  const rows = report.tables.map(({ name, rows: { from, to }, hash, isSame }) => [
    name,
    whole(from),
    whole(to),
    isSame ? hash.from || '-' : from === to ? 'other values' : 'other rows',
  ]);
  const other = report.tables.filter(({ isSame }) => !isSame).length;
  const refused = refusedIn(report);
  const tables = formatCount(report.tables.length, 'table');
  const head = ['Table', 'Source rows', 'Target rows', 'Hash'];
  return [
    ...headLines(report, paper),
    '',
    ...tableRows([head, ...rows], 3, paper).flat(),
    ...noteLines(report.notes, paper),
    '',
    report.tables.length === 0
      ? ink.red('No table was compared.')
      : other === 0 && refused === 0
        ? ink.green(`${tables} with the same rows, in ${secondsOf(report)} s.`)
        : ink.red(`${other} of ${tables} with other rows, in ${secondsOf(report)} s.`),
    ...refusedLines(refused, paper),
    ...(other > 0 ? [nameCommands('Hint: data:diff shows the rows that differ.')] : []),
    ...retryLines(report.retries, paper),
  ].join('\n');
}

type AnyReport = Pick<DataDiffReport, 'source' | 'target' | 'asOf'>;

const secondsOf = ({ durationMs }: Pick<DataDiffReport, 'durationMs'>) => (durationMs / 1000).toFixed(1);
const sumOf = ({ missing, changed, extra }: TableDifference) => missing + changed + extra;
const whole = (value: number) => value.toLocaleString('en-US');

/** The two databases, and when each was read. */
export function headLines({ source, target, asOf }: AnyReport, paper: Paper): string[] {
  const at = (time: Date) => time.toISOString().replace('T', ' ').replace(/\..*/, ' UTC');
  return [
    ...wrapText(`Source: ${source.name}  (${source.address})  at ${at(asOf.from)}`, paper),
    ...wrapText(`Target: ${target.name}  (${target.address})  at ${at(asOf.to)}`, paper),
  ];
}

function tableLines(tables: readonly TableDifference[], paper: Paper): string[] {
  const rows = tables.map((one) => [
    one.name,
    whole(one.rows.from),
    ...[one.missing, one.changed, one.extra].map(whole),
  ]);
  const head = ['Table', 'Rows', 'Missing', 'Changed', 'Extra'];
  const [title = [], ...others] = tableRows([head, ...rows], 4, paper);
  return [
    ...title,
    ...others.flatMap((lines, at) => {
      const { columns, details = [] } = tables[at] as TableDifference;
      const counts = Object.entries(columns ?? {}).sort(([, a], [, b]) => b - a);
      const changed = counts.map(([name, count]) => `${name} ${whole(count)}`).join(', ');
      const left =
        sumOf(tables[at] as TableDifference) - details.reduce((sum, { copies }) => sum + copies, 0);
      return [
        ...lines,
        ...(changed === '' ? [] : wrapText(`  changed columns: ${changed}`, paper)),
        ...details.flatMap((detail) => detailLines(detail, paper)),
        ...(details.length > 0 && left > 0 ? [`  and ${whole(left)} more: --out FILE writes all`] : []),
      ];
    }),
  ];
}

const signs = { missing: '+', changed: '~', extra: '-' } as const;

function detailLines({ kind, key, old, new: wanted, copies }: RowDetail, paper: Paper): string[] {
  const ink = makeInk(paper.colour);
  const inks = { missing: ink.green, changed: ink.yellow, extra: ink.red };
  const times = copies > 1 ? ` (${copies} times)` : '';
  const name = Object.keys(key).length > 0 ? valuesText(key) : '';
  const values =
    kind === 'changed'
      ? Object.keys(wanted ?? {}).map(
          (column) => `${column}: ${valueText(old?.[column])} → ${valueText(wanted?.[column])}`,
        )
      : [
          Object.keys(key).length > 0
            ? valuesText(without(wanted ?? old ?? {}, key))
            : valuesText(wanted ?? old ?? {}),
        ];
  const lines = wrapText(
    `  ${signs[kind]} ${[name, ...values].filter(Boolean).join('  ')}${times}`,
    paper,
    '    ',
  );
  return lines.map((line) => inks[kind](line));
}

function without(values: ShownValues, key: ShownValues): ShownValues {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !(name in key)));
}

const valuesText = (values: ShownValues) =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${valueText(value)}`)
    .join(' ');

// A value that is longer is whole in --out FILE.
const longest = 60;

function valueText(value: string | null | undefined): string {
  if (value === null || value === undefined) return 'null';
  return value.length > longest ? `${value.slice(0, longest - 1)}…` : value === '' ? "''" : value;
}

const titles: Readonly<Record<PairingNote['verdict'], string>> = {
  refused: 'Refused:',
  skipped: 'Skipped:',
  converted: 'Converted:',
  carried: 'Carried:',
};

/** The tables and columns that are not compared as they are. */
export function noteLines(notes: readonly PairingNote[], paper: Paper): string[] {
  const ink = makeInk(paper.colour);
  return (['refused', 'skipped', 'converted', 'carried'] as const).flatMap((verdict) => {
    const own = notes.filter((note) => note.verdict === verdict);
    if (own.length === 0) return [];
    const lines = own.flatMap(({ what, reason }) => wrapText(`  ${what}: ${reason}`, paper));
    return ['', titles[verdict], ...(verdict === 'refused' ? lines.map((line) => ink.red(line)) : lines)];
  });
}

/** The tries that failed before. */
export const retryLines = (retries: readonly Retry[], paper: Paper) =>
  retries.flatMap(({ message, waited }) => wrapText(`Retried after ${waited} s: ${message}`, paper));
