// Reading files that need not be there.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Whether an error of the file system says that something does not exist. */
export function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** The text of a file, or null where there is none. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Makes the folder for what pgmage keeps in a project, with a .gitignore of its own so that nobody commits it. */
export async function makeFolder(root: string): Promise<void> {
  await mkdir(join(root, '.pgmage', 'cache'), { recursive: true });
  const ignore = join(root, '.pgmage', '.gitignore');
  if ((await readIfThere(ignore)) === null) await writeFile(ignore, '*\n');
}
