// What is done to a backup or a restore in the middle, and the processes that it is done to.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { rowsOf } from '../servers/databases.ts';

const program = join(import.meta.dirname, '../../bin/pgmage.cjs');

/** A program of ours, or of PostgreSQL's, that is a child of this process or of one of its children. */
export function childOf(parent: number, name: string): number | undefined {
  for (const entry of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    try {
      const [, command = '', above] =
        /\((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${entry}/stat`, 'utf8')) ?? [];
      if (Number(above) === parent && command === name) return Number(entry);
    } catch {
      // It has ended meanwhile.
    }
  }
  return undefined;
}

/** Ends a child as nothing can refuse. @returns whether there was one */
export function killChild(name: string): boolean {
  const child = childOf(process.pid, name);
  if (child !== undefined) process.kill(child, 'SIGKILL');
  return child !== undefined;
}

/**
 * Holds a child while something is done, so that it does not come to its end meanwhile.
 * @returns whether there was one, and it was done
 */
export async function whileHeld(name: string, strike: () => Promise<boolean> | boolean): Promise<boolean> {
  const child = childOf(process.pid, name);
  if (child === undefined) return false;
  process.kill(child, 'SIGSTOP');
  try {
    return await strike();
  } finally {
    // Unless it was killed.
    if (childOf(process.pid, name) === child) process.kill(child, 'SIGCONT');
  }
}

/** Ends sessions of an application in a database. @returns whether there was one */
export async function terminate(url: string, application: string): Promise<boolean> {
  const ended = await rowsOf(
    url,
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity
      where datname = current_database() and application_name = '${application}' and pid <> pg_backend_pid()`,
  );
  return ended.length > 0;
}

/** Waits until something is so; what is waited for comes within moments or never. @returns whether it came */
export async function until(so: () => boolean | Promise<boolean>, seconds = 30): Promise<boolean> {
  for (const end = performance.now() + seconds * 1000; performance.now() < end; ) {
    if (await so()) return true;
    await setTimeout(5);
  }
  return false;
}

/** Nobody but us is in a database: what ended there has been rolled back. */
export async function alone(url: string): Promise<void> {
  const others = `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
    and backend_type = 'client backend'`;
  if (!(await until(async () => (await rowsOf(url, others)).length === 0)))
    throw new Error('Other sessions remain in the database.');
}

/** A run of the program that something happens to when it has said so many lines. */
export interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly log: string;
  /** Whether it came so far. */
  readonly struck: boolean;
}

/** Starts the program in a folder, and sends it a signal after a number of lines of progress. */
export async function struckRun(
  root: string,
  words: readonly string[],
  {
    lines,
    later,
    signal,
  }: { readonly lines: number; readonly later: number; readonly signal: NodeJS.Signals },
): Promise<Run> {
  const child: ChildProcess = spawn(process.execPath, [program, ...words], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  let struck = false;
  child.stderr?.on('data', (chunk) => {
    log += chunk;
    if (struck || log.split('…\n').length <= lines) return;
    struck = true;
    void setTimeout(later).then(() => child.kill(signal));
  });
  const [code, ended] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.on('close', (...how) => resolve(how)),
  );
  return { code, signal: ended, log, struck };
}

/** A small disk in memory. */
export interface Disk {
  readonly path: string;
  readOnly(): void;
  remove(): void;
}

/** Mounts a disk. @returns why that cannot be done here, in words */
export function mountDisk(kilobytes: number): Disk | string {
  const path = mkdtempSync(join(tmpdir(), 'pgmage-disk-'));
  try {
    const options = ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', path];
    execFileSync('mount', options, { stdio: 'pipe', encoding: 'utf8' });
  } catch (thrown) {
    rmSync(path, { recursive: true });
    return String((thrown as { stderr?: string }).stderr || thrown).trim();
  }
  return {
    path,
    readOnly: () => execFileSync('mount', ['-o', 'remount,ro', path]),
    remove: () => {
      execFileSync('umount', [path]);
      rmSync(path, { recursive: true });
    },
  };
}
