// `db:types` and `db:docs` as text: the files that they write.
import type { TypesReport } from '../commands/write-types.ts';
import type { FileReport } from '../schema-files/write.ts';
import { cutLine, formatCount } from './format.ts';
import { makeInk } from './ink.ts';
import type { Paper } from './paper.ts';

/** The report of `db:types`: the types themselves where no file was named. */
export function typesText(report: TypesReport, paper: Paper): string {
  const { file, text, changed, upToDate, from, relations, types, routines } = report;
  const ink = makeInk(paper.colour);
  if (text !== null) return text.trimEnd();
  if (!upToDate)
    return [
      ink.red(`${file} is not up to date with ${from}.`),
      ...(changed === null ? [] : [fileLine(changed, paper)]),
      ink.dim(`Run 'db:types --out ${file}'.`),
    ].join('\n');
  if (changed === null) return ink.green(`${file} is up to date with ${from}.`);
  const counts = [
    formatCount(relations, 'table or view', 'tables and views'),
    formatCount(types, 'type'),
    formatCount(routines, 'routine'),
  ];
  return [`Wrote ${fileLine(changed, paper)}`, ink.green(`Types of ${from}: ${counts.join(', ')}.`)].join(
    '\n',
  );
}

/** A file, and how it changes. */
export function fileLine({ file, lines, changed }: FileReport, paper: Paper): string {
  const ink = makeInk(paper.colour);
  const change =
    changed === null
      ? formatCount(lines, 'line')
      : `${ink.green(`+${changed.added}`)} ${ink.red(`-${changed.removed}`)} lines`;
  return `${cutLine(file, paper)} (${change})`;
}
