// The plan of db:plan as Markdown for a comment: nothing in it can leave its place.
import type { PlannedMigration, PlanReport } from '../commands/plan.ts';
import { describeChange } from '../compare/changes.ts';
import type { Caution } from '../compare/impact.ts';
import type { RenameReport } from '../compare/renames.ts';
import { describeFinding } from '../migrate/findings.ts';
import { formatBytes, formatCount } from '../problem/amount.ts';
import { separateAutolinks } from '../problem/autolinks.ts';
import { makeLegible, makeTextLegible } from '../problem/legible.ts';
import { hazardWords } from './hazards.ts';
import { describeStamp, isUncounted, uncounted } from './plan.ts';

/** The characters that a comment of GitHub may have (its API answers 422 for more). */
export const commentLimit = 65_536;

// The rest is for the marker and what a program adds.
const room = commentLimit - 1_000;

/** The line that a comment begins with, so that it is found again. */
export const markerOf = (target: string) => `<!-- pgmage:plan ${target.replace(/[^\w.-]/g, '_')} -->`;

/** A part of a comment: the heavier it is, the later it is cut. */
interface Section {
  readonly text: string;
  /** The replacement where there is no room. */
  readonly short: string;
}

/** A plan as Markdown, which is never longer than a comment may be. */
export function planMarkdown(report: PlanReport, limit = room): string {
  const { target, changes, migrations, out } = report;
  const name = target === null ? 'files' : target.name;
  const title = target === null ? 'migrations' : code(target.name);
  const head = [
    markerOf(name),
    `### pgmage: plan for ${title}`,
    '',
    countLine(report),
    ...blockedLines(report),
    ...listed('Data that is lost', report.losses.map(code), 40),
    ...listed('Renamed', report.renames.map(renameItem), 20),
    ...listed(
      'Dropped and added: a rename?',
      report.possible.map((one) => `${renameItem(one)}: ${code(`--rename ${one.option}`)}`),
      20,
    ),
    ...hazardTable(report.cautions),
    ...listed(
      'Rows that a statement fails on or changes',
      report.findings.map((one) => code(describeFinding(one))),
      20,
    ),
    ...listed(
      'The policy warns of',
      report.policy.map(({ hazard, sql }) => `${code(hazard)} ${code(sql)}`),
      20,
    ),
    ...listed('Drift', report.drift.map(code), 20),
  ].join('\n');
  const foot =
    out === null
      ? []
      : [`Plan ${code(out.digest)}: \`db:sync --plan\` with this \`--digest\` applies exactly this.`];
  const isEmpty = changes.length === 0 && isUncounted(report);
  const sections = [...(isEmpty ? [] : [changesSection(report)]), ...migrations.map(migrationSection)];
  return arrange(cutLines(head, limit - 400), sections, foot.join('\n'), limit);
}

function countLine(report: PlanReport): string {
  const { target, changes, migrations } = report;
  if (isUncounted(report)) return uncounted;
  const counted = `${formatCount(changes.length, 'change')}, ${formatCount(migrations.length, 'migration')}`;
  const limits = target === null ? ' Made without a database: sizes, rows and drift are unknown.' : '';
  return `${counted} to apply.${limits}`;
}

// Sections are put in as long as there is room for the short forms of those after them.
function arrange(head: string, sections: readonly Section[], foot: string, limit: number): string {
  const lines = [head];
  let left = limit - head.length - foot.length - 200;
  let omitted = 0;
  for (const [at, { text, short }] of sections.entries()) {
    const later = sections.slice(at + 1).reduce((sum, one) => sum + one.short.length + 2, 0);
    const chosen = text.length + 2 + later <= left ? text : short;
    if (chosen.length + 2 > left) {
      omitted += 1;
      continue;
    }
    lines.push('', chosen);
    left -= chosen.length + 2;
  }
  if (omitted > 0) lines.push('', `${formatCount(omitted, 'more part')} left out: the comment is full.`);
  return [...lines, ...(foot === '' ? [] : ['', foot])].join('\n');
}

function blockedLines({ blocked }: PlanReport): string[] {
  if (blocked === null) return [];
  return [
    '',
    `**db:sync would refuse** (${code(blocked.code)}):`,
    '',
    fenced(`${blocked.message}\n${blocked.hint}`, ''),
  ];
}

// Sizes are kept: one line for each hazard of each table.
function hazardTable(cautions: readonly Caution[]): string[] {
  if (cautions.length === 0) return [];
  const rows = new Map<string, { readonly caution: Caution; count: number }>();
  for (const caution of cautions) {
    const key = `${caution.hazard}\n${caution.table?.name ?? ''}`;
    const known = rows.get(key);
    if (known === undefined) rows.set(key, { caution, count: 1 });
    else known.count += 1;
  }
  const all = [...rows.values()];
  const lines = all.slice(0, 100).map(({ caution: { hazard, table, sql }, count }) => {
    const size = table === null ? '' : formatBytes(table.bytes);
    const tuples = table === null ? '' : (table.rows?.toLocaleString('en-US') ?? 'not counted');
    const statement = count === 1 ? code(sql) : formatCount(count, 'statement');
    const name = table === null ? '' : code(table.name);
    return `| ${hazardWords[hazard]} | ${name} | ${tuples} | ${size} | ${statement} |`;
  });
  const more = all.length > lines.length ? [`| ${all.length - lines.length} more | | | | |`] : [];
  return ['', '| hazard | table | rows | size | statement |', '|---|---|---|---|---|', ...lines, ...more];
}

const renameItem = ({ text, to }: RenameReport) => `${code(text)} → ${code(to)}`;

function listed(title: string, items: readonly string[], most: number): string[] {
  if (items.length === 0) return [];
  const more = items.length > most ? [`- ${items.length - most} more`] : [];
  return ['', `**${title}**`, '', ...items.slice(0, most).map((item) => `- ${item}`), ...more];
}

function changesSection({ changes }: PlanReport): Section {
  if (changes.length === 0) return { text: 'No changes.', short: 'No changes.' };
  const signs = { missing: '+', extra: '-', different: '!' } as const;
  const lines = changes.map((one) => `${signs[one.standing]} ${makeLegible(describeChange(one))}`);
  const summary = `${formatCount(changes.length, 'change')}`;
  return { text: details(summary, fenced(lines.join('\n'), 'diff')), short: `${summary}: too long to show.` };
}

function migrationSection({ file, isNew, up, down, stamp }: PlannedMigration): Section {
  const undo = html(cutText(describeStamp(stamp), 300));
  const summary = `${html(file)}${isNew ? ' (not written yet)' : ''}: ${undo}`;
  const back = down === null ? '' : `\n\nDown:\n\n${fenced(down.trim(), 'sql')}`;
  return {
    text: details(summary, `Up:\n\n${fenced(up.trim(), 'sql')}${back}`),
    short: `${summary}. The SQL is too long to show.`,
  };
}

const details = (summary: string, body: string) =>
  `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;

// A fence that is longer than any in the text (CommonMark: Fenced code blocks).
function fenced(text: string, language: string): string {
  const clean = makeTextLegible(text);
  const longest = Math.max(2, ...[...clean.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${clean}\n${fence}`;
}

/** Text as code in a line of Markdown, also in a table; longer texts are cut. */
export function code(text: string): string {
  return `<code>${html(cutText(text, 300))}</code>`;
}

// By entities, so that neither HTML nor Markdown is left in it.
function html(text: string): string {
  const escaped = makeLegible(text.replace(/\s+/g, ' ')).replace(
    /[&<>"'`|*_[\]()!#@~\\:]/g,
    (character) => `&#${character.codePointAt(0)};`,
  );
  return separateAutolinks(escaped);
}

// Whole lines as long as there is room: no tag and no entity is cut, and a fence that is open is closed.
function cutLines(text: string, most: number): string {
  if (text.length <= most) return text;
  const kept: string[] = [];
  let length = 0;
  let fence: string | null = null;
  for (const line of text.split('\n')) {
    const [, opened = null] = /^(`{3,})\w*$/.exec(line) ?? [];
    const next: string | null = fence === null ? opened : line === fence ? null : fence;
    // There stays room for the end of the fence, and for the line that says that something is left out.
    const rest = next === null ? 3 : next.length + 4;
    if (length + line.length + rest > most) break;
    kept.push(line);
    length += line.length + 1;
    fence = next;
  }
  return [...kept, ...(fence === null ? [] : [fence]), '', '…'].join('\n');
}

function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  // Half of a character outside of the basic plane is not a character.
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
