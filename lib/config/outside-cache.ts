// The cache of a project whose folder this user cannot write to: in the user's own cache folder.
import { createHash } from 'node:crypto';
import { mkdir, readlink, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { getuid } from 'node:process';
import { exists } from './file.ts';
import { findUserCache, isPrivate } from './user-cache.ts';

/**
 * Makes the folder. Modules that are compiled into it find the same packages as the project's own files.
 * @returns its path; null: this user has no folder for a cache
 */
export async function makeOutsideCache(root: string): Promise<string | null> {
  const place = await findPlace();
  if (place === null) return null;
  const key = createHash('sha256').update(root).digest('hex').slice(0, 16);
  try {
    return await linkPackages(root, join(place, 'projects', key));
  } catch {
    return null;
  }
}

// A container often has no home.
async function findPlace(): Promise<string | null> {
  const spare = join(tmpdir(), `pgmage-cache-${getuid?.() ?? 0}`);
  const found = await findUserCache(spare);
  if (found !== spare) return found;
  const isMade = await mkdir(spare, { recursive: true, mode: 0o700 }).then(
    () => isPrivate(spare),
    () => false,
  );
  return isMade ? spare : null;
}

// Node looks for packages in the `node_modules` of a module's folder and of those above it. So each such
// folder of the project is linked, the nearest one innermost.
async function linkPackages(root: string, top: string): Promise<string> {
  const found: string[] = [];
  for (let folder = root; ; folder = dirname(folder)) {
    const packages = join(folder, 'node_modules');
    if (await exists(packages)) found.unshift(packages);
    if (folder === dirname(folder)) break;
  }
  let place = join(top, 'cache');
  await mkdir(place, { recursive: true });
  for (const [depth, packages] of found.entries()) {
    if (depth > 0) place = join(place, 'cache');
    await mkdir(place, { recursive: true });
    await link(packages, join(place, 'node_modules'));
  }
  return place;
}

async function link(to: string, path: string): Promise<void> {
  if ((await readlink(path).catch(() => null)) === to) return;
  await rm(path, { force: true });
  // Another process may make the same link at the same time.
  await symlink(to, path).catch(async (error: unknown) => {
    if ((await readlink(path).catch(() => null)) !== to) throw error;
  });
}
