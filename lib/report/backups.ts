// Backups as text: one after it was made, and all of a folder.
import type { BackupReport, BackupsReport } from '../operations/backups.ts';
import { ago, bytesText, counted, cut, legible } from './format.ts';
import { inkOf } from './ink.ts';
import type { Paper } from './paper.ts';

const ways = { checksum: 'checksum', read: 'read whole', drill: 'restored' } as const;

/** What `db:backup` made. */
export function backupText(made: BackupReport, paper: Paper): string {
  const ink = inkOf(paper.colour);
  const seconds = ((made.durationMs ?? 0) / 1000).toFixed(1);
  return [
    ink.green(legible(`Backed up ${made.database} of ${made.environment} to ${made.file}`)),
    `${counted(made.tables ?? 0, 'table')}, ${counted(made.rows ?? 0, 'row')}, ${bytesText(made.bytes)}, in ${seconds} s; verified: ${ways[made.verified?.how ?? 'checksum']}`,
  ].join('\n');
}

/** What `db:backups` found. */
export function backupsText({ folder, backups }: BackupsReport, paper: Paper): string {
  const ink = inkOf(paper.colour);
  const good = backups.filter(({ faults }) => faults.length === 0);
  const bad = backups.filter(({ faults }) => faults.length > 0);
  if (backups.length === 0) return `No backups in ${folder}`;
  const head = ['File', 'Environment', 'Age', 'Size', 'Rows', 'Verified', ''];
  const rows = good.map((one) => [
    one.file.replace(/^.*[\\/]/, ''),
    one.environment ?? '',
    age(one.started, paper),
    bytesText(one.bytes),
    String(one.rows),
    one.verified ? `${ways[one.verified.how]}, ${age(one.verified.when, paper)}` : 'never',
    one.keep ? 'keep' : '',
  ]);
  const table = [head, ...rows];
  const widths = head.map((_, at) => Math.max(...table.map((row) => (row[at] ?? '').length)));
  const lines = table.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const [title = '', ...others] = lines.map((line) => cut(line, paper));
  return [
    ...(good.length > 0 ? [ink.bold(title), ...others] : []),
    ...bad.map((one) => ink.red(legible(`${one.file} is no good backup: ${one.faults.join('; ')}`))),
  ].join('\n');
}

function age(time: string | null, paper: Paper): string {
  return time === null ? '' : ago(new Date(time), paper.now);
}
