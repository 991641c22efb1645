// `db:history` as text: one entry for each run of a migration, with its result.
import type { HistoryReport } from '../commands/history.ts';
import { type AuditEntry, listResults } from '../ledger/audit-entries.ts';
import { formatCount } from '../problem/amount.ts';
import { makeLegible } from '../problem/legible.ts';
import { formatAge } from './format.ts';
import type { Paper } from './paper.ts';
import { wrapText } from './wrapped.ts';

/** The report of `db:history`. */
export function historyText({ target, deeds, applied }: HistoryReport, paper: Paper): string {
  const whole = (line: string) => wrapText(line, paper, '').join('\n');
  if (deeds.length === 0) return whole(`No migration was ever applied to ${target.name}.`);
  const lines = listResults(deeds).flatMap((deed) => entryLines(deed, paper));
  const last = deeds.at(-1)?.at;
  const since = last === undefined ? '' : `, last change ${formatAge(new Date(last), paper.now)}`;
  return [
    ...lines,
    whole(`${formatCount(applied.length, 'migration')} applied to ${target.name}${since}.`),
  ].join('\n');
}

// If the line is too long, the result goes to the next one, and so does a name that has no room beside the
// time.
function entryLines(deed: AuditEntry, paper: Paper): string[] {
  const start = `${deed.at.slice(0, 19).replace('T', ' ')} UTC  ${deed.direction.padEnd(4)}`;
  const [name, rest] = [makeLegible(deed.migration), makeLegible(resultOf(deed))];
  const head = `${start}  ${name}`;
  const fits = (line: string) => paper.uncut || line.length <= paper.width;
  if (fits(`${head}  ${rest}`)) return [`${head}  ${rest}`];
  const first = fits(head) ? [head] : [start.trimEnd(), `    ${name}`];
  return [...first, ...wrapText(`    ${rest}`, paper, '')];
}

/** The person of an entry. The address of an author is in --json. */
export function personOf({ gitAuthor, systemUser, role }: AuditEntry): string {
  return gitAuthor?.replace(/ <[^>]*>$/, '') ?? systemUser ?? role;
}

function resultOf(deed: AuditEntry) {
  const { outcome, milliseconds, detail, gitCommit } = deed;
  const person = personOf(deed);
  const commit = gitCommit === null ? '' : ` at ${gitCommit.slice(0, 10)}`;
  const time = milliseconds === null ? '' : ` in ${milliseconds} ms`;
  const result = outcome === 'begun' ? 'begun, without a result' : outcome;
  const said = [...(outcome === 'done' ? [] : [result]), ...(detail === null ? [] : [detail])].join(': ');
  return `by ${person}${commit}${time}${said === '' ? '' : ` (${said})`}`;
}
