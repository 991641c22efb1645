// `db:types` and `db:docs` as text: the files that they write.
import type { DocsInput, DocsReport } from '../commands/write-docs.ts';
import type { TypesInput, TypesReport } from '../commands/write-types.ts';
import { formatCount } from '../problem/amount.ts';
import { makeLegible } from '../problem/legible.ts';
import { redact } from '../problem/redact.ts';
import type { FileReport } from '../schema-files/write.ts';
import { cutLine } from './format.ts';
import { makeInk } from './ink.ts';
import type { Paper } from './paper.ts';

/**
 * The report of `db:types`: the types themselves where no file was named.
 * @param asked the options, for the command that writes the same file
 */
export function typesText(
  report: TypesReport,
  paper: Paper,
  asked: Pick<TypesInput, 'from' | 'kysely'> = {},
): string {
  const { file, text, changed, upToDate, from } = report;
  const ink = makeInk(paper.colour);
  const out = optionText('out', file ?? undefined);
  if (text !== null) return text.trimEnd();
  if (!upToDate)
    return [
      ink.red(`${file} is not up to date with ${from}.`),
      ...(changed === null ? [] : [fileLine(changed, paper)]),
      ink.dim(`Run 'db:types${out}${asked.kysely ? ' --kysely' : ''}${fromText(asked)}'.`),
    ].join('\n');
  if (changed === null) return ink.green(`${file} is up to date with ${from}.`);
  return [`Wrote ${fileLine(changed, paper)}`, ink.green(`Types of ${from}: ${countsText(report)}.`)].join(
    '\n',
  );
}

// More files are shown as a number.
const shown = 10;

const fromText = ({ from }: { readonly from?: string }) => optionText('from', from);

// As it was given, but without a password.
function optionText(name: string, value: string | undefined): string {
  if (value === undefined) return '';
  const shown = makeLegible(redact(value));
  // A shell takes some words apart without quotes. The sentence has the single ones.
  const word = /^[\w@%+=:,./~-]+$/.test(shown) ? shown : `"${shown.replace(/["\\$`]/g, '\\$&')}"`;
  return ` --${name} ${word}`;
}

/**
 * The report of `db:docs`.
 * @param asked the options, for the command that writes the same files
 */
export function docsText(
  report: DocsReport,
  paper: Paper,
  asked: Pick<DocsInput, 'from' | 'against'> = {},
): string {
  const { folder, from, against, files, written, removed, upToDate } = report;
  const states = against === null ? from : `the changes from ${against} to ${from}`;
  const option = optionText('against', asked.against);
  const ink = makeInk(paper.colour);
  if (written.length + removed.length === 0)
    return ink.green(`${folder} is up to date with ${states}: ${formatCount(files, 'file')}.`);
  const wrote = upToDate ? 'Wrote' : 'Not up to date:';
  const lines = [
    ...written.map((one) => `${wrote} ${fileLine(one, paper)}`),
    ...removed.map((file) => `${upToDate ? 'Deleted' : 'No longer needed:'} ${cutLine(file, paper)}`),
  ];
  const rest = lines.length - shown;
  return [
    ...lines.slice(0, shown),
    ...(rest > 0 ? [`and ${formatCount(rest, 'more file', 'more files')}`] : []),
    upToDate
      ? ink.green(`Documents of ${states}: ${docsCounts(report)}.`)
      : ink.dim(`Run 'db:docs${option}${optionText('out', folder)}${fromText(asked)}'.`),
  ].join('\n');
}

const docsCounts = (report: DocsReport) =>
  report.changes === null ? countsText(report) : formatCount(report.changes, 'change');

function countsText({
  relations,
  types,
  routines,
}: Pick<DocsReport, 'relations' | 'types' | 'routines'>): string {
  return [
    formatCount(relations, 'table or view', 'tables and views'),
    formatCount(types, 'type'),
    formatCount(routines, 'routine'),
  ].join(', ');
}

function fileLine({ file, lines, changed }: FileReport, paper: Paper): string {
  const ink = makeInk(paper.colour);
  const change =
    changed === null
      ? formatCount(lines, 'line')
      : `${ink.green(`+${changed.added}`)} ${ink.red(`-${changed.removed}`)} lines`;
  return `${cutLine(file, paper)} (${change})`;
}
