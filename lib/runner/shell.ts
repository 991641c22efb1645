// The shell of tasks: zx's `$` in the project's folder. zx is loaded by the first command.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { Options, ProcessOutput, ProcessPromise, $ as Zx } from 'zx';
import { Problem } from '../problem/problem.ts';
import { redact } from '../problem/redact.ts';
import { childVariables, lastLines, lineReader, spawnRemembered } from '../programs/run.ts';

/**
 * zx's `$` (https://google.github.io/zx). It runs in the project's folder, prints nothing unless `verbose` is
 * set, and ends its commands when pgmage ends. A command that fails throws a Problem `command_failed`.
 */
export type TaskShell = Zx;

type Settings = Partial<Options>;
type Call = (pieces: unknown, ...args: unknown[]) => unknown;

// Lines of a failed command that its problem shows.
const shown = 10;

// A task calls `$` as a plain function, so that zx cannot be loaded by import(). The program is one CommonJS
// file.
const load = () => createRequire(import.meta.url ?? __filename)('zx') as typeof import('zx');

const raws = new WeakMap<object, ProcessPromise>();
const wrapped = new WeakMap<ProcessPromise, ProcessPromise>();
// The source of a command's input: the command fails when its source does.
const sources = new WeakMap<ProcessPromise, ProcessPromise>();

/**
 * Makes the shell of one command line.
 * @param root the project's folder
 * @param show shows a line, without passwords, of what is `verbose`
 */
export function taskShell(root: string, show: (line: string) => void): TaskShell {
  const log = logger(show);
  return shellOf({ cwd: root, env: childVariables(), quiet: true, log, spawn: spawnRemembered });
}

function shellOf(settings: Settings): TaskShell {
  const own: Settings & Record<PropertyKey, unknown> = { ...settings };
  const call: Call = (pieces, ...args) =>
    Array.isArray(pieces)
      ? runCommand(own, pieces, args)
      : shellOf({ ...own, ...adapted(pieces as Settings, own) });
  return new Proxy(call as unknown as TaskShell, {
    get(target, key) {
      if (key === 'sync') return shellOf({ ...own, sync: true });
      if (key in own || !(key in Function.prototype)) return own[key] ?? Reflect.get(load().$, key);
      return Reflect.get(target, key);
    },
    set(_, key, value) {
      Object.assign(own, adapted({ [key]: value }, own));
      return true;
    },
  });
}

// A folder is one of the project's. `quiet` is the default here, and would silence what asks to be verbose.
const adapted = (given: Settings, { cwd = '' }: Settings): Settings => ({
  ...(given.verbose === true && { quiet: false }),
  ...given,
  ...(given.cwd !== undefined && { cwd: resolve(cwd, given.cwd) }),
});

function runCommand(settings: Settings, pieces: unknown[], args: unknown[]): unknown {
  const { $, within, ProcessPromise: Process, ProcessOutput: Output } = load();
  const made = within(() => {
    // Without bash, zx has no way to quote.
    Object.assign($, $.quote === undefined ? plainShell : {}, settings);
    // A command that is waited for would fail twice: as an error and as a promise that no one has.
    if (settings.sync) $.nothrow = true;
    return ($ as Call)(pieces, ...args);
  });
  if (made instanceof Process) return wrap(made, settings);
  if (made instanceof Output && !made.ok && settings.nothrow !== true)
    throw problemOf(made, commandText(pieces, args));
  return made;
}

// POSIX: Shell Command Language, 2.2.2 Single-Quotes.
const plainShell: Settings = {
  shell: 'sh',
  prefix: 'set -eu;',
  quote: (word) => `'${word.replaceAll("'", `'\\''`)}'`,
};

const commandText = (pieces: readonly unknown[], args: readonly unknown[]) =>
  pieces.map((piece, at) => `${piece}${at < args.length ? args[at] : ''}`).join('');

/** Gives a running command the same face, but for what it throws. */
function wrap(raw: ProcessPromise, settings: Settings): ProcessPromise {
  const settled = Promise.resolve(raw).catch((thrown: unknown) => {
    throw problemOf(thrown, raw.cmd, raw);
  });
  // A caller that awaits the promise gets the failure there.
  const heed = () => void settled.catch(() => undefined);
  const facade = new Proxy(raw, {
    get(_, key) {
      if (key === 'then' || key === 'catch' || key === 'finally') return settled[key].bind(settled);
      if (key === 'pipe') return pipes(raw, settings, heed);
      if (key === Symbol.asyncIterator) return () => iterate(raw, heed);
      if (key === 'exitCode') heed();
      const value: unknown = Reflect.get(raw, key, raw);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (readers.has(key))
          return settled.then((output) => (output[key as 'text'] as Call).apply(output, args as [unknown]));
        const result: unknown = (value as Call).apply(raw, args as [unknown]);
        if (key === 'verbose' && args[0] !== false) raw.quiet(false);
        return result === raw ? facade : result;
      };
    },
  });
  raws.set(facade, raw);
  wrapped.set(raw, facade);
  return facade;
}

const readers: ReadonlySet<PropertyKey> = new Set(['text', 'json', 'lines', 'buffer', 'blob']);

async function* iterate(raw: ProcessPromise, heed: () => void): AsyncGenerator<string> {
  heed();
  try {
    yield* { [Symbol.asyncIterator]: () => raw[Symbol.asyncIterator]() };
  } catch (thrown) {
    throw problemOf(thrown, raw.cmd, raw);
  }
}

// zx itself would run the next command in the folder of the process, with its own settings.
function pipes(raw: ProcessPromise, settings: Settings, heed: () => void): unknown {
  const by =
    (kind: 'stdout' | 'stderr' | 'stdall') =>
    (to: unknown, ...args: unknown[]) => {
      heed();
      const next = Array.isArray(to)
        ? (shellOf({ ...settings, halt: true, signal: raw.signal }) as Call)(to, ...args)
        : to;
      const into = raws.get(next as object);
      if (into !== undefined) sources.set(into, raw);
      const result = (raw.pipe[kind] as Call)(into ?? next);
      return wrapped.get(result as ProcessPromise) ?? result;
    };
  return Object.assign(by('stdout'), { stdout: by('stdout'), stderr: by('stderr'), stdall: by('stdall') });
}

function problemOf(thrown: unknown, command: string, raw?: ProcessPromise): unknown {
  if (!(thrown instanceof load().ProcessOutput)) return thrown;
  const source = raw && sources.get(raw);
  if (source?.output && !source.output.ok) return problemOf(source.output, source.cmd, source);
  const { exitCode, signal, cause, stderr, stdout } = thrown as ProcessOutput;
  const ended = signal === null ? `exit code ${exitCode}` : `it was ended by ${signal}`;
  // A program that did not start has a system error, such as ENOENT, instead of an exit code.
  const reason = cause?.message ?? ended;
  const detail = lastLines(stderr, shown) || lastLines(stdout, shown);
  return new Problem('command_failed', { command, exitCode: cause ? null : exitCode, reason, detail });
}

// zx tells of what is `verbose` and of errors that are not `quiet`, in the pieces in which it comes.
function logger(show: (line: string) => void): Options['log'] {
  const texts = new Map<string, { lines: ReturnType<typeof lineReader>; decoder: StringDecoder }>();
  const log: Options['log'] = (entry) => {
    if (entry.kind === 'cmd' && entry.verbose) show(`$ ${redact(entry.cmd)}`);
    if (entry.kind === 'end')
      queueMicrotask(() => ['stdout', 'stderr'].map((kind) => texts.delete(`${kind} ${entry.id}`)));
    if ((entry.kind !== 'stdout' && entry.kind !== 'stderr') || !entry.verbose) return;
    const key = `${entry.kind} ${entry.id}`;
    const text = texts.get(key) ?? {
      lines: lineReader(show),
      decoder: new StringDecoder(),
    };
    texts.set(key, text);
    text.lines.add(text.decoder.write(entry.data));
  };
  return log;
}
