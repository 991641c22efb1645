// The user that native shadows are tested as: PostgreSQL does not run as root.
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listServerPlaces } from '../../lib/shadow/server-place.ts';
import { unprivileged } from '../servers/binaries.ts';

/**
 * Makes this worker a process of an unprivileged user for good, and gives it a cache of its own. Each test
 * file has a worker.
 */
export function becomeUser(): void {
  const user = unprivileged();
  if ('uid' in user) {
    process.setgroups?.([]);
    process.setgid?.(user.gid);
    process.setuid?.(user.uid);
  }
  process.env.XDG_CACHE_HOME = mkdtempSync(join(tmpdir(), 'pgmage-user-cache-'));
}

/** The folders of the private servers that a process has started. */
export function serverFolders(pid: number | undefined): string[] {
  const folders = listServerPlaces().flatMap((place) => readdirSync(place).map((name) => join(place, name)));
  return folders.filter((folder) => ownerOf(folder) === pid);
}

function ownerOf(folder: string): number | null {
  try {
    return Number.parseInt(readFileSync(join(folder, 'owner'), 'utf8'), 10);
  } catch {
    return null;
  }
}
