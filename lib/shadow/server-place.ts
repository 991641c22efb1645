// The folders of private servers. A server makes a file for each table and index, and on a disk that takes as
// long as the statements themselves.
import { mkdtemp, statfs } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import * as host from 'node:process';

const prefix = 'pgmage-shadow-';
// The file system in memory that every Linux has (shm_overview(7)), and its number (statfs(2)).
const memory = '/dev/shm';
const tmpfs = 0x01021994;
// A schema of 5,000 tables needs less than a quarter of it.
const room = 2 * 2 ** 30;
// A socket's path has at most 103 characters on macOS and 107 on Linux (unix(7)).
const longestFolder = 80;

const disk = () => (tmpdir().length > longestFolder - prefix.length ? '/tmp' : tmpdir());

/** True if a folder of a private server may have this name. */
export const isServerFolder = (name: string) => name.startsWith(prefix);

/** The folders in which those of private servers are. */
export const listServerPlaces = (): string[] => [...new Set([memory, disk()])];

/**
 * Makes a folder for a private server: in memory where there is room, else on the disk.
 * @param bytes the room that there must be
 * @throws the system's error, if there is no folder to write to
 */
export async function makeServerFolder(bytes = room): Promise<string> {
  const make = (place: string) => mkdtemp(join(place, prefix));
  return (await hasRoom(bytes)) ? make(memory).catch(() => make(disk())) : make(disk());
}

// Docker gives containers 64 MB of it, and may limit their memory. Later, other servers can take the room, or
// systemd removes the folder when the user logs out (logind.conf(5), RemoveIPC): see beyond-native.ts.
async function hasRoom(bytes: number): Promise<boolean> {
  const found = await statfs(memory).catch(() => null);
  if (found === null || found.type !== tmpfs) return false;
  // Node.js knows from 20.13 on how much of the limit is in use.
  const left = host.availableMemory?.() ?? (host.constrainedMemory() || Number.POSITIVE_INFINITY);
  return Math.min(found.bavail * found.bsize, freemem(), left) >= bytes;
}
