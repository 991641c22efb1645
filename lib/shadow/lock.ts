// One process at a time in a data directory: PGlite itself would let two in unnoticed, and lose what they wrote.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { kill, pid } from 'node:process';
import { writing } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';

/** A lock that is held. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/**
 * Takes the lock of a directory: a file beside it that names this process. One of a process that has ended is taken over.
 * @param refusal what is thrown where somebody else has it
 * @throws Problem `shadow_locked`, `unwritable_file`
 */
export async function lock(
  directory: string,
  refusal: () => Problem = () => new Problem('shadow_locked', { directory }),
): Promise<DirectoryLock> {
  const file = `${directory}.lock`;
  const mine = `${pid} ${hostname()}\n`;
  await writing(dirname(file), () => mkdir(dirname(file), { recursive: true }));
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await create(file, mine)) return { release: () => rm(file, { force: true }) };
    const holder = await readFile(file, 'utf8').catch(() => '');
    if (isAlive(holder)) break;
    // Only the file that was judged dead is removed: somebody else may have taken over meanwhile.
    if ((await readFile(file, 'utf8').catch(() => '')) === holder) await rm(file, { force: true });
  }
  throw refusal();
}

function create(file: string, content: string): Promise<boolean> {
  return writing(file, async () => {
    try {
      await writeFile(file, content, { flag: 'wx' });
      return true;
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw thrown;
    }
  });
}

// Of another machine's process nothing is known, so it is taken to be alive. Our own id means this process holds it.
function isAlive(holder: string): boolean {
  const [id, host] = holder.trim().split(' ');
  if (host !== hostname()) return host !== undefined;
  try {
    kill(Number(id), 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}
