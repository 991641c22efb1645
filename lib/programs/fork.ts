// Starts a program of pgmage's own in a Node process of its own, which talks to this one by messages.
import { type ChildProcess, fork } from 'node:child_process';
import { env, execArgv } from 'node:process';
import { lineReader } from './run.ts';
import { rememberProgram } from './running.ts';

/** A file of pgmage's own, and the way in which it runs. */
export interface OwnProgram {
  readonly file: string;
  readonly cwd: string;
  /** Variables of this process that it does not get. */
  readonly without: readonly string[];
  /** Megabytes that its JavaScript may take; left out: as Node decides. */
  readonly memory?: number;
  /** Takes its messages. */
  onMessage(message: unknown): void;
  /** Takes the lines that it writes besides: warnings of Node. */
  onLine(line: string): void;
}

/** How a process of pgmage's own ended. */
export interface OwnEnding {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it did not start; null: it did. */
  readonly failure: string | null;
}

/** A process of pgmage's own that runs. */
export interface OwnProcess {
  readonly pid: number | undefined;
  /** Sends a message. A process that has ended gets none. */
  send(message: object): void;
  readonly ended: Promise<OwnEnding>;
  /** Ends it at once. */
  kill(): void;
}

/** Forks a process. It ends no later than this one, because its channel closes then. */
export function forkProgram(program: OwnProgram): OwnProcess {
  const { file, cwd, without, memory, onMessage, onLine } = program;
  const variables = Object.fromEntries(Object.entries(env).filter(([name]) => !without.includes(name)));
  const limit = memory === undefined ? [] : [`--max-old-space-size=${memory}`];
  const { child, end } = rememberProgram<ChildProcess>(
    () =>
      fork(file, [], {
        cwd,
        env: variables,
        execArgv: [...execArgv.filter((one) => !one.startsWith('--max-old-space-size')), ...limit],
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        serialization: 'json',
      }),
    false,
  );
  child.on('message', onMessage);
  for (const stream of [child.stdout, child.stderr]) {
    const lines = lineReader(onLine);
    stream?.setEncoding('utf8').on('data', lines.add).on('end', lines.end);
  }
  const ended = new Promise<OwnEnding>((resolve) => {
    child.once('error', (error) => resolve({ exitCode: null, signal: null, failure: error.message }));
    // All messages have arrived by then.
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal, failure: null }));
  });
  return {
    pid: child.pid,
    send: (message) => {
      if (child.connected) child.send(message, () => undefined);
    },
    ended,
    kill: end,
  };
}
