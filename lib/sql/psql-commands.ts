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

const token =
  /--[^\n]*|\/\*|'|"|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|[();\\]|\d[\w$]*/g;

const refusedCommands = new Set(
  'i ir include include_relative if elif else endif gexec gset copy'.split(' '),
);

/** Finds and blanks psql's parts. Text that ends inside of a quote is left to the parser to refuse. */
export function blankPsqlCommands(text: string): PsqlScript {
  const ends: number[] = [];
  const refused: { command: string; index: number }[] = [];
  const pieces: string[] = [];
  let copied = 0;
  const drop = (from: number, to: number) => {
    pieces.push(text.slice(copied, from), blankText(text.slice(from, to)));
    copied = to;
  };
  let depth = 0;
  let begins = 0;
  let start = 0;
  let words: string[] = [];
  const reader = new RegExp(token);
  for (let match = reader.exec(text); match !== null; match = reader.exec(text)) {
    const [found] = match;
    const after = reader.lastIndex;
    if (found === '/*') reader.lastIndex = endOfComment(text, after);
    else if (found === "'") reader.lastIndex = endOfQuote(text, after, "'");
    else if (found === '"') reader.lastIndex = endOfQuote(text, after, '"');
    else if (found.startsWith('$')) reader.lastIndex = endOr(text.indexOf(found, after), text, found.length);
    else if (found === '(') depth++;
    else if (found === ')') depth = Math.max(0, depth - 1);
    else if (found === '\\') {
      const end = endOr(text.indexOf('\n', after), text, 0);
      const command = /^[a-z_]*/i.exec(text.slice(after, end))?.[0] ?? '';
      if (refusedCommands.has(command)) refused.push({ command, index: match.index });
      drop(match.index, end);
      reader.lastIndex = end;
    } else if (found === ';' && depth === 0 && begins === 0) {
      ends.push(after);
      if (words[0] === 'COPY' && /\bfrom\s+stdin\b/i.test(text.slice(start, after))) {
        const line = endOr(text.indexOf('\n', after), text, 1);
        const end = endOfData(text, line);
        drop(line, end);
        reader.lastIndex = end;
      }
      start = reader.lastIndex;
      words = [];
    } else if (/^[a-z_\u0080-\uffff]/i.test(found) && !found.startsWith('--')) {
      if (/^e$/i.test(found) && text[after] === "'")
        reader.lastIndex = endOfQuote(text, after + 1, "'", true);
      const word = found.toUpperCase();
      if (words.length < 4) words.push(word);
      // The body of a routine in standard SQL holds semicolons of its own: BEGIN ATOMIC … END, with CASE …
      // END inside.
      if (isRoutine(words)) {
        if (word === 'BEGIN' || (word === 'CASE' && begins > 0)) begins++;
        else if (word === 'END' && begins > 0) begins--;
      }
    }
  }
  pieces.push(text.slice(copied));
  return { sql: pieces.join(''), ends, refused };
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
