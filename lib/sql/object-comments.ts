// Comments `-- pgmage:WORD …` in SQL files, and the objects that they belong to.

/** A comment of pgmage's. Names are as parsed, without quotes. */
export interface ObjectComment {
  /** The text after its word. */
  readonly said: string;
  /** Its place in the text. */
  readonly index: number;
  /** The place of the code that it belongs to; null: it is after all code. */
  readonly anchor: number | null;
  /** True if it belongs to a part of a statement, such as a column; false: to the whole statement. */
  readonly isInside: boolean;
  /** The object, from table to column, with the parts that are written there. */
  readonly object: readonly string[];
}

interface Token {
  readonly text: string;
  readonly index: number;
  /** Number of the line. */
  readonly line: number;
  /** The number of open parentheses around it. */
  readonly depth: number;
  /** Number of the statement. */
  readonly statement: number;
}

const token =
  /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$\w*\$)[\s\S]*?\1|[a-z_\u0080-\uffff][\w$\u0080-\uffff]*|[();.,\n]/gi;

/** Finds the comments with a word, in their order. */
export function readObjectComments(text: string, word: string): ObjectComment[] {
  if (!text.includes(`pgmage:${word}`)) return [];
  const { code, found } = readTokens(text, word);
  return found.flatMap(({ said, index, at, line: own }): ObjectComment[] => {
    // A comment at the end of a line belongs to the object at the start of that line.
    const before = code[at - 1]?.line === own;
    const place = before ? code.findIndex((one) => one.line === own) : at;
    const anchor = code[place];
    if (anchor === undefined) return [{ said, index, anchor: null, isInside: false, object: [] }];
    const all = code.filter((one) => one.statement === anchor.statement);
    const object = objectOf(all);
    const comment = { said, index, anchor: anchor.index };
    if (anchor.depth === 0) return [{ ...comment, isInside: false, object }];
    const element = code.slice(place).find(({ text }) => isName(text) && !/^constraint$/i.test(text));
    if (element === undefined) return [];
    return [{ ...comment, isInside: true, object: [...object, plain(element.text)] }];
  });
}

/** A comment, the number of tokens before it, and the number of its line. */
interface FoundComment {
  readonly said: string;
  readonly index: number;
  readonly at: number;
  readonly line: number;
}

function readTokens(text: string, word: string): { code: Token[]; found: FoundComment[] } {
  const comment = new RegExp(`^(?:--|/\\*)\\s*pgmage:${word}\\b\\s*([\\s\\S]*?)\\s*(?:\\*/)?$`);
  const code: Token[] = [];
  const found: FoundComment[] = [];
  let [line, depth, statement] = [1, 0, 0];
  for (const match of text.matchAll(token)) {
    const [own] = match;
    if (own === '\n') line++;
    else if (/^(--|\/\*)/.test(own)) {
      const said = comment.exec(own)?.[1];
      if (said !== undefined) found.push({ said, index: match.index, at: code.length, line });
      line += linesIn(own);
    } else {
      if (own === ')') depth = Math.max(0, depth - 1);
      code.push({ text: own, index: match.index, line, depth, statement });
      if (own === '(') depth++;
      if (own === ';' && depth === 0) statement++;
      line += linesIn(own);
    }
  }
  return { code, found };
}

/** The parts of a name as it is written: `public."Users".name`. */
export function splitNames(text: string): string[] {
  const parts = text.match(/"(?:[^"]|"")*"|'(?:[^']|'')*'|[^.\s"']+/g) ?? [];
  return parts.map(plain);
}

function plain(name: string): string {
  if (name.startsWith('"')) return name.slice(1, -1).replaceAll('""', '"');
  if (name.startsWith("'")) return name.slice(1, -1).replaceAll("''", "'");
  return name;
}

function linesIn(text: string): number {
  return text.split('\n').length - 1;
}

const isName = (text: string) => !/^[().,;$]/.test(text);

// The words between CREATE and a name.
const words = new Set(
  `create alter or replace unique temp temporary unlogged table index concurrently view materialized
    recursive function procedure aggregate type domain sequence schema trigger constraint event policy
    rule collation conversion text search configuration dictionary parser template server foreign data
    wrapper publication subscription statistics operator class family language procedural trusted if
    not exists only`.split(/\s+/),
);

// The name of the object that a statement creates; for ALTER … ADD, the object and the added part.
function objectOf(tokens: readonly Token[]): string[] {
  let at = tokens.findIndex(({ text }) => !words.has(text.toLowerCase()));
  // A name may be such a word, too.
  if (at > 0 && !isName(tokens[at]?.text ?? '(')) at--;
  const [path, after] = chain(tokens, Math.max(0, at));
  if (!/^add$/i.test(tokens[after]?.text ?? '')) return path;
  const rest = tokens.slice(after + 1);
  const name = rest.find(({ text }) => !/^(column|constraint|if|not|exists)$/i.test(text));
  return name === undefined ? path : [...path, plain(name.text)];
}

function chain(tokens: readonly Token[], from: number): [path: string[], after: number] {
  const path: string[] = [];
  let at = from;
  for (; at < tokens.length; at += 2) {
    path.push(plain(tokens[at]?.text ?? ''));
    if (tokens[at + 1]?.text !== '.') break;
  }
  return [path, at + 1];
}
