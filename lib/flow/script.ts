// A script of PostgreSQL's programs, taken apart as it comes: statements, and the rows of `COPY … FROM stdin`.
import { Problem } from '../problem.ts';

const code = (character: string) => character.charCodeAt(0);
const [lineEnd, semicolon, single, double, dash] = [...'\n;\'"-'].map(code) as [
  number,
  number,
  number,
  number,
  number,
];
const last = Buffer.from('\\.\n');
const lastLine = Buffer.from('\n\\.\n');

/** The data section of a dump: statements without bodies of functions, and rows. */
export class Script {
  readonly #source: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next statement with its semicolon; null at the end. Comments between statements and psql's commands are left out. */
  async statement(): Promise<string | null> {
    let begin: number | null = null;
    let quote: number | null = null;
    for (let at = 0; ; at++) {
      while (at + 1 >= this.#held.length && (await this.#more()));
      if (at >= this.#held.length) {
        if (begin === null) return null;
        throw tooEarly();
      }
      const byte = this.#held[at] as number;
      if (quote !== null) {
        if (byte === quote) quote = null;
      } else if (begin === null && (byte === code('\\') || (byte === dash && this.#held[at + 1] === dash))) {
        at = await this.#lineEnd(at);
      } else if (byte === single || byte === double) {
        quote = byte;
        begin ??= at;
      } else if (byte === semicolon) {
        const sql = this.#held.subarray(begin ?? at, at + 1).toString();
        // The line ends here, too; what rows there are begin on the next one.
        const end = await this.#lineEnd(at);
        this.#held = this.#held.subarray(end + 1);
        return sql;
      } else if (byte > 0x20) begin ??= at;
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
      // What may be the beginning of the last line is kept until more of it is there.
      const line = this.#held.lastIndexOf(lineEnd);
      const end = found >= 0 ? found + 1 : line >= this.#held.length - last.length ? line : this.#held.length;
      const rows = this.#held.subarray(0, Math.max(end, 0));
      this.#held = this.#held.subarray(found >= 0 ? found + lastLine.length : rows.length);
      if (rows.length > 0) yield rows;
      if (found >= 0) return;
      if (!(await this.#more())) throw tooEarly();
    }
  }

  async #lineEnd(from: number): Promise<number> {
    for (let start = from; ; ) {
      const found = this.#held.indexOf(lineEnd, start);
      if (found >= 0) return found;
      start = this.#held.length;
      if (!(await this.#more())) return this.#held.length - 1;
    }
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#source.next();
    if (done) return false;
    this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value]);
    return true;
  }
}

function tooEarly(): Problem {
  return new Problem('client_failed', { program: 'pg_restore', reason: 'what it wrote ended too early' });
}

/** A script without rows, as servers run it: psql's own commands and a setting that older servers lack are left out. */
export function serverScript(text: string, major: number): string {
  const [command, key] = /^\\restrict (\w+)$/m.exec(text) ?? [];
  const plain =
    command === undefined
      ? text
      : text.replace(`${command}\n`, '').replace(new RegExp(`^\\\\unrestrict ${key}$`, 'm'), '');
  return major < 17 ? plain.replace(/^SET transaction_timeout = 0;$/m, '') : plain;
}
