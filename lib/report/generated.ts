// `db:types` and `db:docs` as text: the files that they write.
import type { DocsReport } from '../commands/write-docs.ts';
import type { TypesReport } from '../commands/write-types.ts';
import type { FileReport } from '../schema-files/write.ts';
import { cutLine, formatCount } from './format.ts';
import { makeInk } from './ink.ts';
import type { Paper } from './paper.ts';

/** The report of `db:types`: the types themselves where no file was named. */
export function typesText(report: TypesReport, paper: Paper): string {
  const { file, text, changed, upToDate, from } = report;
  const ink = makeInk(paper.colour);
  if (text !== null) return text.trimEnd();
  if (!upToDate)
    return [
      ink.red(`${file} is not up to date with ${from}.`),
      ...(changed === null ? [] : [fileLine(changed, paper)]),
      ink.dim(`Run 'db:types --out ${file}'.`),
    ].join('\n');
  if (changed === null) return ink.green(`${file} is up to date with ${from}.`);
  return [`Wrote ${fileLine(changed, paper)}`, ink.green(`Types of ${from}: ${countsText(report)}.`)].join(
    '\n',
  );
}

// More files are shown as a number.
const shown = 10;

/** The report of `db:docs`. */
export function docsText(report: DocsReport, paper: Paper): string {
  const { folder, from, files, written, removed, upToDate } = report;
  const ink = makeInk(paper.colour);
  if (written.length + removed.length === 0)
    return ink.green(`${folder} is up to date with ${from}: ${formatCount(files, 'file')}.`);
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
      ? ink.green(`Documents of ${from}: ${countsText(report)}.`)
      : ink.dim(`Run 'db:docs --out ${folder}'.`),
  ].join('\n');
}

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
