// Finds the end of one statement in bytes that come piece by piece, by the rules of the server's scanner
// (source: scan.l), and psql's rules for semicolons inside of routines (source: psqlscan.l). Every encoding
// that a server can have keeps ASCII, so the bytes need not be decoded.

const [lineFeed, carriageReturn, semicolon, single, double] = [10, 13, 59, 39, 34] as const;
const [dash, slash, star, open, close, dollar, backslash, dot, ampersand] = [
  45, 47, 42, 40, 41, 36, 92, 46, 38,
] as const;

const isDigit = (byte = 0) => byte >= 48 && byte <= 57;
// Every byte outside of ASCII is a letter.
const isLetter = (byte = 0) =>
  (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte === 95 || byte >= 128;
const isInTag = (byte = 0) => isLetter(byte) || isDigit(byte);
const isInWord = (byte = 0) => isInTag(byte) || byte === dollar;
const isInNumber = (byte = 0) => isInTag(byte) || byte === dot;
const isBlank = (byte = 0) => byte <= 0x20;
const isLineEnd = (byte = 0) => byte === lineFeed || byte === carriageReturn;

/** The surroundings of a byte. */
type Mode =
  | { readonly in: 'statement' }
  | { readonly in: 'line comment' }
  | { readonly in: 'comment'; depth: number }
  | { readonly in: 'quotes'; readonly quote: number; readonly escapes: boolean }
  /** After a text, which a text on a later line continues. */
  | { readonly in: 'gap'; readonly escapes: boolean }
  | { readonly in: 'dollars'; readonly tag: Buffer };

const outside: Mode = { in: 'statement' };

/** The number of tokens that `head` holds. */
const headLength = 24;

/** One statement, or one command of psql, as it is found. */
export class StatementScan {
  readonly #escapes: boolean;
  readonly #body = new RoutineBody();
  #mode: Mode = outside;
  #at = 0;
  #depth = 0;
  /** The index of its first byte; null: only blanks and comments have been found. */
  begin: number | null = null;
  /**
   * Its first tokens outside of parentheses: words in lower case, `'` for a text, `"` for a quoted name, all
   * else as it stands.
   */
  readonly head: string[] = [];
  /** True if it is a command of psql, which ends with its line. */
  isCommand = false;

  /** @param standardStrings the setting `standard_conforming_strings` */
  constructor(standardStrings: boolean) {
    this.#escapes = !standardStrings;
  }

  /** True inside of quotes, a comment or parentheses: the text must not end here. */
  get isOpen(): boolean {
    return (
      !['statement', 'line comment', 'gap'].includes(this.#mode.in) || this.#depth > 0 || this.#body.isOpen()
    );
  }

  /**
   * Goes on.
   * @param bytes all bytes since the start, of which the first were there before
   * @param isAll true if no more will come
   * @returns the index behind the statement's semicolon; null: it needs more, or there is none
   */
  find(bytes: Buffer, isAll: boolean): number | null {
    while (this.#at < bytes.length) {
      const before = this.#at;
      const mode = this.#mode;
      if (mode.in === 'statement') {
        const end = this.#statement(bytes, isAll);
        if (end !== null) return end;
        // A token may go on in the next piece.
        if (this.#at === before && this.#mode === mode) return null;
      } else if (!this.#inside(mode, bytes, isAll)) return null;
    }
    return null;
  }

  // Each gives false where it needs more bytes.
  #inside(mode: Exclude<Mode, { in: 'statement' }>, bytes: Buffer, isAll: boolean): boolean {
    if (mode.in === 'line comment') return this.#lineComment(bytes);
    if (mode.in === 'comment') return this.#comment(mode, bytes, isAll);
    if (mode.in === 'dollars') return this.#dollars(mode, bytes);
    if (mode.in === 'gap') return this.#gap(mode, bytes, isAll);
    return this.#quotes(mode, bytes, isAll);
  }

  // Takes one token, or a run of blanks. Gives the end of the statement.
  #statement(bytes: Buffer, isAll: boolean): number | null {
    while (isBlank(bytes[this.#at]) && this.#at < bytes.length) this.#at++;
    const at = this.#at;
    const [byte, next] = [bytes[at], bytes[at + 1]];
    if (byte === undefined || (next === undefined && !isAll)) return null;
    if (byte === dash && next === dash) return this.#enter({ in: 'line comment' }, at + 2);
    if (byte === slash && next === star) return this.#enter({ in: 'comment', depth: 1 }, at + 2);
    if (byte === backslash && this.begin === null) return this.#command(bytes, isAll);
    if (this.begin === null && byte === semicolon) return this.#step(at + 1);
    this.begin ??= at;
    if (byte === single) return this.#text(this.#escapes, at + 1);
    if (byte === double) return this.#name(at + 1);
    if (byte === dollar) return this.#dollar(bytes, isAll);
    if (isDigit(byte) || (byte === dot && isDigit(next))) return this.#run(bytes, isAll, isInNumber, '0');
    if (isLetter(byte)) return this.#word(bytes, isAll);
    if (byte === semicolon && this.#depth === 0 && !this.#body.isOpen()) return at + 1;
    if (byte === close) this.#depth = Math.max(0, this.#depth - 1);
    this.#token(String.fromCharCode(byte));
    if (byte === open) this.#depth++;
    return this.#step(at + 1);
  }

  #step(at: number): null {
    this.#at = at;
    return null;
  }

  #enter(mode: Mode, at: number): null {
    this.#mode = mode;
    return this.#step(at);
  }

  #token(token: string): void {
    if (this.#depth > 0) return;
    this.#body.add(token);
    if (this.head.length < headLength) this.head.push(token);
  }

  #name(at: number): null {
    this.#token('"');
    return this.#enter({ in: 'quotes', quote: double, escapes: false }, at);
  }

  #text(escapes: boolean, at: number): null {
    this.#token("'");
    return this.#enter({ in: 'quotes', quote: single, escapes }, at);
  }

  // To the end of its line, as psql reads it.
  #command(bytes: Buffer, isAll: boolean): number | null {
    const end = bytes.indexOf('\n', this.#at);
    if (end < 0 && !isAll) return null;
    this.begin = this.#at;
    this.isCommand = true;
    return end < 0 ? bytes.length : end + 1;
  }

  // Takes all bytes of a kind; none where they may go on in the next piece.
  #run(bytes: Buffer, isAll: boolean, fits: (byte?: number) => boolean, token: string): null {
    let end = this.#at;
    while (end < bytes.length && fits(bytes[end])) end++;
    if (end === bytes.length && !isAll) return null;
    this.#token(token);
    return this.#step(end);
  }

  #word(bytes: Buffer, isAll: boolean): null {
    const begin = this.#at;
    let end = begin;
    while (end < bytes.length && isInWord(bytes[end])) end++;
    if (end + 2 > bytes.length && !isAll) return null;
    const word = bytes.toString('latin1', begin, end).toLowerCase();
    const prefixed = bytes[end] === single && end === begin + 1;
    if (prefixed && word === 'e') return this.#text(true, end + 1);
    if (prefixed && (word === 'b' || word === 'x')) return this.#text(false, end + 1);
    if (word === 'u' && bytes[end] === ampersand && bytes[end + 1] === single)
      return this.#text(false, end + 2);
    this.#token(word);
    return this.#step(end);
  }

  #dollar(bytes: Buffer, isAll: boolean): null {
    const begin = this.#at;
    let end = begin + 1;
    if (isLetter(bytes[end])) while (end < bytes.length && isInTag(bytes[end])) end++;
    if (end === bytes.length && !isAll) return null;
    if (bytes[end] !== dollar) return this.#step(begin + 1);
    this.#token("'");
    return this.#enter({ in: 'dollars', tag: Buffer.from(bytes.subarray(begin, end + 1)) }, end + 1);
  }

  // Either line end ends it.
  #lineComment(bytes: Buffer): boolean {
    while (this.#at < bytes.length && !isLineEnd(bytes[this.#at])) this.#at++;
    if (this.#at === bytes.length) return false;
    this.#mode = outside;
    return true;
  }

  // Comments nest.
  #comment(mode: { depth: number }, bytes: Buffer, isAll: boolean): boolean {
    for (; this.#at + 1 < bytes.length; this.#at++) {
      const [byte, next] = [bytes[this.#at], bytes[this.#at + 1]];
      if (byte === slash && next === star) mode.depth++;
      else if (byte === star && next === slash) mode.depth--;
      else continue;
      this.#at++;
      if (mode.depth > 0) continue;
      this.#at++;
      this.#mode = outside;
      return true;
    }
    if (isAll) this.#at = bytes.length;
    return false;
  }

  #dollars({ tag }: { readonly tag: Buffer }, bytes: Buffer): boolean {
    const found = bytes.indexOf(tag, this.#at);
    if (found < 0) {
      // Its end may have begun.
      this.#at = Math.max(this.#at, bytes.length - tag.length + 1);
      return false;
    }
    this.#enter(outside, found + tag.length);
    return true;
  }

  #quotes(mode: Extract<Mode, { in: 'quotes' }>, bytes: Buffer, isAll: boolean): boolean {
    for (; this.#at < bytes.length; this.#at++) {
      if (!mode.escapes) {
        const found = bytes.indexOf(mode.quote, this.#at);
        this.#at = found < 0 ? bytes.length : found;
        if (found < 0) return false;
      }
      const byte = bytes[this.#at];
      const pairs = byte === mode.quote || (mode.escapes && byte === backslash);
      if (pairs && this.#at + 1 === bytes.length && !isAll) return false;
      if (byte !== mode.quote) {
        if (pairs) this.#at++;
        continue;
      }
      if (bytes[this.#at + 1] === mode.quote) {
        this.#at++;
        continue;
      }
      const after: Mode = mode.quote === double ? outside : { in: 'gap', escapes: mode.escapes };
      this.#enter(after, this.#at + 1);
      return true;
    }
    return false;
  }

  // A text after blanks with a line end belongs to the text before it, and is read like that one.
  #gap({ escapes }: { readonly escapes: boolean }, bytes: Buffer, isAll: boolean): boolean {
    let at = this.#at;
    let hasLineEnd = false;
    for (; at < bytes.length; at++) {
      if (isLineEnd(bytes[at])) hasLineEnd = true;
      if (isBlank(bytes[at])) continue;
      if (bytes[at] !== dash || bytes[at + 1] !== dash) break;
      while (at < bytes.length && !isLineEnd(bytes[at])) at++;
      at--;
    }
    if (at + 1 >= bytes.length && !isAll) return false;
    if (hasLineEnd && bytes[at] === single) this.#enter({ in: 'quotes', quote: single, escapes }, at + 1);
    else this.#mode = outside;
    return true;
  }
}

// Knows if the body of an SQL routine is open (`BEGIN ATOMIC … END`), whose statements also end with
// semicolons.
class RoutineBody {
  readonly #first: string[] = [];
  #previous = '';
  #depth = 0;

  add(token: string): void {
    if (this.#first.length < 4) this.#first.push(token);
    const previous = this.#previous;
    this.#previous = token;
    if (!/^create (or replace )?(function|procedure)\b/.test(this.#first.join(' '))) return;
    // A keyword is a name there.
    const isName = previous === 'as' || previous === '.';
    if (this.#depth === 0) this.#depth = previous === 'begin' && token === 'atomic' ? 1 : 0;
    else if (token === 'case' && !isName) this.#depth++;
    else if (token === 'end' && !isName) this.#depth--;
  }

  isOpen(): boolean {
    return this.#depth > 0;
  }
}
