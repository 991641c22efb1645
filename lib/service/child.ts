// The process of one work, as the service sees it: started, followed, cancelled.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CopyProgress } from '../flow/progress.ts';
import { forkProgram, type OwnEnding } from '../programs/fork.ts';
import type { FromProcess, ProcessWork, ToProcess } from './messages.ts';

/** The receiver of what a process tells. */
export interface ProcessListener {
  onLine?(text: string): void;
  onProgress?(pace: CopyProgress): void;
  /** Decides whether it may send COMMIT. */
  onCommit?(xid: string): Promise<boolean>;
}

/** How a work ended. */
export interface WorkEnding extends OwnEnding {
  /** Null: it gave none. */
  readonly result: { readonly value: unknown } | null;
  /** A Problem as JSON; null: it told none. */
  readonly problem: Readonly<Record<string, unknown>> | null;
  /** True: it was asked to stop because its worker stops. */
  readonly isDrained?: boolean;
  /** True: it goes on elsewhere, and nothing is to be written down. */
  readonly isLeft?: boolean;
  /** True: no process was started for it. */
  readonly isUnbegun?: boolean;
  /** True: its worker does not answer. */
  readonly isSilent?: boolean;
}

/** A work under way. */
export interface RunningWork {
  readonly pid: number | undefined;
  readonly ended: Promise<WorkEnding>;
  /** Asks it to stop, and ends it 15 seconds later. */
  cancel(): void;
  /** Ends it at once. */
  kill(): void;
  /** Is called when its end was written down. */
  release?(): void;
}

/** Milliseconds after which a process that was cancelled is ended. */
const patience = 15_000;

// The secrets of the service itself, and its supervisor.
const without = ['PGMAGE_API_KEY', 'PGMAGE_QUEUE_URL', 'NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'];

// Built, both are in `dist`; from the sources, it is beside this file.
const files = ['./job.js', './job-process.ts'].map((path) => fileURLToPath(new URL(path, import.meta.url)));

/** Starts a process for one work. */
export function startWork(
  work: ProcessWork,
  memory: number | null,
  listener: ProcessListener = {},
): RunningWork {
  let result: WorkEnding['result'] = null;
  let problem: WorkEnding['problem'] = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const send = (message: ToProcess) => child.send(message);
  const child = forkProgram({
    file: files.find((file) => existsSync(file)) as string,
    cwd: work.root,
    without,
    ...(memory !== null && { memory }),
    onLine: (line) => listener.onLine?.(line),
    onMessage: (given) => {
      const message = given as FromProcess;
      if (message.is === 'done') result = { value: message.result };
      else if (message.is === 'failed') problem = message.problem as WorkEnding['problem'];
      else hear(message, listener, send);
    },
  });
  send({ is: 'start', work });
  return {
    pid: child.pid,
    ended: child.ended.then((ending) => {
      clearTimeout(timer);
      return { ...ending, result, problem };
    }),
    cancel() {
      send({ is: 'cancel' });
      timer ??= setTimeout(child.kill, patience);
    },
    kill: child.kill,
  };
}

function hear(
  message: Exclude<FromProcess, { is: 'done' | 'failed' }>,
  listener: ProcessListener,
  send: (message: ToProcess) => void,
): void {
  if (message.is === 'line') listener.onLine?.(message.text);
  else if (message.is === 'progress') listener.onProgress?.(message.pace);
  else
    void (listener.onCommit?.(message.xid) ?? Promise.resolve(false))
      .catch(() => false)
      .then((allowed) => send({ is: 'commit', xid: message.xid, allowed }));
}
