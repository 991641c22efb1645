// The folder of backups, and its free space.
import { statfs } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { DigestRelation } from '../flow/digest.ts';
import { whileWriting } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import type { Project } from '../project/project.ts';
import { shownPath } from '../project/sql-files.ts';

/**
 * A folder of backups: its path, and its name for messages. @param dir the given folder; default: `backups`
 */
export function resolveFolder(
  { root }: Project,
  dir = 'backups',
): { readonly path: string; readonly shown: string } {
  const path = resolve(root, dir);
  return { path, shown: shownPath(root, path) };
}

/**
 * Compares the free space with the size of the relations. Rows take less space in a dump than in their
 * tables; indexes take none.
 * @throws Problem `no_space`, unless `force`
 */
export async function checkSpace(
  project: Project,
  folder: string,
  relations: readonly DigestRelation[],
  force: boolean,
): Promise<void> {
  const shown = shownPath(project.root, folder);
  const { bavail, bsize } = await whileWriting(shown, () => statfs(folder));
  const needed = relations.reduce((sum, { bytes }) => sum + bytes, 0);
  if (bavail * bsize < needed && !force)
    throw new Problem('no_space', { folder: shown, needed, free: bavail * bsize });
}
