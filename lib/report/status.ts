// `db:status` as text.
import type { Change, Standing } from '../operations/changes.ts';
import type { StatusReport } from '../operations/status.ts';
import { ago, cut } from './format.ts';
import { inkOf } from './ink.ts';
import type { Paper } from './paper.ts';

/** The status of a database, for people. */
export function statusText(report: StatusReport, paper: Paper): string {
  const ink = inkOf(paper.colour);
  const { schema, target, changes, unmanaged } = report;
  const name = target.name;
  const modified = schema.modified === null ? '' : ` (modified ${ago(new Date(schema.modified), paper.now)})`;
  const section = (title: string, items: readonly string[]) =>
    items.length === 0 ? [] : [title, ...items.map((item) => cut(`  - ${item}`, paper))];
  const texts = (standing: Standing) =>
    changes.filter((change: Change) => change.standing === standing).map(({ text }) => text);
  const lines = [
    ink.bold('Database Schema Status'),
    `Local Schema:  ${schema.path}${modified}`,
    `Remote Schema: ${name}  (${target.address})`,
    `Status: ${report.inSync ? ink.green('IN SYNC') : ink.red('OUT OF SYNC')}`,
    `Pending Changes: ${changes.length}`,
    ...section(`Missing in ${name}:`, texts('missing')),
    ...section(`Different in ${name}:`, texts('different')),
    ...section(`Not in ${schema.path} (extra in ${name}):`, texts('extra')),
    ...section(`Not managed by pgmage, in ${name}:`, unmanaged),
  ];
  if (report.inSync)
    lines.push(ink.dim(`All ${report.objects} objects of ${schema.path} are as they should be.`));
  else
    lines.push(ink.dim("Run 'db:diff' for detailed comparison"), ink.dim("Run 'db:sync' to apply changes"));
  return lines.join('\n');
}
