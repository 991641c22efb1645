// Starts other programs: PostgreSQL's own, git, the Railway client, the commands of the configuration.
// Nothing else does.
import { type SpawnOptions, spawn } from 'node:child_process';
import { env, platform } from 'node:process';
import type { Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { withoutConnection } from '../pg/parameters.ts';
import { redact } from '../problem/redact.ts';
import { rememberProgram } from './running.ts';

/** A program with its arguments, and the way in which it runs. */
export interface Program {
  /** Its file, its name on the PATH or, with `shell`, a command line. */
  readonly file: string;
  readonly args?: readonly string[];
  readonly shell?: boolean;
  readonly cwd?: string;
  /** Added to {@link childVariables}. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds after which it is ended. */
  readonly timeout?: number;
  /** True if it starts processes that end with it. It then has no terminal. */
  readonly grouped?: boolean;
}

/** How a program ended. */
export interface Ending {
  /** `null` where it did not start or a signal ended it. */
  readonly exitCode: number | null;
  /** Why it failed, e.g. `exit code 3`; `null`: it succeeded. */
  readonly failure: string | null;
  /** The last lines of its stderr, see {@link lastLines}. */
  readonly errors: string;
  /** True if there is no such program. */
  readonly isMissing: boolean;
  readonly timedOut: boolean;
}

/** A program that runs. */
export interface Started {
  readonly output: Readable;
  readonly errors: Readable;
  /** Resolves when it has exited; what it started may still write. */
  readonly exited: Promise<void>;
  /** Resolves when everything has been read besides. */
  readonly ended: Promise<Ending>;
  /** Ends it at once; `false`: it had ended before. */
  end(): boolean;
}

/** The variables of this process that a program inherits: none says where PostgreSQL's programs connect. */
export const childVariables = () => withoutConnection(env);

// Characters of the end of a text that are kept.
const kept = 8_000;
// More than this no answer of a program has: 16 MB.
const largest = 1 << 24;
// Milliseconds for what a program wrote before it exited.
const drained = 200;

/** Starts a program. Its input is empty. It ends no later than this process, and never throws. */
export function startProgram(program: Program): Started {
  const { file, args = [], shell = false, cwd, variables, signal, timeout } = program;
  const grouped = program.grouped === true && platform !== 'win32';
  const start = () =>
    spawn(file, args, {
      ...(cwd !== undefined && { cwd }),
      shell,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...childVariables(), ...variables },
      detached: grouped,
    });
  const { child, end } = rememberProgram(start, grouped);
  let timedOut = false;
  const late = () => {
    timedOut = true;
    end();
  };
  const timer = timeout === undefined ? undefined : setTimeout(late, timeout);
  signal?.addEventListener('abort', end);
  if (signal?.aborted) end();
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-kept);
  });
  const ended = new Promise<Ending>((resolve) => {
    const finish = (exitCode: number | null, failure: string | null, isMissing: boolean) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve({ exitCode, failure, errors: lastLines(errors), isMissing, timedOut });
    };
    child.once('error', (error: NodeJS.ErrnoException) =>
      finish(null, redact(error.message), error.code === 'ENOENT'),
    );
    child.once('close', (code, killed) =>
      finish(code, code === 0 ? null : killed ? `it was ended by ${killed}` : `exit code ${code}`, false),
    );
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return { output: child.stdout, errors: child.stderr, exited, ended, end };
}

/**
 * Starts a program as `spawn` of Node does, for the shell of tasks. It ends no later than this process, with
 * all that it has started, unless it reads from the terminal: only the foreground process group may.
 */
export const spawnRemembered = ((file: string, args: readonly string[], options: SpawnOptions) => {
  const input = Array.isArray(options.stdio) ? options.stdio[0] : options.stdio;
  const grouped = platform !== 'win32' && input !== 'inherit' && input !== 0;
  const start = () => spawn(file, args, { ...options, detached: options.detached === true || grouped });
  const { child } = rememberProgram(start, grouped);
  // Unread input is not a failure: the exit code shows failures.
  child.stdin?.on('error', () => undefined);
  return child;
}) as typeof spawn;

/** Runs a program for what it prints: at most 16 MB. */
export async function readOutput(program: Program): Promise<Ending & { readonly text: string }> {
  const { output, ended, end } = startProgram(program);
  let text = '';
  output.setEncoding('utf8').on('data', (more: string) => {
    text += more;
    if (text.length > largest) end();
  });
  return { ...(await ended), text };
}

/**
 * Runs a program and shows what it prints, line by line and without passwords. A process that it leaves
 * running is not waited for.
 */
export async function showOutput(program: Program, show: (line: string) => void): Promise<Ending> {
  const { output, errors, exited, ended } = startProgram(program);
  const streams = [output, errors].map((stream) => showLines(stream, show));
  void exited.then(() => setTimeout(() => [output, errors].map((stream) => stream.destroy()), drained));
  const ending = await ended;
  for (const finish of streams) finish();
  return ending;
}

function showLines(stream: Readable, show: (line: string) => void): () => void {
  const lines = lineReader(show);
  stream.setEncoding('utf8').on('data', lines.add);
  return lines.end;
}

/**
 * Takes the last whole lines of a text, without passwords: at most 8000 characters.
 * @param most how many lines
 */
export function lastLines(text: string, most = Number.POSITIVE_INFINITY): string {
  const whole = text.length < kept ? text : text.slice(-kept).replace(/^[^\n]*\n?/, '');
  const lines: string[] = [];
  const reader = lineReader((line) => lines.push(line));
  reader.add(redact(whole.trim()));
  reader.end();
  return lines.slice(-most).join('\n');
}

/**
 * Cuts a text that comes in pieces into lines, so that no password is seen in two halves. The lines have no
 * passwords and no colours.
 */
export function lineReader(take: (line: string) => void): { add(text: string): void; end(): void } {
  let rest = '';
  const give = (line: string) => take(redact(stripVTControlCharacters(line)));
  return {
    add(text) {
      // A progress bar ends its lines with a carriage return.
      const lines = (rest + text).split(/\r?\n|\r(?!$)/);
      rest = lines.pop() as string;
      for (const line of lines) give(line);
    },
    end() {
      if (rest !== '') give(rest);
      rest = '';
    },
  };
}
