// A lock for one process at a time in a data directory. PGlite itself would admit two, and lose their writes.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { kill, pid } from 'node:process';
import { whileWriting } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';

/** A lock that is held. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/**
 * Takes the lock of a directory: a file beside it that names this process. The lock of an ended process is
 * taken over.
 * @param refusal the problem to throw when another process has it
 * @throws Problem `shadow_locked`, `unwritable_file`
 */
export async function lockDirectory(
  directory: string,
  refusal: () => Problem = () => new Problem('shadow_locked', { directory }),
): Promise<DirectoryLock> {
  const file = `${directory}.lock`;
  const mine = `${pid} ${hostname()}\n`;
  await whileWriting(dirname(file), () => mkdir(dirname(file), { recursive: true }));
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await create(file, mine)) return { release: () => rm(file, { force: true }) };
    const holder = await readFile(file, 'utf8').catch(() => '');
    if (isAlive(holder)) break;
    // Only the checked lock file is removed: another process may have taken over meanwhile.
    if ((await readFile(file, 'utf8').catch(() => '')) === holder) await rm(file, { force: true });
  }
  throw refusal();
}

function create(file: string, content: string): Promise<boolean> {
  return whileWriting(file, async () => {
    try {
      await writeFile(file, content, { flag: 'wx' });
      return true;
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw thrown;
    }
  });
}

// A process of another machine counts as alive, because its state is unknown. Our own id means that this
// process holds it.
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
