// Queries of a program in files: plain SQL, or SQL with sqlc's parameter names.
import { locate, type Where } from '../problem/location.ts';
import { Problem } from '../problem/problem.ts';
import { parseSql } from './parse.ts';

/** One query of a file. */
export interface Query {
  /** The name in its header: `-- name: GetUser :one`; null: there is none. */
  readonly name: string | null;
  /** Index of its first character in the file. */
  readonly start: number;
  /** SQL for PREPARE, as long as the text in the file so that positions match. */
  readonly sql: string;
}

// Statements that PREPARE accepts (manual: PREPARE). Others have no meaning before they run.
const preparable = new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);

const header = /^[ \t]*(?:--|#|\/\*)[ \t]*name:[ \t]*(\w+)[ \t]+:\w+.*$/gm;

/**
 * Finds the queries of a file.
 * @returns those that the grammar understands, and a problem with its place for each one that it does not
 */
export async function readQueries(
  file: string,
  text: string,
): Promise<{ queries: Query[]; problems: [name: string | null, problem: Problem][] }> {
  const queries: Query[] = [];
  const problems: [string | null, Problem][] = [];
  for (const { name, from, to } of sections(text)) {
    // Alone, so that one fault does not hide the next.
    const alone = numbered(text.slice(from, to));
    try {
      const { statements } = await parseSql(file, alone);
      for (const { start, end, tag } of statements)
        if (preparable.has(tag)) queries.push({ name, start: from + start, sql: alone.slice(start, end) });
    } catch (thrown) {
      if (!(thrown instanceof Problem) || thrown.where === undefined) throw thrown;
      const where = within(file, text, from, thrown.where);
      problems.push([name, new Problem(thrown.code, thrown.data, { where, cause: thrown })]);
    }
  }
  return { queries, problems };
}

// A place in a part of a file that begins where a line does, as a place in the file.
function within(file: string, text: string, from: number, { line, column }: Where): Where {
  const first = locate(file, text, from);
  const content = text.split('\n')[first.line + line - 2] ?? '';
  return { file, line: first.line + line - 1, column, text: content.replace(/\r$/, '') };
}

// A header begins a query, which ends where the next one begins. What stands before the first has no name.
function* sections(text: string): Generator<{ name: string | null; from: number; to: number }> {
  let name: string | null = null;
  let from = 0;
  for (const match of text.matchAll(header)) {
    yield { name, from, to: match.index };
    name = match[1] as string;
    from = match.index;
  }
  yield { name, from, to: text.length };
}

const quoted =
  String.raw`--[^\n]*|\/\*[\s\S]*?\*\/|\b[eE]'(?:\\[\s\S]|''|[^'\\])*'|'(?:''|[^'])*'` +
  String.raw`|"(?:""|[^"])*"|(\$\w*\$)[\s\S]*?\1`;
const call = String.raw`\bsqlc\s*\.\s*(arg|narg|slice|embed)\s*\(\s*(?:'([^']*)'|([\w.]+))\s*\)`;
// `@` is an operator, too, and part of others (`<@`, `@>`).
const token = new RegExp(`${quoted}|${call}|(?<![-+*/<>=~!@#%^&|\`?\\w])@([A-Za-z_]\\w*)|\\$(\\d+)`, 'g');

/**
 * The text with numbers for named parameters; its length stays the same unless a number is longer than a
 * name.
 */
function numbered(text: string): string {
  const tokens = [...text.matchAll(token)];
  let last = Math.max(0, ...tokens.map((match) => Number(match[6] ?? 0)));
  const numbers = new Map<string, number>();
  const number = (name: string): number => {
    const known = numbers.get(name) ?? ++last;
    numbers.set(name, known);
    return known;
  };
  return text.replace(token, (whole, ...groups) => {
    const [, what, inQuotes, bare, at] = groups;
    const name = inQuotes ?? bare ?? at;
    if (name === undefined) return whole;
    return (what === 'embed' ? `${name}.*` : `$${number(name)}`).padEnd(whole.length);
  });
}
