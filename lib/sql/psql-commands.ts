// Parts that only psql understands: backslash commands and rows after COPY. They are found by psql's rules
// for quotes and statement ends (source: psqlscan.l), and blanked so that every position stays the same.

/** A script without psql's parts. */
export interface PsqlScript {
  /** As long as the original text, with blanks for psql's parts. */
  readonly sql: string;
  /** The ends of statements, each after a semicolon. */
  readonly ends: readonly number[];
  /** Backslash commands that change the SQL that runs, so they cannot be left out. */
  readonly refused: readonly { readonly command: string; readonly index: number }[];
}

/** A part of a schema file that has no effect on a schema. */
export interface IgnoredPart {
  /** `INSERT`, `COPY`, `\\connect`. */
  readonly what: string;
  readonly index: number;
}

// A file without these words, like nearly all, need not be scanned.
const mayBeIgnored = /^[ \t]*(?:(?:insert|update|delete|merge|copy)\b|\\c(?:onnect)?\b)/im;

/** The statements of a schema file that write rows, and its commands of psql that change the database. */
export function findIgnored(text: string): IgnoredPart[] {
  return mayBeIgnored.test(text) ? [...scanned(text).ignored()] : [];
}

const token =
  /--[^\n]*|\/\*|'|"|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|[();\\]|\d[\w$]*/g;

const refusedCommands = new Set(
  'i ir include include_relative if elif else endif gexec gset copy'.split(' '),
);

/** Finds and blanks psql's parts. Text that ends inside of a quote is left to the parser to refuse. */
export function blankPsqlCommands(text: string): PsqlScript {
  return scanned(text).script();
}

function scanned(text: string): PsqlScan {
  const scan = new PsqlScan(text);
  const reader = new RegExp(token);
  for (let match = reader.exec(text); match !== null; match = reader.exec(text))
    reader.lastIndex = scan.take(match[0], match.index);
  return scan;
}

const writing = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE', 'COPY']);

// The state of a text up to a token.
class PsqlScan {
  readonly #text: string;
  readonly #ends: number[] = [];
  readonly #refused: { command: string; index: number }[] = [];
  readonly #pieces: string[] = [];
  #copied = 0;
  #depth = 0;
  #begins = 0;
  // Of the statement.
  #start = 0;
  #words: string[] = [];
  readonly #ignored: IgnoredPart[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  script(): PsqlScript {
    const sql = [...this.#pieces, this.#text.slice(this.#copied)].join('');
    return { sql, ends: this.#ends, refused: this.#refused };
  }

  ignored(): readonly IgnoredPart[] {
    return this.#ignored;
  }

  /** Takes a token, and gives the index at which the next one is looked for. */
  take(found: string, index: number): number {
    const text = this.#text;
    const after = index + found.length;
    if (found === '/*') return endOfComment(text, after);
    if (found === "'" || found === '"') return endOfQuote(text, after, found);
    if (found.startsWith('$')) return endOr(text.indexOf(found, after), text, found.length);
    if (found === '(') this.#depth++;
    else if (found === ')') this.#depth = Math.max(0, this.#depth - 1);
    else if (found === '\\') return this.#command(index, after);
    else if (found === ';' && this.#depth === 0 && this.#begins === 0) return this.#end(after);
    else if (/^[a-z_\u0080-\uffff]/i.test(found) && !found.startsWith('--')) return this.#word(found, index);
    return after;
  }

  #drop(from: number, to: number): number {
    this.#pieces.push(this.#text.slice(this.#copied, from), blankText(this.#text.slice(from, to)));
    this.#copied = to;
    return to;
  }

  #command(index: number, after: number): number {
    const end = endOr(this.#text.indexOf('\n', after), this.#text, 0);
    const command = /^[a-z_]*/i.exec(this.#text.slice(after, end))?.[0] ?? '';
    if (refusedCommands.has(command)) this.#refused.push({ command, index });
    if (/^c(onnect)?$/.test(command)) this.#ignored.push({ what: `\\${command}`, index });
    return this.#drop(index, end);
  }

  // Behind a statement, where the rows of a COPY are, too.
  #end(after: number): number {
    const text = this.#text;
    this.#ends.push(after);
    const isCopy = this.#words[0] === 'COPY' && /\bfrom\s+stdin\b/i.test(text.slice(this.#start, after));
    const line = endOr(text.indexOf('\n', after), text, 1);
    this.#start = isCopy ? this.#drop(line, endOfData(text, line)) : after;
    this.#words = [];
    return this.#start;
  }

  #word(found: string, index: number): number {
    const after = index + found.length;
    const isEscaped = /^e$/i.test(found) && this.#text[after] === "'";
    const word = found.toUpperCase();
    if (this.#words.length === 0 && writing.has(word)) this.#ignored.push({ what: word, index });
    if (this.#words.length < 4) this.#words.push(word);
    // The body of a routine in standard SQL holds semicolons of its own: BEGIN ATOMIC … END, with CASE …
    // END inside.
    if (isRoutine(this.#words)) {
      if (word === 'BEGIN' || (word === 'CASE' && this.#begins > 0)) this.#begins++;
      else if (word === 'END' && this.#begins > 0) this.#begins--;
    }
    return isEscaped ? endOfQuote(this.#text, after + 1, "'", true) : after;
  }
}

/** True if a text contains more than blanks, comments and lone semicolons. */
export function holdsStatement(text: string): boolean {
  const nothing = /[\s;]+|--[^\n]*/y;
  for (let at = 0; at < text.length; at = nothing.lastIndex) {
    nothing.lastIndex = at;
    if (nothing.test(text)) continue;
    if (!text.startsWith('/*', at)) return true;
    nothing.lastIndex = endOfComment(text, at + 2);
    // One that does not end is for the parser to refuse.
    if (nothing.lastIndex < at + 4 || !text.startsWith('*/', nothing.lastIndex - 2)) return true;
  }
  return false;
}

/** Blanks of the same length, with the same line ends. */
export function blankText(text: string): string {
  return text.replace(/[^\r\n]+/g, (line) => ' '.repeat(line.length));
}

function isRoutine(words: readonly string[]): boolean {
  const name = words[1] === 'OR' ? words[3] : words[1];
  return words[0] === 'CREATE' && (name === 'FUNCTION' || name === 'PROCEDURE');
}

function endOr(index: number, text: string, width: number): number {
  return index < 0 ? text.length : index + width;
}

function endOfQuote(text: string, from: number, quote: string, backslash = false): number {
  for (let at = from; at < text.length; at++) {
    if (backslash && text[at] === '\\') at++;
    else if (text[at] === quote) {
      if (text[at + 1] !== quote) return at + 1;
      at++;
    }
  }
  return text.length;
}

function endOfComment(text: string, from: number): number {
  const bound = /\/\*|\*\//g;
  bound.lastIndex = from;
  for (let depth = 1; depth > 0; ) {
    const match = bound.exec(text);
    if (match === null) return text.length;
    depth += match[0] === '/*' ? 1 : -1;
  }
  return bound.lastIndex;
}

function endOfData(text: string, from: number): number {
  const end = /^\\\.\r?$/gm;
  end.lastIndex = from;
  return end.exec(text) === null ? text.length : end.lastIndex;
}
