// Runs programs against each other and takes their time and their memory.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A program to be measured. */
export interface Program {
  readonly name: string;
  /** The executable and its arguments. */
  readonly command: readonly [string, ...string[]];
  readonly cwd?: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** Whom it runs as; default: us. */
  readonly user?: { readonly uid: number; readonly gid: number } | Record<string, never>;
  /** How it may end; default: with 0. */
  readonly exitCodes?: readonly number[];
  /**
   * It prints as its last line how long what matters took, in ms: that is taken instead of the whole process.
   */
  readonly tellsTime?: boolean;
  /** Is done before each run, and not counted. */
  prepare?(): Promise<void>;
}

/** What came of a program. Times in ms, one per round. */
export interface Measured {
  readonly name: string;
  readonly times: readonly number[];
  /** The most memory that it held at once, in bytes; null where the system does not tell. */
  readonly peak: number | null;
}

/**
 * Runs each program once to warm up, unless they are warm, then all of them in turn, round after round, so
 * that whatever else the machine does meets all alike.
 * @throws Error where a program fails
 */
export async function race(programs: readonly Program[], rounds: number, warm = false): Promise<Measured[]> {
  if (!warm) for (const program of programs) await run(program);
  const runs = programs.map((): Run[] => []);
  for (let round = 0; round < rounds; round++)
    for (let turn = 0; turn < programs.length; turn++) {
      // Another one goes first each time.
      const index = (turn + round) % programs.length;
      runs[index]?.push(await run(programs[index] as Program));
    }
  return programs.map(({ name }, index) => measured(name, runs[index] as Run[]));
}

/** Runs a program once, cold. */
export async function once(program: Program): Promise<Measured> {
  return measured(program.name, [await run(program)]);
}

function measured(name: string, runs: readonly Run[]): Measured {
  const peaks = runs.flatMap(({ peak }) => peak ?? []);
  return { name, times: runs.map(({ time }) => time), peak: peaks.length > 0 ? Math.max(...peaks) : null };
}

interface Run {
  readonly time: number;
  readonly peak: number | null;
}

async function run(program: Program): Promise<Run> {
  await program.prepare?.();
  const { name, command, cwd, variables, user, exitCodes = [0], tellsTime = false } = program;
  const [file, ...words] = command;
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(file, words, {
      ...user,
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...variables },
    });
    let last = '';
    let errors = '';
    let peak: number | null = null;
    const watch = () => {
      if (child.pid !== undefined) peak = highWater(child.pid) ?? peak;
    };
    const timer = setInterval(watch, 10);
    child.stdout.on('data', (chunk: Buffer) => {
      if (tellsTime) last = `${last}${chunk}`.slice(-100);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors = `${errors}${chunk}`.slice(-1000);
    });
    child.on('error', (error) => {
      clearInterval(timer);
      reject(error);
    });
    child.on('close', (code) => {
      const whole = performance.now() - start;
      clearInterval(timer);
      if (!exitCodes.includes(code ?? -1)) reject(new Error(`${name} ended with ${code}: ${errors}`));
      else resolve({ time: tellsTime ? Number(last.trim().split('\n').at(-1)) : whole, peak });
    });
  });
}

/** The most memory that a process ever held, as Linux keeps it (manual: proc_pid_status, VmHWM). */
export function highWater(pid: number): number | null {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null;
  }
}
