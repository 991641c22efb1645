// A script of PostgreSQL's programs, taken apart as it comes: statements, and the rows of `COPY … FROM
// stdin`.
import { Problem } from '../problem/problem.ts';
import { quoteNewerWords } from '../sql/newer-words.ts';

const code = (character: string) => character.charCodeAt(0);
const [lineEnd, semicolon, single, double, dash, slash, star, open, close, dollar, backslash] = [
  ...'\n;\'"-/*()$\\',
].map(code) as [number, number, number, number, number, number, number, number, number, number, number];
const last = Buffer.from('\\.\n');
const lastLine = Buffer.from('\n\\.\n');
const commentEnd = Buffer.from('*/');

// Start and rest of words as in the server's scanner; every byte outside of ASCII is a letter.
const isLetter = (byte: number) =>
  (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte === 95 || byte >= 128;
const isInWord = (byte: number) => isLetter(byte) || byte === dollar || (byte >= 48 && byte <= 57);

/** A script, or a section of one. */
export class RestoreScript {
  readonly #source: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /**
   * The next statement with its semicolon; null at the end. Comments between statements and psql's commands
   * are left out.
   */
  async statement(): Promise<string | null> {
    let begin: number | null = null;
    let depth = 0;
    const body = new Body();
    for (let at = 0; ; at++) {
      if (!(await this.#has(at))) {
        if (begin === null) return null;
        throw tooEarly();
      }
      await this.#has(at + 1);
      const [byte, next] = [this.#held[at] as number, this.#held[at + 1]];
      if (byte === dash && next === dash) at = await this.#find(lineEnd, at);
      else if (byte === slash && next === star) at = (await this.#find(commentEnd, at + 2)) + 1;
      else if (begin === null && byte === backslash) at = await this.#find(lineEnd, at);
      else if (byte > 0x20) {
        begin ??= at;
        if (byte === single || byte === double) at = await this.#find(byte, at + 1);
        else if (byte === dollar) at = await this.#quoted(at);
        else if (byte === open) depth++;
        else if (byte === close) depth--;
        else if (isLetter(byte)) {
          const end = await this.#wordEnd(at);
          await this.#has(end);
          if (end === at + 1 && (byte | 0x20) === 0x65 && this.#held[end] === single) {
            at = await this.#escaped(end + 1);
            continue;
          }
          if (depth === 0) body.met(this.#held.subarray(at, end).toString().toLowerCase());
          at = end - 1;
        } else if (byte === semicolon && depth === 0 && !body.isOpen()) {
          const sql = this.#held.subarray(begin, at + 1).toString();
          // The rows begin on the next line.
          const end = sql.endsWith('FROM stdin;') ? await this.#find(lineEnd, at) : at;
          this.#held = this.#held.subarray(end + 1);
          return sql;
        }
      }
    }
  }

  /** The rows after a COPY, up to the line that ends them. @throws Problem where the script ends before it */
  async *rows(): AsyncGenerator<Uint8Array, void, undefined> {
    while (this.#held.length < last.length) if (!(await this.#more())) throw tooEarly();
    if (this.#held.subarray(0, last.length).equals(last)) {
      this.#held = this.#held.subarray(last.length);
      return;
    }
    for (;;) {
      const found = this.#held.indexOf(lastLine);
      // A possible start of the last line is kept until more of it has arrived.
      const line = this.#held.lastIndexOf(lineEnd);
      const end = found >= 0 ? found + 1 : line >= this.#held.length - last.length ? line : this.#held.length;
      const rows = this.#held.subarray(0, Math.max(end, 0));
      this.#held = this.#held.subarray(found >= 0 ? found + lastLine.length : rows.length);
      if (rows.length > 0) yield rows;
      if (found >= 0) return;
      if (!(await this.#more())) throw tooEarly();
    }
  }

  async #has(at: number): Promise<boolean> {
    while (at >= this.#held.length) if (!(await this.#more())) return false;
    return true;
  }

  // The position of an expected text; at the end of the input if it does not come.
  async #find(what: number | Buffer, from: number): Promise<number> {
    for (let start = from; ; ) {
      const found = this.#held.indexOf(what, start);
      if (found >= 0) return found;
      // It may have begun already.
      start = Math.max(from, this.#held.length - (typeof what === 'number' ? 0 : what.length));
      if (!(await this.#more())) return this.#held.length;
    }
  }

  // The last quote of a text in which a backslash takes the byte after it along.
  async #escaped(from: number): Promise<number> {
    for (let at = from; await this.#has(at); at++) {
      if (this.#held[at] === backslash) at++;
      else if (this.#held[at] === single) {
        if (!(await this.#has(at + 1)) || this.#held[at + 1] !== single) return at;
        at++;
      }
    }
    return this.#held.length;
  }

  async #wordEnd(from: number): Promise<number> {
    let at = from;
    while ((await this.#has(at)) && isInWord(this.#held[at] as number)) at++;
    return at;
  }

  // The last byte of a text in dollars; of a number of a parameter its dollar.
  async #quoted(from: number): Promise<number> {
    await this.#has(from + 1);
    const end = isLetter(this.#held[from + 1] ?? 0) ? await this.#find(dollar, from + 1) : from + 1;
    if (this.#held[end] !== dollar) return from;
    const tag = this.#held.subarray(from, end + 1);
    return (await this.#find(tag, end + 1)) + tag.length - 1;
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#source.next();
    if (done) return false;
    this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value]);
    return true;
  }
}

// Tracks if the body of an SQL function is open, whose statements also end with semicolons; by psql's rules.
class Body {
  readonly #first: string[] = [];
  #depth = 0;

  met(word: string): void {
    if (this.#first.length < 4) this.#first.push(word);
    if (!/^create (or replace )?(function|procedure)/.test(this.#first.join(' '))) return;
    if (word === 'begin' || (word === 'case' && this.#depth > 0)) this.#depth++;
    else if (word === 'end' && this.#depth > 0) this.#depth--;
  }

  isOpen(): boolean {
    return this.#depth > 0;
  }
}

function tooEarly(): Problem {
  return new Problem('client_failed', { program: 'pg_restore', reason: 'its output is truncated' });
}

/**
 * A script without rows, as servers run it: psql's own commands and a setting that older servers lack are
 * left out, and words that newer ones reserve are quoted.
 * @param major of the server
 * @param writer of the pg_dump that wrote it
 */
export function serverScript(text: string, major: number, writer: number): string {
  const [command, key] = /^\\restrict (\w+)$/m.exec(text) ?? [];
  const plain =
    command === undefined
      ? text
      : text.replace(`${command}\n`, '').replace(new RegExp(`^\\\\unrestrict ${key}$`, 'm'), '');
  const known = major < 17 ? plain.replace(/^SET transaction_timeout = 0;$/m, '') : plain;
  return writer < major ? quoteNewerWords(known, writer) : known;
}
