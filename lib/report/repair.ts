// `db:verify --repair` as text: the accepted edits, and the files and rows that change.
import type { RepairPlan, RepairReport } from '../commands/verify-repair.ts';
import { formatCount } from '../problem/amount.ts';

/** The question of `db:verify --repair`: the edits that it will accept. */
export function repairPlanText({ target, edited, files, rows }: RepairPlan): string {
  return [
    'Only comments and whitespace differ from the applied files:',
    ...[...new Set([...edited, ...rows])].map((name) => `  ${name}`),
    `This writes new checksums into ${formatCount(files.length, 'file')} and` +
      ` ${formatCount(rows.length, 'ledger row')} of ${target.name} (${target.address}).`,
  ].join('\n');
}

/** The report of `db:verify --repair`. */
export function repairText({ target, files, rows, done }: RepairReport): string {
  if (!done) return 'Declined: nothing was changed.';
  if (files.length + rows.length === 0) return `Nothing to repair in ${target.name}.`;
  return [
    ...files.map((file) => `Sealed ${file}`),
    ...rows.map((name) => `Accepted ${name} in ${target.name}`),
  ].join('\n');
}
