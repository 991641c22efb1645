// The folder for the cache of a project.
import { access, constants } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMissing } from '../problem/file.ts';
import { makeFolder } from './file.ts';

/**
 * The folder for the cache of a project. Where this user cannot write into the project, it is a folder of
 * their own.
 */
export async function findCache(root: string): Promise<string> {
  const own = join(root, '.pgmage', 'cache');
  for (const folder of [own, dirname(own), root])
    try {
      await access(folder, constants.W_OK);
      break;
    } catch (error) {
      if (isMissing(error)) continue;
      const { makeOutsideCache } = await import('./outside-cache.ts');
      return (await makeOutsideCache(root)) ?? own;
    }
  return own;
}

/** True if the cache of a project is in the project. */
export const hasOwnCache = ({ root, cacheDir }: { readonly root: string; readonly cacheDir: string }) =>
  cacheDir.startsWith(join(root, '.pgmage'));

/** Makes the folder for the cache of a project. @throws Problem `unwritable_file` */
export async function makeCache(of: { readonly root: string; readonly cacheDir: string }): Promise<void> {
  if (hasOwnCache(of)) await makeFolder(of.root);
}
