// A log file with one line of JSON for each run, for monitoring.
import { appendFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { makeFolders } from '../config/file.ts';
import { whileWriting } from '../problem/file.ts';
import type { Project } from './project.ts';
import { shownPath } from './sql-files.ts';

/**
 * Opens a log before the work that it is about, and creates its folder. Without a log, a failure of that work
 * would go unnoticed.
 * @param log the path of the file; left out: nothing is logged
 * @returns the function that adds a line
 * @throws Problem `unwritable_file`
 */
export async function openRunLog(
  { root }: Pick<Project, 'root'>,
  log: string | undefined,
): Promise<(line: object) => Promise<void>> {
  if (log === undefined) return async () => undefined;
  const path = resolve(root, log);
  const add = (text: string) =>
    whileWriting(shownPath(root, path), async () => {
      await makeFolders(dirname(path), 0o700);
      await appendFile(path, text, { mode: 0o600 });
    });
  await add('');
  return (line) => add(`${JSON.stringify(line)}\n`);
}
