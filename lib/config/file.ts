// Reads and writes files of a project. Errors name the file.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
