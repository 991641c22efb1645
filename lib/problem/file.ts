// Turns errors of the file system into Problems.
import { Problem } from './problem.ts';

/** True if an error of the file system means that a file does not exist. */
export function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/**
 * Runs work that reads a file.
 * @param file its name for messages
 * @param writer the command that writes such a file
 * @throws Problem `missing_file`, `unreadable_file`
 */
export async function whileReading<T>(file: string, work: () => Promise<T>, writer?: string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (isMissing(error)) throw new Problem('missing_file', { file, ...(writer && { writer }) });
    throw new Problem('unreadable_file', { file, reason: (error as Error).message });
  }
}

/**
 * Runs work that writes a file.
 * @param file its name for messages
 * @throws Problem `unwritable_file`
 */
export async function whileWriting<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem('unwritable_file', { file, reason: (error as Error).message });
  }
}
