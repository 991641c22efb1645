// The rows that differ between two databases, as text.
import type { DataDiffReport } from '../commands/data-diff.ts';
import { cutLine, formatCount } from './format.ts';
import type { Paper } from './paper.ts';

/** What differs. */
export function dataDiffText(report: DataDiffReport, paper: Paper): string {
  const differing = report.tables.filter(({ missing, changed, extra }) => missing + changed + extra > 0);
  const lines = [
    `Source: ${report.source.name}  (${report.source.address})`,
    `Target: ${report.target.name}  (${report.target.address})`,
    ...differing.map(
      ({ name, missing, changed, extra }) =>
        `${name}: ${missing} missing, ${changed} changed, ${extra} extra`,
    ),
    `${formatCount(report.tables.length - differing.length, 'table')} the same.`,
    ...report.notes.map(({ verdict, what, reason }) => `${verdict}: ${what}: ${reason}`),
  ];
  return lines.map((line) => cutLine(line, paper)).join('\n');
}
