// Files of backups that are not complete. A process that was killed leaves them behind.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { whileWriting } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import { type DirectoryLock, lockDirectory } from '../shadow/lock.ts';

// Time and format follow the names of database and environment, by which a folder is locked.
const partial =
  /^(.+)_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.(dump|dir|sql\.(gz|zst)|native|json(\.[0-9a-f]{8})?)\.partial$/;

/** The names of database and environment as files have them. Runs with the same ones exclude one another. */
export const stemOf = (database: string, environment: string) =>
  [database, environment].map((name) => name.replace(/[^\p{L}\p{N}._-]+/gu, '-')).join('_');

/** The stem of an incomplete file of a backup; null: the file is none. */
export const partialStemOf = (name: string): string | null => partial.exec(name)?.[1] ?? null;

/** Locks a folder for the backups of one stem. @throws Problem of `refusal` */
export const lockStem = (folder: string, stem: string, refusal: () => Problem): Promise<DirectoryLock> =>
  lockDirectory(join(folder, `.${stem}`), refusal);

/** Removes the incomplete files of a stem, whose lock is held. @returns their names */
export async function removePartials(folder: string, stem: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => partialStemOf(name) === stem);
  for (const name of names) await rm(join(folder, name), { recursive: true, force: true });
  return names;
}

/**
 * Removes the incomplete files of a folder whose process has ended. Those that a process still writes stay,
 * also where it belongs to another service.
 * @returns their names
 * @throws Problem `unwritable_file`
 */
export async function sweepPartials(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const stems = new Set(names.map(partialStemOf).filter((stem) => stem !== null));
  const removed: string[] = [];
  for (const stem of stems) {
    const busy = new Problem('backup_running', { database: stem, lock: `${folder}/.${stem}.lock` });
    const held = await lockStem(folder, stem, () => busy).catch((thrown: unknown) => {
      if (thrown === busy) return null;
      throw thrown;
    });
    if (held === null) continue;
    try {
      removed.push(...(await whileWriting(folder, () => removePartials(folder, stem))));
    } finally {
      await held.release();
    }
  }
  return removed;
}

/** True if a process writes a backup into a folder: it holds the lock of an incomplete one. */
export async function writesPartial(folder: string, pid: number): Promise<boolean> {
  const stems = new Set((await readdir(folder)).map(partialStemOf).filter((stem) => stem !== null));
  for (const stem of stems)
    if ((await readFile(join(folder, `.${stem}.lock`), 'utf8').catch(() => '')).startsWith(`${pid} `))
      return true;
  return false;
}
