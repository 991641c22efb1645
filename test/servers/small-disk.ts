// A server with a tablespace on a disk that is small and can be filled up. The server is its own: where the
// disk is full, no checkpoint succeeds, and whoever creates or drops a database there waits for one.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unprivileged } from './binaries.ts';
import { type OwnServer, query, startServer } from './server.ts';

/** A small disk. */
export interface SmallFolder {
  readonly place: string;
  /** Fills it so that so many bytes are free, or frees everything again. */
  leave(bytes: number | null): void;
  unmount(): void;
}

/**
 * Mounts a small disk in memory.
 * @returns why that cannot be done here, in words
 */
export function smallFolder(megabytes: number): SmallFolder | string {
  const place = mkdtempSync(join(tmpdir(), 'pgmage-disk-'));
  chmodSync(place, 0o755);
  try {
    const options = ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', place];
    execFileSync('mount', options, { stdio: 'pipe', encoding: 'utf8' });
  } catch (thrown) {
    rmSync(place, { recursive: true });
    return String((thrown as { stderr?: string }).stderr || thrown).trim();
  }
  const ballast = join(place, 'ballast');
  return {
    place,
    leave: (bytes) => {
      rmSync(ballast, { force: true });
      if (bytes === null) return;
      const { bavail, bsize } = statfsSync(place);
      writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - bytes)));
    },
    unmount: () => {
      execFileSync('umount', [place]);
      rmSync(place, { recursive: true });
    },
  };
}

/** A small disk with a tablespace `small` on it. */
export interface SmallDisk {
  readonly server: OwnServer;
  /** Fills it so that so many bytes are free, or frees everything again. */
  leave(bytes: number | null): void;
  remove(): Promise<void>;
}

/**
 * Mounts a disk in memory, starts a server and makes the tablespace.
 * @returns why that cannot be done here, in words
 */
export async function smallDisk(major: number, megabytes: number): Promise<SmallDisk | string> {
  const disk = smallFolder(megabytes);
  if (typeof disk === 'string') return disk;
  const { place, leave, unmount } = disk;
  const server = await startServer(major).catch((thrown) => {
    unmount();
    throw thrown;
  });
  const remove = async () => {
    await server.stop();
    unmount();
  };
  try {
    const folder = join(place, 'tablespace');
    mkdirSync(folder, { mode: 0o700 });
    const user = unprivileged();
    if ('uid' in user) chownSync(folder, user.uid, user.gid);
    await query(server.socket(), `create tablespace small location '${folder}'`);
    return { server, leave, remove };
  } catch (thrown) {
    await remove();
    throw thrown;
  }
}
