// Dump files: written by pg_dump, and read from their first to their last byte.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { devNull } from 'node:os';
import { reading, writing } from '../file-problem.ts';
import { type Client, runClient } from './client.ts';

/** What was written. */
export interface Written {
  readonly bytes: number;
  readonly sha256: string;
}

/** Where a dump goes, with its name for people. */
export interface Output {
  readonly handle: FileHandle;
  readonly name: string;
}

/** Writes what comes, as it is. @throws Problem `unwritable_file` */
export async function writeAll(to: Output, pieces: AsyncIterable<Buffer>): Promise<Written> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of pieces) {
    await writing(to.name, () => to.handle.writeFile(piece));
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/**
 * Dumps a database in PostgreSQL's custom format, through this process: whoever ends it ends pg_dump, too.
 * @param from how to reach the database, and in which exported snapshot
 * @throws Problem `client_failed`, `unwritable_file`
 */
export async function dumpTo(
  to: Output,
  client: Client,
  from: { readonly variables: Readonly<Record<string, string>>; readonly snapshot: string },
  signal: AbortSignal,
): Promise<Written> {
  let written: Written | undefined;
  // UTF8 whatever the database has, for that is what it is read back as.
  const words = ['-Fc', '-E', 'UTF8', '--no-password', `--snapshot=${from.snapshot}`];
  const take = async (output: AsyncIterable<Buffer>) => {
    written = await writeAll(to, output);
  };
  await runClient(client, 'pg_dump', words, from.variables, take, signal);
  return written as Written;
}

/** Bytes and checksum of a file as it is on disk. @throws Problem `missing_file`, `unreadable_file` */
export function checksumOf(path: string, name: string, signal?: AbortSignal): Promise<Written> {
  return reading(name, async () => {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      hash.update(chunk);
      bytes += chunk.length;
    }
    return { bytes, sha256: hash.digest('hex') };
  });
}

/**
 * Has a dump read and unpacked to its end, which `pg_restore --list` does not do.
 * @throws Problem `client_failed`
 */
export async function readWhole(client: Client, path: string, signal?: AbortSignal): Promise<void> {
  const drain = async (output: AsyncIterable<unknown>) => {
    for await (const _ of output);
  };
  await runClient(client, 'pg_restore', ['-f', devNull, path], {}, drain, signal);
}
