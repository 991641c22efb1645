// The programs that this process has started and that still run. They end no later than this process.
import type { ChildProcess } from 'node:child_process';
import { kill, platform } from 'node:process';

/** Notes what has to be undone when this process is interrupted, and gives the way to forget it again. */
type OnInterrupt = (undo: () => Promise<unknown>) => () => void;

// How long a program may take to end by itself after SIGTERM.
const grace = 2_000;

const running = new Set<() => void>();
let onInterrupt: OnInterrupt | undefined;

/** Makes an interruption of this process end its programs: SIGTERM first, SIGKILL after two seconds. */
export function endProgramsOn(interrupt: OnInterrupt): void {
  onInterrupt = interrupt;
}

/** Ends every program that still runs, at once. For the end of this process: it waits for nothing. */
export function endPrograms(): void {
  for (const end of running) end();
}

/**
 * Starts a program and remembers it until it has ended.
 * @param grouped whether it leads a process group, which then ends as a whole (kill(2): a negative id)
 * @returns the program, and the way to end it at once; `false`: it had ended before
 */
export function rememberProgram<Child extends ChildProcess>(
  start: () => Child,
  grouped: boolean,
): { child: Child; end: () => boolean } {
  let undo: () => Promise<void> = async () => undefined;
  // Before it starts: from then on this process may be interrupted.
  const forget = onInterrupt?.(() => undo());
  const child = start();
  const send = (signal: NodeJS.Signals): boolean => {
    if (!grouped || child.pid === undefined || platform === 'win32') return child.kill(signal);
    try {
      return kill(-child.pid, signal);
    } catch {
      return false;
    }
  };
  const end = () => send('SIGKILL');
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  undo = async () => {
    send('SIGTERM');
    const timer = setTimeout(end, grace);
    await ended;
    clearTimeout(timer);
  };
  running.add(end);
  void ended.then(() => {
    running.delete(end);
    forget?.();
  });
  return { child, end };
}
