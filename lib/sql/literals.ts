// Strings in the source code of programs, joined where the program joins them. The scanner knows quotes and
// comments of many languages, and no more of their grammar: a string that it misreads is not SQL.

/** One string, or several that the program joins. */
export interface CodeString {
  /** The value. `hole` stands where the program puts a value of its own; CR for an escaped line end. */
  readonly text: string;
  /** The line of an index into `text`, from 1. */
  lineAt(index: number): number;
}

/** The character that stands for a value of the program. It is not in Unicode's text. */
export const hole = '\ue000';

interface Language {
  readonly comment: RegExp;
  /** A quote that begins a string, with its prefix. The first group is the quote. */
  readonly quote: RegExp;
  /** Quotes whose strings go over several lines. */
  readonly long: RegExp;
  /** Values inside of a string; `null`: there are none. `raw`: quotes inside of which no escape is one. */
  readonly value: RegExp | null;
  readonly raw?: RegExp;
  /** The operator that joins strings; `''`: none is needed. */
  readonly join: RegExp;
}

const slashes = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y;
const hashes = /#[^\n]*/y;
const plus = /\s*\+\s*/y;
// Braces may hold braces and strings of one more level.
const braces = String.raw`\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}`;

const script: Language = {
  comment: slashes,
  quote: /(['"`])/y,
  long: /^`$/,
  value: new RegExp(`\\$${braces}`, 'y'),
  join: plus,
};
const go: Language = { ...script, value: null, raw: /^`$/ };
const python: Language = {
  comment: hashes,
  quote: /(?:[rRbBuUfF]{1,2})?("""|'''|["'])/y,
  long: /^.{3}$/,
  value: new RegExp(braces, 'y'),
  join: /\s*\+\s*|\s*\\?\s*(?=[rRbBuUfF]{0,2}["'])/y,
};
const php: Language = {
  comment: /\/\/[^\n]*|#(?!\[)[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y,
  quote: /(['"])/y,
  long: /./,
  value: /\{\$[^{}]*\}|\$\{[^{}]*\}|\$[A-Za-z_]\w*(?:->\w+|\[[^\]]*\])*/y,
  join: /\s*\.\s*/y,
};
const ruby: Language = {
  comment: hashes,
  quote: /(['"])/y,
  long: /./,
  value: new RegExp(`#${braces}`, 'y'),
  join: plus,
};
const shell: Language = {
  comment: /(?<![$\w{])#[^\n]*/y,
  quote: /(['"])/y,
  long: /./,
  value: /\$\{[^{}]*\}|\$\([^()]*\)|\$[A-Za-z_]\w*/y,
  join: /(?!)/y,
};
const others: Language = { ...script, quote: /("""|["'])/y, long: /^.{3}$/, value: null };

const languages: Readonly<Record<string, Language>> = {
  ...Object.fromEntries('ts tsx mts cts js jsx mjs cjs vue svelte'.split(' ').map((one) => [one, script])),
  ...Object.fromEntries(
    'java kt kts scala groovy cs rs swift dart c cc cpp'.split(' ').map((k) => [k, others]),
  ),
  go,
  py: python,
  php,
  rb: ruby,
  rake: ruby,
  sh: shell,
  bash: shell,
  ex: { ...ruby, quote: /("""|["'])/y },
  exs: { ...ruby, quote: /("""|["'])/y },
};

/** File endings of programs that the scanner knows. */
export const codeEndings: readonly string[] = Object.keys(languages);

/** Finds the strings of a program. @param ending of its file: `ts`, `py` */
export function findStrings(code: string, ending: string): CodeString[] {
  const language = languages[ending] ?? others;
  const found: CodeString[] = [];
  const lineOf = makeLineCounter(code);
  for (let at = 0; at < code.length; ) {
    const next = matchAt(language.comment, code, at)?.[0].length;
    if (next) {
      at += next;
      continue;
    }
    const first = readHeredoc(code, at, language) ?? readString(code, at, language);
    if (first === null) {
      at++;
      continue;
    }
    const parts = [first];
    at = first.end;
    for (let more = readNext(code, at, language); more !== null; more = readNext(code, at, language)) {
      parts.push(more);
      at = more.end;
    }
    found.push(joined(parts, lineOf));
  }
  return found;
}

/** A part of a string: its text, and where that begins in the code. */
interface Part {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

function matchAt(pattern: RegExp, code: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(code);
}

const heredocs: ReadonlyMap<Language, RegExp> = new Map([
  [php, /<<<[ \t]*(["']?)(\w+)\1[^\n]*\n/y],
  [ruby, /<<[~-]?(["'`]?)([A-Z_]\w*)\1[^\n]*\n/y],
  [shell, /<<-?[ \t]*(["'\\]?)(\w+)\1?[^\n]*\n/y],
]);

function readHeredoc(code: string, at: number, language: Language): Part | null {
  const pattern = heredocs.get(language);
  if (code[at] !== '<' || pattern === undefined) return null;
  const match = matchAt(pattern, code, at);
  if (match === null) return null;
  const start = at + match[0].length;
  const close = new RegExp(`^[ \\t]*${match[2]}\\b`, 'gm');
  close.lastIndex = start;
  const last = close.exec(code);
  if (last === null) return null;
  const isRaw = match[1] === "'" || match[1] === '\\';
  return {
    text: readValue(code.slice(start, last.index), isRaw ? { ...language, value: null } : language, true),
    start,
    end: close.lastIndex,
  };
}

function readString(code: string, at: number, language: Language): Part | null {
  const match = matchAt(language.quote, code, at);
  if (match === null) return null;
  const quote = match[1] as string;
  const start = at + match[0].length;
  const isLong = language.long.test(quote);
  const isRaw = language.raw?.test(quote) ?? false;
  for (let end = start; end < code.length; end++) {
    if (code[end] === '\\' && !isRaw) end++;
    else if (code.startsWith(quote, end))
      return {
        text: readValue(code.slice(start, end), rulesFor(language, match[0]), isRaw),
        start,
        end: end + quote.length,
      };
    else if (code[end] === '\n' && !isLong) return null;
    else if (language === script && quote === '`' && language.value !== null)
      end += Math.max(0, (matchAt(language.value, code, end)?.[0].length ?? 1) - 1);
  }
  return null;
}

// Only some quotes take values of the program: f"" in Python, `` in JavaScript, "" elsewhere.
function rulesFor(language: Language, opening: string): Language {
  const takes =
    language === python
      ? /f/i.test(opening)
      : language === script
        ? opening === '`'
        : !opening.startsWith("'");
  return takes ? language : { ...language, value: null };
}

function readValue(body: string, { value }: Language, isRaw: boolean): string {
  let text = '';
  for (let at = 0; at < body.length; ) {
    const own = value === null ? null : matchAt(value, body, at);
    if (own !== null) {
      text += hole;
      at += own[0].length;
    } else if (body[at] === '\\' && !isRaw) {
      text += escaped(body[at + 1] ?? '');
      at += 2;
    } else text += body[at++];
  }
  return text;
}

const escaped = (character: string) =>
  character === 'n' || character === 'r' ? '\r' : character === 't' ? ' ' : character;

const expression = /[A-Za-z_$][\w$.]*(?:->\w+)*(?:\[[^\]\n]*\])?(?:\([^()\n]*\))?/y;

// The string or value that is joined to what ends at an index.
function readNext(code: string, at: number, language: Language): Part | null {
  const join = matchAt(language.join, code, at);
  if (join === null) return null;
  const start = at + join[0].length;
  const text = readString(code, start, language);
  if (text !== null || !/[+.]/.test(join[0])) return text;
  const own = matchAt(expression, code, start);
  return own === null ? null : { text: hole, start, end: start + own[0].length };
}

function joined(parts: readonly Part[], lineOf: (index: number) => number): CodeString {
  const text = parts.map((part) => part.text).join('');
  return {
    text,
    lineAt(index) {
      let before = 0;
      for (const part of parts) {
        const within = index - before;
        if (within <= part.text.length)
          return lineOf(part.start) + part.text.slice(0, within).split('\n').length - 1;
        before += part.text.length;
      }
      return lineOf(parts.at(-1)?.start ?? 0);
    },
  };
}

/** Counts the lines of a text up to an index, from 1. */
export function makeLineCounter(text: string): (index: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (index) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] as number) <= index) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
