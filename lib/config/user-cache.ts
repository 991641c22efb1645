// The user's own cache folder: what is made once for all projects.
import { lstat, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { env, getuid, platform } from 'node:process';

/**
 * The folder `pgmage` in the user's cache (`XDG_CACHE_HOME`), made where it is missing. Programs are started
 * from templates in it, so it must be the user's own, and no other user may write to it.
 * @param fallback the folder to use where there is none that is safe
 */
export async function findUserCache(fallback: string): Promise<string> {
  const folder = join(cacheHome(), 'pgmage');
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return (await isPrivate(folder)) ? folder : fallback;
  } catch {
    return fallback;
  }
}

// XDG Base Directory Specification: a relative path is ignored.
function cacheHome(): string {
  const named = env.XDG_CACHE_HOME;
  if (named !== undefined && isAbsolute(named)) return named;
  return platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache');
}

/** True if a folder is not a link, belongs to this user, and no other user may write to it. */
export async function isPrivate(folder: string): Promise<boolean> {
  const found = await lstat(folder);
  if (!found.isDirectory()) return false;
  return getuid === undefined || (found.uid === getuid() && (found.mode & 0o022) === 0);
}
