// The one error type: what went wrong as a code with its data, where, and what to do next.

import type { Code, Problems } from './codes.ts';
import { nameConfigFile } from './config-file.ts';
import { makeLegible, makeTextLegible } from './legible.ts';
import { formatCaret, formatPlace, type Where } from './location.ts';
import type { ExitCode } from './message.ts';
import { messages } from './messages.ts';
import { nameCommands } from './own-command.ts';
import { redact } from './redact.ts';

const brand = Symbol.for('pgmage.Problem');

/** The circumstances of a problem. */
interface ProblemOrigin {
  readonly where?: Where | undefined;
  readonly cause?: unknown;
  readonly state?: string | undefined;
}

/** The only thing that pgmage throws. No string in it holds a password. */
export class Problem<C extends Code = Code> extends Error {
  // The project's own tasks load the library as separate modules. A Problem that they throw is a Problem,
  // too.
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }

  readonly [brand] = true;
  override readonly name = 'Problem';
  readonly code: C;
  readonly data: Problems[C];
  /** The next thing to do. */
  readonly hint: string;
  /** The exit code of a process that ends with this problem. */
  readonly exitCode: ExitCode;
  /** The HTTP status of this problem. */
  readonly status: number;
  /** The place in the user's file, if there is one. */
  readonly where: Where | undefined;
  /** The effect of the failed work: `staging is unchanged.`; undefined: it is not known. */
  readonly state: string | undefined;

  /** @param from its place, its cause, and the effect of the work; default: the state of the cause */
  constructor(code: C, data: Problems[C], from: ProblemOrigin = {}) {
    const clean = scrub(data);
    const where = from.where && scrubWhere(from.where);
    const row = messages[code];
    super(row.words(clean, where), from.cause === undefined ? undefined : { cause: scrubCause(from.cause) });
    this.code = code;
    this.data = clean;
    this.hint = nameCommands(nameConfigFile(row.hint(clean)));
    this.exitCode = row.exitCode;
    this.status = row.status;
    this.where = where;
    const { state = from.cause instanceof Problem ? from.cause.state : undefined } = from;
    this.state = state && makeTextLegible(redact(state));
  }

  /** The same facts as the text, for `--json`. */
  toJSON(): Record<string, unknown> {
    const { code, message, hint, data, where, state, exitCode, status } = this;
    return { code, message, hint, data, where, state, exitCode, status };
  }
}

/**
 * Turns any thrown value into a Problem. A Problem stays as it is; everything else is `internal` with its
 * cause.
 */
export function toProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  const reason = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
  return new Problem('internal', { reason }, { cause: thrown });
}

/**
 * A problem as plain text: words, place with caret, the server's detail and context, state, hint. Colours
 * belong to `report/`.
 * @param wrap breaks a line; not used for the place, where the caret stands below its character
 */
export function format(problem: Problem, wrap = (line: string): readonly string[] => [line]): string {
  const wrapped = (text: string) => text.split('\n').flatMap(wrap);
  const lines = wrapped(problem.message);
  if (problem.where)
    lines.push(
      `  at ${formatPlace(problem.where)}`,
      ...formatCaret(problem.where).map((line) => `  ${line}`),
    );
  // Some messages end with it. One that has it elsewhere, as in the text of a command, does not say it.
  if ('detail' in problem.data && problem.data.detail && !problem.message.endsWith(problem.data.detail))
    lines.push(...wrapped(`Detail: ${inside(problem.data.detail)}`));
  if ('context' in problem.data && problem.data.context)
    lines.push(...wrapped(`Context: ${inside(problem.data.context)}`));
  const { state } = problem;
  const isSaid = isPlain.test(state ?? '') && saysState.test(`${problem.message} ${problem.hint}`);
  if (state && !isSaid) lines.push(...wrapped(state));
  if (problem.hint) lines.push(...wrapped(`Hint: ${problem.hint}`));
  return lines.join('\n');
}

// Some problems occur only where the work was rolled back, and say it.
const saysState = /Nothing was changed|is unchanged|was rolled back/;
const isPlain = /^(Nothing was changed|\S+ is unchanged)\.$|was rolled back/;

// Later lines of a server message are indented, so that none looks like a line of pgmage.
const inside = (text: string) => text.replaceAll('\n', '\n  ');

function scrub<T>(value: T): T {
  if (typeof value === 'string') return makeTextLegible(redact(value)) as T;
  // Names of objects are in lists, each of one line.
  if (Array.isArray(value)) return value.map((one) => scrubItem(one)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const clean = (key: string, inner: unknown) => (naming.has(key) ? scrubItem(inner) : scrub(inner));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, clean(key, inner)])) as T;
}

// The data that are names, each of one line.
const naming: ReadonlySet<string> = new Set(
  `applicationName column database environment name object prepared relation role schema table
  tablespace`.split(/\s+/),
);

function scrubItem<T>(value: T): T {
  return typeof value === 'string' ? (makeLegible(redact(value)) as T) : scrub(value);
}

function scrubWhere(where: Where): Where {
  const before = [...where.text].slice(0, where.column - 1).join('');
  return { ...where, text: makeTextLegible(redact(where.text)), column: [...redact(before)].length + 1 };
}

// Foreign errors carry connection settings in properties of their own, which consoles print: only words and
// stack stay.
function scrubCause(cause: unknown): Error {
  const text = cause instanceof Error ? cause.message : String(cause);
  const plain = new Error(redact(text));
  if (cause instanceof Error) {
    plain.name = cause.name;
    plain.stack = redact(cause.stack ?? '');
  }
  return plain;
}
