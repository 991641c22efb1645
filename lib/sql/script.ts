// The SQL statements of a script in any language, with their trees and lines; and the texts that look like
// SQL and that the server's grammar does not take.
import { findStrings, hole, makeLineCounter } from './literals.ts';
import { loadParser } from './parser.ts';
import { blankPsqlCommands, holdsStatement } from './psql-commands.ts';
import type { Node } from './statement.ts';

/** The name that stands in a tree for a value or name that the program puts in. */
export const programValue = 'pgmage_value';

/** One statement of a script. */
export interface ScriptStatement {
  /** The grammar's name for it, e.g. `InsertStmt`. */
  readonly tag: string;
  readonly node: Node;
  /** The text that the tree's locations point into. */
  readonly sql: string;
  readonly line: number;
}

/** A text that looks like SQL and is not understood. */
export interface UnparsedText {
  readonly line: number;
  /** Its first characters, on one line. */
  readonly text: string;
}

/** The SQL of a script. */
export interface ScriptSql {
  readonly statements: readonly ScriptStatement[];
  readonly unparsed: readonly UnparsedText[];
}

type Parser = Awaited<ReturnType<typeof loadParser>>;

interface Found {
  readonly statements: ScriptStatement[];
  readonly unparsed: UnparsedText[];
}

/** Reads the SQL of a script. @param ending of its file: `sql`, `ts`, `py` */
export async function readScriptSql(text: string, ending: string): Promise<ScriptSql> {
  const parser = await loadParser();
  const found: Found = { statements: [], unparsed: [] };
  if (ending === 'sql') readSqlFile(parser, text, found);
  else
    for (const string of findStrings(text, ending)) {
      if (!isSql(string.text)) continue;
      if (!readText(parser, string.text, (index) => string.lineAt(index), found) && hasForm(string.text))
        found.unparsed.push(unparsed(string.text, string.lineAt(begin(string.text))));
    }
  return found;
}

function readSqlFile(parser: Parser, text: string, found: Found): void {
  const { sql, ends } = blankPsqlCommands(text);
  const lineOf = makeLineCounter(text);
  let from = 0;
  for (const to of [...ends, sql.length]) {
    const piece = sql.slice(from, to);
    const start = from;
    from = to;
    if (!holdsStatement(piece)) continue;
    const at = (index: number) => lineOf(start + index);
    if (!readText(parser, piece, at, found)) found.unparsed.push(unparsed(piece, at(begin(piece))));
  }
}

const leading = /^(?:\s|--[^\n\r]*(?:[\n\r]|$)|\/\*[\s\S]*?\*\/)*/;
const begin = (text: string) => leading.exec(text)?.[0].length ?? 0;

// A sentence that begins with a capital letter is for people.
const verbs =
  /^(select|insert|update|delete|truncate|with|merge|copy|create|alter|drop|do|call|refresh)\b|^(SELECT|INSERT|UPDATE|DELETE|TRUNCATE|WITH|MERGE|COPY|CREATE|ALTER|DROP|DO|CALL|REFRESH)\b/;
const forms = [
  /^insert\s+into\s/i,
  /^update\s+(only\s+)?\S+(\s+(as\s+)?\w+)?\s+set\s/i,
  /^delete\s+from\s/i,
  /^truncate\s+(table\s+)?\S+/i,
  /^merge\s+into\s/i,
  /^copy\s+[\s\S]*\s(from|to)\s/i,
  /^with\s+(recursive\s+)?\w+\s*(\([^)]*\)\s*)?as\b/i,
  /^select\s[\s\S]*\sfrom\s/i,
  /^(create|alter|drop)\s+(\w+\s+){0,3}(table|index|view|function|schema|type|sequence|trigger|extension)\s/i,
  /^do\s+(language\s+\w+\s+)?\$/i,
];

const isSql = (text: string) => verbs.test(text.slice(begin(text)));
const hasForm = (text: string) => forms.some((form) => form.test(text.slice(begin(text))));

function unparsed(text: string, line: number): UnparsedText {
  const short = text.slice(begin(text)).replaceAll(hole, '…').replace(/\s+/g, ' ').trim();
  return { line, text: short.length > 60 ? `${short.slice(0, 59)}…` : short };
}

// How a driver writes a value: %s, %(name)s, ?, :name, @name; and psql :'name'. `::` is a cast.
const parameter = /'(?:[^']|'')*'|%\((\w+)\)s|%s|\?|(?<![:\w]):'?"?[A-Za-z_]\w*'?"?|@[A-Za-z_]\w*/g;

// The readings of a text, the most literal first. Each has the lines of the text.
function* readings(text: string): Generator<string> {
  const names = text.replaceAll(hole, programValue);
  yield names;
  const values = (sql: string) => sql.replace(parameter, (one) => (one.startsWith("'") ? one : programValue));
  yield values(names);
  yield values(text.replaceAll(hole, `(${programValue})`));
  yield values(text.replaceAll(hole, ''));
}

function readText(parser: Parser, text: string, lineAt: (index: number) => number, found: Found): boolean {
  for (const sql of readings(text)) {
    const trees = attempt(() => parser.parseSync(sql).stmts ?? []);
    if (trees === null) continue;
    const bytes = Buffer.from(sql);
    // A line of the reading is a line of the text.
    const lineOf = (index: number) => lineAt(indexOfLine(text, sql.slice(0, index).split('\n').length));
    for (const { stmt, stmt_location: from = 0, stmt_len: length } of trees) {
      const [tag, node] = Object.entries(stmt ?? {})[0] as [string, Node];
      const start = bytes.subarray(0, from).toString().length;
      const own = bytes.subarray(from, length ? from + length : undefined).toString();
      const line = lineOf(start + begin(own));
      // The tree's locations count from the beginning of the whole text.
      found.statements.push({ tag, node, sql, line });
      if (tag === 'DoStmt' || tag === 'CreateFunctionStmt')
        readBody(parser, own, (body) => lineOf(start) + body, found);
    }
    return true;
  }
  return false;
}

// The index at which a line begins; the first line begins where its code does.
function indexOfLine(text: string, line: number): number {
  let index = 0;
  for (let count = 1; count < line; count++) index = text.indexOf('\n', index) + 1;
  return index;
}

function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}

// The statements in the body of a routine in PL/pgSQL.
function readBody(parser: Parser, sql: string, lineAt: (line: number) => number, found: Found): void {
  const tree: unknown = attempt(() => parser.parsePlPgSQLSync(sql));
  const opening = /\$\w*\$|'/.exec(sql)?.index ?? 0;
  const first = sql.slice(0, opening).split('\n').length - 1;
  for (const { query, line, isDynamic } of queriesIn(tree, 1)) {
    const text = isDynamic ? /^\s*'((?:[^']|'')*)'\s*$/.exec(query)?.[1]?.replaceAll("''", "'") : query;
    const at = lineAt(first + line - 1);
    if (text === undefined) found.unparsed.push({ line: at, text: `EXECUTE ${query.slice(0, 50)}` });
    else if (isSql(text)) {
      if (!readText(parser, text, () => at, found)) found.unparsed.push(unparsed(text, at));
    }
  }
}

interface BodyQuery {
  readonly query: string;
  readonly line: number;
  readonly isDynamic: boolean;
}

function queriesIn(value: unknown, line: number, isDynamic = false): BodyQuery[] {
  if (Array.isArray(value)) return value.flatMap((one) => queriesIn(one, line, isDynamic));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]) => {
    if (name === 'PLpgSQL_expr') return [{ query: String((inner as Node).query), line, isDynamic }];
    const own = (inner as Node | null)?.lineno;
    const dynamic = isDynamic ? name !== 'body' : name === 'PLpgSQL_stmt_dynexecute';
    return queriesIn(inner, typeof own === 'number' ? own : line, dynamic);
  });
}
