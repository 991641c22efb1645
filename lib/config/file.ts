// Reads and writes files of a project. Errors name the file.
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMissing, whileReading, whileWriting } from '../problem/file.ts';

/**
 * The text of a file, or null where there is none of that name.
 * @throws Problem `unreadable_file`
 */
export async function readIfExists(path: string, file = path): Promise<string | null> {
  return whileReading(file, async () => {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      if (isMissing(error) || (error as NodeJS.ErrnoException).code === 'EISDIR') return null;
      throw error;
    }
  });
}

/**
 * Creates the folder for pgmage's own files in a project, with a .gitignore so that it is not committed.
 * @throws Problem `unwritable_file`
 */
export async function makeFolder(root: string): Promise<void> {
  await whileWriting('.pgmage', async () => {
    await mkdir(join(root, '.pgmage', 'cache'), { recursive: true });
    const ignore = join(root, '.pgmage', '.gitignore');
    if ((await readIfExists(ignore)) === null) await writeFile(ignore, '*\n');
  });
}

/** True if there is something at that path. */
export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}

/**
 * Writes a file whole or not at all, also where two processes write it: beside its place, and renamed into
 * it.
 */
export async function replaceFile(
  path: string,
  content: string | readonly Uint8Array[],
  options: { readonly mode?: number; readonly flush?: boolean } = {},
): Promise<void> {
  const draft = join(dirname(path), `.${randomUUID()}.new`);
  try {
    await writeFile(draft, content, { ...options, flag: 'wx' });
    await rename(draft, path);
  } catch (thrown) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw thrown;
  }
}

/**
 * Makes a folder and the missing ones above it. Node's own way repeats for ever on a file system that takes
 * no new folder and calls it missing, as /proc does.
 * @returns the topmost folder that was made; undefined: all were there
 * @throws the error of the file system
 */
export async function makeFolders(path: string, mode?: number): Promise<string | undefined> {
  const make = () =>
    mkdir(path, { mode }).then(
      () => path,
      async (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' || !(await stat(path).catch(() => null))?.isDirectory()) throw error;
        return undefined;
      },
    );
  try {
    return await make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error;
    const made = await makeFolders(dirname(path), mode);
    const own = await make();
    return made ?? own;
  }
}
