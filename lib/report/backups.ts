// Backups as text: one after it was made, and all of a folder.

import type { StaleEnvironment } from '../backup/age.ts';
import type { BackupReport, MadeBackup } from '../backup/report.ts';
import type { BackupsReport } from '../commands/backups.ts';
import type { PruneReport } from '../commands/backups-prune.ts';
import type { RestorePlan, RestoreReport } from '../commands/restore.ts';
import { formatBytes, formatCount } from '../problem/amount.ts';
import { makeLegible } from '../problem/legible.ts';
import type { Retry } from '../project/retry.ts';
import { formatAge } from './format.ts';
import { makeInk } from './ink.ts';
import type { Paper } from './paper.ts';
import { wrapText } from './wrapped.ts';

const ways = { checksum: 'checksum', read: 'read whole', drill: 'restored' } as const;

/** The report of `db:backup`. */
export function backupText(made: MadeBackup, paper: Paper): string {
  const ink = makeInk(paper.colour);
  const seconds = ((made.durationMs ?? 0) / 1000).toFixed(1);
  return [
    ...wrapText(`Backed up ${made.database} of ${made.environment} to ${made.file}`, paper).map((line) =>
      ink.green(line),
    ),
    `${formatCount(made.tables ?? 0, 'table')}, ${formatCount(made.rows ?? 0, 'row')},` +
      ` ${formatBytes(made.bytes)}, in ${seconds} s; verified: ${ways[made.verified?.how ?? 'checksum']}`,
    ...made.left.flatMap((one) => wrapText(`Not in the backup: ${one}`, paper)),
    ...made.retries.map(retryText),
  ].join('\n');
}

const retryText = ({ message, waited }: Retry) => makeLegible(`Retried after ${waited} s: ${message}`);

/** The list that `db:backups` prints. */
export function backupsText(report: BackupsReport, paper: Paper): string {
  const { folder, environment, backups, stale } = report;
  const ink = makeInk(paper.colour);
  const good = backups.filter(({ faults }) => faults.length === 0);
  const bad = backups.filter(({ faults }) => faults.length > 0);
  const lines = (text: string) => wrapText(text, paper).map((line) => ink.red(line));
  return [
    ...(backups.length === 0 ? [`No backups${environment ? ` of ${environment}` : ''} in ${folder}`] : []),
    ...(good.length > 0 ? tableLines(good, paper) : []),
    ...bad.flatMap((one) => lines(damagedText(one))),
    ...stale.flatMap((one) => lines(staleText(one, paper))),
  ].join('\n');
}

function damagedText({ file, faults, environment }: BackupReport): string {
  // The dump itself may be good.
  if (faults.length === 1 && faults[0]?.startsWith('it has no manifest'))
    return `${file} ${faults[0].replace(/^it /, '')}.`;
  const again = `db:backup${environment === null ? '' : ` --env ${environment}`}`;
  return `${file} is damaged: ${faults.join('; ')}. Make a new backup with ${again}, then delete its files.`;
}

function staleText({ environment, newest, maxAge }: StaleEnvironment, paper: Paper): string {
  if (environment === null) return `No environment has a backup of the last ${maxAge}.`;
  const last = newest === null ? 'it has none' : `the newest one is of ${newest}, ${age(newest, paper)}`;
  return `${environment} has no good backup of the last ${maxAge}: ${last}.`;
}

// A table, or where the paper is too narrow for it, two lines for each backup.
function tableLines(good: readonly BackupReport[], paper: Paper): string[] {
  const ink = makeInk(paper.colour);
  const head = ['File', 'Environment', 'Age', 'Size', 'Rows', 'Verified', ''];
  const rows = good.map((one) => [
    one.file.replace(/^.*[\\/]/, ''),
    one.environment ?? '',
    age(one.started, paper),
    formatBytes(one.bytes),
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
  if (!paper.uncut && lines.some((line) => line.length > paper.width))
    return rows.flatMap(([file = '', ...facts]) => [
      ...wrapText(file, paper),
      ...wrapText(
        `  ${facts.flatMap((fact, at) => (fact ? `${names[at] ?? ''}${fact}` : [])).join(', ')}`,
        paper,
      ),
    ]);
  const [title = '', ...others] = lines.map(makeLegible);
  return [ink.bold(title), ...others];
}

// The words before each fact where it is in no table.
const names = ['', '', '', 'rows: ', 'verified: '];

function age(time: string | null, paper: Paper): string {
  return time === null ? '' : formatAge(new Date(time), paper.now);
}

/** The backups that `db:backups prune` deletes, or would delete. */
export function pruneText({ folder, kept, removed, done }: PruneReport, paper: Paper): string {
  const ink = makeInk(paper.colour);
  if (kept.length + removed.length === 0) return `No backups in ${folder}`;
  const freed = formatBytes(removed.reduce((sum, { bytes }) => sum + bytes, 0));
  const verb = done ? 'deleted' : 'would be deleted';
  return [
    ...kept.flatMap(({ file, why, faults }) =>
      why.includes('broken')
        ? wrapText(`keep     ${file}  ${faults.join('; ')}`, paper).map((line) => ink.red(line))
        : wrapText(`keep     ${file}  ${why.join(', ')}`, paper),
    ),
    ...removed.flatMap(({ file }) =>
      wrapText(`${done ? 'deleted' : 'delete '}  ${file}`, paper).map((line) => ink.yellow(line)),
    ),
    `${formatCount(removed.length, 'backup')} ${verb},` +
      ` ${freed}${done || removed.length === 0 ? '' : '; --yes does it'}`,
  ].join('\n');
}

/** The question of `db:restore`: the content that it will replace. */
export function restorePlanText({ target, backup, destroyed }: RestorePlan, paper: Paper): string {
  const ink = makeInk(paper.colour);
  const lost = destroyed.filter(({ rows }) => rows > 0);
  const lines = (text: string) => wrapText(text, paper);
  return [
    ...lines(
      `Restore ${backup.file} (${backup.environment}, ${age(backup.started, paper)}:` +
        ` ${formatCount(backup.tables ?? 0, 'table')}, ${formatCount(backup.rows ?? 0, 'row')})` +
        ` into ${target.name}  (${target.address})`,
    ),
    ...(lost.length > 0
      ? [
          ...lines(`This replaces the whole content of ${target.name}:`).map((line) => ink.red(line)),
          ...lost.flatMap(({ name, rows }) => lines(`  - ${name} (${formatCount(rows, 'row')})`)),
        ]
      : lines(`${target.name} holds no rows.`)),
  ].join('\n');
}

const schemas = {
  same: 'the same schema',
  unowned: 'the same schema, without owners and privileges',
  'other version': 'a schema of another PostgreSQL version, which pgmage did not compare',
  'other release':
    'a schema that pgmage did not compare, because the fingerprint of pgmage 0.1.0 contains server entries',
} as const;

/** The report of `db:restore`. */
export function restoreText(
  { target, backup, proof, durationMs, retries }: RestoreReport,
  paper: Paper,
): string {
  if (proof === null) return 'Nothing was changed.';
  const { tables, rows, notes } = proof;
  return [
    makeInk(paper.colour).green(makeLegible(`Restored ${backup.file} into ${target.name}`)),
    `${formatCount(tables, 'table')} with ${formatCount(rows, 'row')} in` +
      ` ${(durationMs / 1000).toFixed(1)} s.`,
    `Verified before the commit: rows by count and hash, and ${schemas[proof.schema]}.`,
    ...notes.map((note) => makeLegible(`Note: ${note}`)),
    ...retries.map(retryText),
  ].join('\n');
}
