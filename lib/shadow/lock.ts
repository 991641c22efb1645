// A lock for one process at a time in a data directory. PGlite itself would admit two, and lose their writes.
import { rmSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { kill, pid } from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { whileWriting } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';

/** A lock that is held. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/** The process that holds a lock. */
export interface LockProcess {
  readonly pid: number;
  /** Its machine; null: this one. */
  readonly host: string | null;
}

/** The problem to throw when another process keeps a lock. `waited`: in milliseconds. */
export type LockRefusal = (holder: LockProcess, waited: number) => Problem;

/** A wait for the process that holds a lock. */
export interface DirectoryWait {
  /** Its longest duration, in milliseconds. */
  readonly limit: number;
  /** Is called once, when the wait begins. */
  begin(holder: LockProcess): void;
}

// Milliseconds between two looks.
const rest = 100;
// Looks, one after the other, at a lock that names no process: another process is about to write its name.
const unnamedLooks = 20;
// Looks at a lock that another process is about to remove. One of another machine may have ended meanwhile.
const turnLooks = 60;

/**
 * Takes the lock of a directory: a file beside it that names this process. The lock of an ended process is
 * taken over.
 * @param wait left out: a lock of another process is refused at once
 * @throws Problem `shadow_locked` or of `refusal`; `unwritable_file`
 */
export async function lockDirectory(
  directory: string,
  refusal: LockRefusal = (holder, waited) => refuseDirectory(directory, holder, waited),
  wait?: DirectoryWait,
): Promise<DirectoryLock> {
  const file = lockFile(directory);
  const mine = `${[pid, hostname(), await readStart(pid)].join(' ').trim()}\n`;
  await whileWriting(dirname(file), () => mkdir(dirname(file), { recursive: true }));
  let unnamed = 0;
  let turns = 0;
  let waited = 0;
  while (!(await create(file, mine))) {
    const text = await readText(file);
    const holder = parseHolder(text);
    if (holder !== null) unnamed = 0;
    if (holder === null && unnamed++ < unnamedLooks) await pause(rest);
    else if (holder === null || !(await isAlive(text))) {
      if (await removeEnded(file, text, mine)) unnamed = 0;
      else if (++turns > turnLooks)
        throw refusal(parseHolder(await readText(turnFile(file))) ?? { pid, host: null }, waited);
    } else if (wait === undefined || waited >= wait.limit) throw refusal(holder, waited);
    else {
      if (waited === 0) wait.begin(holder);
      waited += rest;
      await pause(rest);
    }
  }
  return { release: () => rm(file, { force: true }) };
}

const lockFile = (directory: string) => `${directory}.lock`;
const turnFile = (lock: string) => `${lock}.turn`;

function refuseDirectory(directory: string, holder: LockProcess, waited: number): Problem {
  return new Problem('shadow_locked', { directory, lock: lockFile(directory), ...holder, waited });
}

// Synchronous, so that no other work of this process comes between the file and its content: others would see
// a lock without a name meanwhile.
function create(file: string, content: string): Promise<boolean> {
  return whileWriting(file, async () => {
    try {
      writeFileSync(file, content, { flag: 'wx' });
      return true;
    } catch (thrown) {
      const { code, syscall } = thrown as NodeJS.ErrnoException;
      if (code === 'EEXIST') return false;
      // The file is there, but its content found no room.
      if (syscall === 'write') rmSync(file, { force: true });
      throw thrown;
    }
  });
}

const readText = (file: string) => readFile(file, 'utf8').catch(() => '');

function parseHolder(text: string): LockProcess | null {
  const [id, host] = text.trim().split(' ');
  if (!id || host === undefined) return null;
  return { pid: Number(id), host: host === hostname() ? null : host };
}

// Several processes may find the lock of an ended one. Only the one that made the second file removes it, and
// only that lock: without this, one could remove the new lock of another. False: it is another one's turn.
async function removeEnded(file: string, text: string, mine: string): Promise<boolean> {
  const turn = turnFile(file);
  if (!(await create(turn, mine))) {
    const other = await readText(turn);
    await pause(rest / 2);
    const isLeft = other === '' || !(await isAlive(other));
    if (isLeft && (await readText(turn)) === other) await rm(turn, { force: true });
    return false;
  }
  try {
    if ((await readText(file)) === text) await rm(file, { force: true });
    return true;
  } finally {
    await rm(turn, { force: true });
  }
}

// A process of another machine counts as alive, because its state is unknown. A later process may have the
// same id, above all in a container: the time of its start tells them apart.
async function isAlive(text: string): Promise<boolean> {
  const [id, host, start] = text.trim().split(' ');
  if (host !== hostname()) return host !== undefined;
  try {
    kill(Number(id), 0);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = await readStart(Number(id));
  return now !== ended && (start === undefined || now === '' || now === start);
}

const ended = 'ended';

// When a process started, in ticks since the start of Linux; `ended`: only its parent has not noticed its end
// yet. Other systems do not say (manual page: proc_pid_stat).
async function readStart(id: number): Promise<string> {
  const stat = await readText(`/proc/${id}/stat`);
  // The name before may hold anything.
  const [state, ...facts] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? ended : (facts[18] ?? '');
}
