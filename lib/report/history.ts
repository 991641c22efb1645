// `db:history` as text: one entry for each run of a migration, with its result.
import type { HistoryReport } from '../commands/history.ts';
import type { AuditEntry } from '../ledger/tables.ts';
import { makeLegible } from '../problem/legible.ts';
import { formatAge, formatCount } from './format.ts';
import type { Paper } from './paper.ts';
import { wrapText } from './wrapped.ts';

/** The report of `db:history`. */
export function historyText({ target, deeds, applied }: HistoryReport, paper: Paper): string {
  if (deeds.length === 0) return `No migration was ever applied to ${target.name}.`;
  const lines = deeds.flatMap((deed, at) => (hasResult(deeds, at) ? [] : entryLines(deed, paper)));
  const last = deeds.at(-1)?.at;
  const since = last === undefined ? '' : `, last change ${formatAge(new Date(last), paper.now)}`;
  return [...lines, `${formatCount(applied.length, 'migration')} applied to ${target.name}${since}.`].join(
    '\n',
  );
}

// A migration outside of a transaction has two entries: its start, and its result once there is one.
function hasResult(deeds: readonly AuditEntry[], at: number): boolean {
  const { outcome, migration, direction } = deeds[at] as AuditEntry;
  const next = deeds.slice(at + 1).find((one) => one.migration === migration);
  return outcome === 'begun' && next?.direction === direction && next.outcome !== 'begun';
}

// A name too long to stand beside the rest has a line of its own.
function entryLines(deed: AuditEntry, paper: Paper): string[] {
  const head = makeLegible(
    `${deed.at.slice(0, 19).replace('T', ' ')} UTC  ${deed.direction.padEnd(4)}  ${deed.migration}`,
  );
  const rest = resultOf(deed);
  const line = `${head}  ${rest}`;
  return paper.uncut || line.length <= paper.width
    ? [makeLegible(line)]
    : [head, ...wrapText(`    ${rest}`, paper, '')];
}

function resultOf({ outcome, milliseconds, detail, gitAuthor, gitCommit, systemUser, role }: AuditEntry) {
  // The address of an author is in --json.
  const person = gitAuthor?.replace(/ <[^>]*>$/, '') ?? systemUser ?? role;
  const commit = gitCommit === null ? '' : ` at ${gitCommit.slice(0, 10)}`;
  const time = milliseconds === null ? '' : ` in ${milliseconds} ms`;
  const result = outcome === 'begun' ? 'begun, without a result' : outcome;
  const said = [...(outcome === 'done' ? [] : [result]), ...(detail === null ? [] : [detail])].join(': ');
  return `by ${person}${commit}${time}${said === '' ? '' : ` (${said})`}`;
}
