// A table as lines, whose head and rows fit the terminal.
import { makeInk } from './ink.ts';
import type { Paper } from './paper.ts';
import { wrapText } from './wrapped.ts';

/** Rows of cells as lines; the last `numbers` columns are aligned to the right. */
export function columned(rows: readonly (readonly string[])[], numbers: number): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, at) => {
        const width = widths[at] ?? 0;
        return at >= row.length - numbers ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

/**
 * The lines of each row of a table, its head first. If a row is too long for the paper, the first cell of all
 * rows has a line of its own.
 */
export function tableRows(
  rows: readonly (readonly string[])[],
  numbers: number,
  paper: Paper,
): (readonly string[])[] {
  const lines = columned(rows, numbers);
  const isNarrow = !paper.uncut && lines.some((line) => line.length > paper.width);
  const others = columned(
    rows.map(([, ...cells]) => ['', ...cells]),
    numbers,
  );
  const [head = [], ...found] = rows.map(([first = ''], at) =>
    isNarrow
      ? [first, others[at] ?? ''].flatMap((line) => wrapText(line, paper))
      : wrapText(lines[at] ?? '', paper),
  );
  const ink = makeInk(paper.colour);
  return [head.map((line) => ink.bold(line)), ...found];
}
