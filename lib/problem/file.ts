// What fails on a file → Problem.
import { Problem } from './problem.ts';

/** Whether an error of the file system says that something does not exist. */
export function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/**
 * Runs a work that reads.
 * @param file what it reads, as people know it
 * @throws Problem `missing_file`, `unreadable_file`
 */
export async function reading<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (isMissing(error)) throw new Problem('missing_file', { file });
    throw new Problem('unreadable_file', { file, reason: (error as Error).message });
  }
}

/**
 * Runs a work that writes.
 * @param file what it writes, as people know it
 * @throws Problem `unwritable_file`
 */
export async function writing<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem('unwritable_file', { file, reason: (error as Error).message });
  }
}
