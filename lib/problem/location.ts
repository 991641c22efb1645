// Places in text: where something is in a file, as servers, parsers and people count.

/** A place in a user's file, with the text of its line. Lines and columns count from 1, in characters. */
export interface Where {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The whole line, without its end. */
  readonly text: string;
}

/**
 * A piece of a user's file that was sent to a server: `text` is the whole file, the piece begins at `offset`.
 */
export interface FilePiece {
  readonly file: string;
  readonly text: string;
  /** Index into `text`, as JavaScript counts. */
  readonly offset: number;
}

/** The place of a fault of a whole file: its start, without its text. */
export function startOf(file: string): Where {
  return { file, line: 1, column: 1, text: '' };
}

/** `schema.sql:3:8`, as editors and terminals link it. */
export function formatPlace(where: Where): string {
  return `${where.file}:${where.line}:${where.column}`;
}

/** The line of a place and, under it, a caret; a long line is cut around the caret. */
export function formatCaret(where: Where, width = 100): [string, string] {
  const characters = [...where.text];
  const start = characters.length > width ? Math.max(0, where.column - 1 - Math.floor(width / 2)) : 0;
  const shown = characters.slice(start, start + width);
  // Tabs are kept under tabs, so that the caret stands right however wide they are shown.
  const indent = shown
    .slice(0, where.column - 1 - start)
    .map((character) => (character === '\t' ? '\t' : ' '));
  return [shown.join(''), `${indent.join('')}^`];
}

/**
 * The index of the n-th character, counted from 1 as PostgreSQL does: it counts code points, JavaScript
 * UTF-16 units.
 */
export function findCharacter(text: string, position: number): number {
  let index = 0;
  for (let character = 1; character < position && index < text.length; character += 1)
    index += (text.codePointAt(index) as number) > 0xffff ? 2 : 1;
  return index;
}

/** Line, column and the line's text of an index into a file. */
export function locate(file: string, text: string, index: number): Where {
  let line = 1;
  let start = 0;
  for (let end = text.indexOf('\n'); end >= 0 && end < index; end = text.indexOf('\n', start)) {
    line += 1;
    start = end + 1;
  }
  const end = text.indexOf('\n', start);
  const content = text.slice(start, end < 0 ? undefined : end).replace(/\r$/, '');
  return { file, line, column: [...text.slice(start, index)].length + 1, text: content };
}

/** The first index at or after `offset` that is neither blank nor comment. */
export function findCodeStart(text: string, offset: number): number {
  const blank = /(?:\s+|--[^\n]*|\/\*[\s\S]*?\*\/)*/y;
  blank.lastIndex = offset;
  blank.test(text);
  return blank.lastIndex < text.length ? blank.lastIndex : offset;
}
