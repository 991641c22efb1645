// Rules for scripts of others: pgmage runs, skips or refuses each of their parts.
import type { ScriptPart } from './script.ts';

/** The decision on a part of a script. */
export type Verdict =
  | { readonly is: 'run' | 'skip' | 'rows' }
  /** `reason`: `COMMIT is a transaction command`. */
  | { readonly is: 'refuse'; readonly line: number; readonly reason: string };

const [run, skip, rows] = [{ is: 'run' }, { is: 'skip' }, { is: 'rows' }] as const;

/** How a script is run. */
export interface ScriptUse {
  /** The major version of the server. */
  readonly major: number;
  /** Leaves owners and privileges out. */
  readonly noOwner: boolean;
}

const transaction = /^(begin|start|commit|end|rollback|abort|savepoint|release|prepare transaction)\b/;

// Statements that no transaction can contain, by their first tokens (manual: their own pages). The server
// refuses the others, also within our transaction.
const alone: readonly RegExp[] = [
  /^vacuum\b/,
  /^(create|drop) (database|tablespace)\b/,
  /^alter system\b/,
  /^create (unique )?index concurrently\b/,
  /^drop index concurrently\b/,
  /^reindex (\( \) )?((table|index) concurrently|database|system|schema)\b/,
  /^alter table .* detach partition .* concurrently\b/,
  /^alter database \S+ (set|reset) tablespace\b/,
  /^discard all\b/,
];

// `COPY table (columns) FROM stdin`; STDOUT means the same there (source: gram.y).
const copyIn = /^copy (binary )?\S+( \. \S+)*( \( \))? from (stdin|stdout)\b/;

// The statements that pg_dump writes between BEGIN and COMMIT.
const objectWork = /^select pg_catalog \. (lo_open|lowrite|lo_close) \( \)$/;

// Commands that change what psql shows, and settings of its own that fit what pgmage does.
const shows = /^\\(restrict|unrestrict|echo|qecho|warn|timing|pset)(\s[^\\`]*)?$/;
const sets = /^\\set (ON_ERROR_STOP|ON_ERROR_ROLLBACK|AUTOCOMMIT|QUIET|ECHO|VERBOSITY)(\s[^\\`]*)?$/;

// Encodings of clients alone, whose characters may contain bytes of ASCII (manual: "Character Set Support").
const unreadable = new RegExp(
  '^(sjis|shift_?jis(_2004)?|mskanji|big5|gbk|uhc|gb18030|johab' + '|win(dows)?(932|936|949|950))$',
  'i',
);

/** Judges the parts of one script in their order. */
export class ScriptRules {
  readonly #use: ScriptUse;
  // The line of the BEGIN before the pages of large objects.
  #objects: number | null = null;

  constructor(use: ScriptUse) {
    this.#use = use;
  }

  judge(part: ScriptPart): Verdict {
    const { line, head } = part;
    const refuse = (reason: string): Verdict => ({ is: 'refuse', line, reason });
    if (part.is === 'command') return judgeCommand(part.sql.toString().trim(), refuse);
    const text = head.join(' ');
    const words = head.filter((token) => /^\w/.test(token));
    const shown = words.slice(0, 4).join(' ').toUpperCase();
    const objects = this.#judgeObjects(text, line);
    if (objects !== null) return objects;
    if (part.sql.includes(0)) return refuse('the statement contains a zero byte');
    if (head.includes('\\')) return refuse('a command of psql is inside of a statement');
    if (transaction.test(text)) return refuse(`${(words[0] ?? '').toUpperCase()} is a transaction command`);
    if (alone.some((one) => one.test(text))) return refuse(`${shown} cannot run in a transaction`);
    if (words[0] === 'copy') return copyIn.test(text) ? rows : refuse(`COPY ${copyFault(head)}`);
    const encoding = encodingIn(part);
    if (encoding !== null && unreadable.test(encoding)) return refuse(describeEncoding(encoding));
    // Of pg_dump 17 and later, which asks for no limit.
    if (text === 'set transaction_timeout = 0' && this.#use.major < 17) return skip;
    return this.#use.noOwner && isOwnership(part, text) ? skip : run;
  }

  /** The decision at the end of the script. */
  end(): Verdict {
    return this.#objects === null ? skip : this.#refuseBegin(this.#objects);
  }

  // pg_dump writes BEGIN and COMMIT around the pages of large objects; the transaction is ours.
  #judgeObjects(text: string, line: number): Verdict | null {
    const begin = this.#objects;
    if (begin === null) {
      if (text !== 'begin') return null;
      this.#objects = line;
      return skip;
    }
    if (text === 'commit') {
      this.#objects = null;
      return skip;
    }
    if (objectWork.test(text)) return run;
    this.#objects = null;
    return this.#refuseBegin(begin);
  }

  #refuseBegin(line: number): Verdict {
    return { is: 'refuse', line, reason: 'BEGIN is a transaction command' };
  }
}

function judgeCommand(text: string, refuse: (reason: string) => Verdict): Verdict {
  if (shows.test(text) || sets.test(text)) return skip;
  return refuse(`${/^\\[a-z_]*[!?]?/i.exec(text)?.[0] ?? '\\'} is a command of psql`);
}

function copyFault(head: readonly string[]): string {
  const has = (word: string) => head.includes(word);
  if (has('program')) return 'runs a program on the server';
  if (has('to')) return 'writes rows instead of reading them';
  return 'reads a file of the server';
}

/** The encoding that a statement sets for the session; null: none. */
export function encodingIn({ sql, head }: ScriptPart): string | null {
  if (head[0] !== 'set') return null;
  const set = /^set\s+(?:session\s+|local\s+)?(?:client_encoding\s*(?:=|to)|names)\s*'?([\w-]+)/i;
  return set.exec(sql.subarray(0, 200).toString('latin1'))?.[1] ?? null;
}

/** The reason where a session has an encoding that a script cannot have; null: it can. */
export function judgeEncoding(encoding: string): string | null {
  return unreadable.test(encoding) ? describeEncoding(encoding) : null;
}

const describeEncoding = (encoding: string) => `the encoding is ${encoding}: convert the file to UTF-8`;

function isOwnership({ sql }: ScriptPart, text: string): boolean {
  if (/^(grant|revoke|alter default privileges|set session authorization)\b/.test(text)) return true;
  return (
    /^alter /.test(text) &&
    /\sowner\s+to\s+("[^"']+"|[^\s'"]+)\s*$/i.test(sql.subarray(-300).toString('latin1'))
  );
}
