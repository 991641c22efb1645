// Comments `-- pgmage:renamed from old_name` in SQL files, and the objects that they belong to.

/** The content of a comment. Names are as parsed, without quotes. */
export interface RenameComment {
  /** The former name; its last part counts. */
  readonly from: readonly string[];
  /** The new name, from table to column, with the parts that are written there. */
  readonly to: readonly string[];
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
const comment = /^(?:--|\/\*)\s*pgmage:renamed\s+from\s+(.*?)\s*(?:\*\/)?$/;

/** Finds the comments of a file, in their order. */
export function readRenameComments(text: string): RenameComment[] {
  if (!text.includes('pgmage:renamed')) return [];
  const code: Token[] = [];
  const found: { readonly from: string[]; readonly at: number; readonly line: number }[] = [];
  let [line, depth, statement] = [1, 0, 0];
  for (const match of text.matchAll(token)) {
    const [own] = match;
    if (own === '\n') line++;
    else if (/^(--|\/\*)/.test(own)) {
      const said = comment.exec(own)?.[1];
      if (said !== undefined) found.push({ from: splitNames(said), at: code.length, line });
      line += linesIn(own);
    } else {
      if (own === ')') depth = Math.max(0, depth - 1);
      code.push({ text: own, index: match.index, line, depth, statement });
      if (own === '(') depth++;
      if (own === ';' && depth === 0) statement++;
      line += linesIn(own);
    }
  }
  return found.flatMap(({ from, at, line: own }) => {
    // A comment at the end of a line belongs to the object at the start of that line.
    const before = code[at - 1]?.line === own;
    const place = before ? code.findIndex((one) => one.line === own) : at;
    const anchor = code[place];
    if (anchor === undefined || from.length === 0) return [];
    const all = code.filter((one) => one.statement === anchor.statement);
    const object = objectOf(all);
    if (anchor.depth === 0) return [{ from, to: object }];
    const element = code.slice(place).find(({ text }) => isName(text) && !/^constraint$/i.test(text));
    return element === undefined ? [] : [{ from, to: [...object, plain(element.text)] }];
  });
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
