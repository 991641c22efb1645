// A script of statements, taken apart as it comes: statements, commands of psql, and the rows of
// `COPY … FROM stdin`.
import { Problem } from '../problem/problem.ts';
import { quoteNewerWords } from '../sql/newer-words.ts';
import { StatementScan } from '../sql/statement-scan.ts';

/** A statement, or a command of psql. */
export interface ScriptPart {
  readonly is: 'statement' | 'command';
  /** Its bytes, without the semicolon or the line end. */
  readonly sql: Buffer;
  /** The line of its first word, from 1. */
  readonly line: number;
  /** The first tokens of a statement outside of parentheses: see `StatementScan`. */
  readonly head: readonly string[];
  /** True if the script ended before its semicolon. */
  readonly isLast: boolean;
}

/** Makes the problem of a script that ends too early, or that cannot be taken apart. */
export type ScriptRefusal = (line: number, reason: string) => Problem;

/** The refusal of what a program did not write to its end. */
export const truncated: ScriptRefusal = () =>
  new Problem('client_failed', { program: 'pg_restore', reason: 'its output is truncated' });

const [lineFeed, carriageReturn] = [10, 13] as const;
const lastLine = Buffer.from('\n\\.');

/** A script, or a section of one. */
export class ScriptReader {
  readonly #source: AsyncIterator<Buffer>;
  readonly #refuse: ScriptRefusal;
  #held: Buffer = Buffer.alloc(0);
  #isAll = false;
  #line = 1;
  /** The session's `standard_conforming_strings`, by which the next statement is read. */
  standardStrings = true;

  constructor(source: AsyncIterable<Buffer>, refuse: ScriptRefusal = truncated) {
    this.#source = source[Symbol.asyncIterator]();
    this.#refuse = refuse;
  }

  /** The next statement or command; null at the end. @throws Problem where the script ends too early */
  async next(): Promise<ScriptPart | null> {
    const scan = new StatementScan(this.standardStrings);
    for (;;) {
      const end = scan.find(this.#held, this.#isAll);
      if (end !== null) return this.#part(scan, end, false);
      if (this.#isAll) break;
      await this.#more();
    }
    if (scan.isOpen)
      throw this.#refuse(this.#line, 'the script ends inside of a text, a comment, a body or parentheses');
    return scan.begin === null ? null : this.#part(scan, this.#held.length, true);
  }

  /**
   * The rows after a COPY, up to the line that ends them, without it.
   * @throws Problem where the script ends before it, or where more is on the line of the COPY
   */
  async *rows(): AsyncGenerator<Uint8Array, void, undefined> {
    await this.#endLine();
    // The line end of the COPY is there still: each line of the rows is behind one.
    let skip = 1;
    for (let end = this.#findEnd(); ; end = this.#findEnd()) {
      if (end === null && this.#isAll)
        throw this.#refuse(this.#line, 'the script ends inside of the rows of COPY');
      // A possible beginning of the last line is kept.
      const last = this.#held.lastIndexOf(lineFeed);
      const keep = last >= this.#held.length - 5 ? last : this.#held.length;
      const to = end === null ? keep : end.from + 1;
      const rows = this.#take(to).subarray(skip);
      if (to > 0) skip = 0;
      if (rows.length > 0) yield rows;
      if (end !== null) {
        this.#take(end.to - to);
        return;
      }
      await this.#more();
    }
  }

  #part(scan: StatementScan, end: number, isLast: boolean): ScriptPart {
    this.#take(scan.begin ?? 0);
    const line = this.#line;
    const sql = this.#take(end - (scan.begin ?? 0));
    if (scan.isCommand) return { is: 'command', sql, line, head: [], isLast };
    return { is: 'statement', sql: isLast ? sql : sql.subarray(0, -1), line, head: scan.head, isLast };
  }

  // The line `\.` with the line end before it; its own may have a carriage return.
  #findEnd(): { readonly from: number; readonly to: number } | null {
    const held = this.#held;
    for (let at = held.indexOf(lastLine); at >= 0; at = held.indexOf(lastLine, at + 1)) {
      const after = at + lastLine.length;
      const end = after + (held[after] === carriageReturn ? 1 : 0);
      if (end >= held.length) return this.#isAll ? { from: at, to: held.length } : null;
      if (held[end] === lineFeed) return { from: at, to: end + 1 };
    }
    return null;
  }

  // The rows begin on the next line. psql would run what stands before it after them.
  async #endLine(): Promise<void> {
    let end = this.#held.indexOf(lineFeed);
    for (; end < 0 && !this.#isAll; end = this.#held.indexOf(lineFeed)) await this.#more();
    const rest = this.#held.toString('latin1', 0, end < 0 ? this.#held.length : end);
    if (/^\s*(--.*)?$/s.test(rest)) this.#take(rest.length);
    else throw this.#refuse(this.#line, 'a statement follows COPY … FROM stdin on the same line');
  }

  #take(length: number): Buffer {
    const taken = this.#held.subarray(0, length);
    for (let at = taken.indexOf(lineFeed); at >= 0; at = taken.indexOf(lineFeed, at + 1)) this.#line++;
    this.#held = this.#held.subarray(length);
    return taken;
  }

  // At least half as much as there is, so that a long statement is not copied for each piece of it.
  async #more(): Promise<void> {
    const pieces = [this.#held];
    for (let size = 0; !this.#isAll && size <= this.#held.length / 2; ) {
      const { done, value } = await this.#source.next();
      this.#isAll = done ?? false;
      if (done) break;
      pieces.push(value);
      size += value.length;
    }
    const [first, second, third] = pieces;
    this.#held = third === undefined && first?.length === 0 ? (second ?? first) : Buffer.concat(pieces);
  }
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
