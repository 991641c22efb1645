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

/**
 * Dumps a database in PostgreSQL's custom format, through this process: whoever ends it ends pg_dump, too.
 * @param file where it goes, with its name for people
 * @param from how to reach the database, and in which exported snapshot
 * @throws Problem `client_failed`, `unwritable_file`
 */
export async function dumpTo(
  file: { readonly handle: FileHandle; readonly name: string },
  client: Client,
  from: { readonly variables: Readonly<Record<string, string>>; readonly snapshot: string },
  signal: AbortSignal,
): Promise<Written> {
  const hash = createHash('sha256');
  let bytes = 0;
  // UTF8 whatever the database has, for that is what it is read back as.
  const words = ['-Fc', '-E', 'UTF8', '--no-password', `--snapshot=${from.snapshot}`];
  await runClient(
    client,
    'pg_dump',
    words,
    from.variables,
    async (output) => {
      for await (const chunk of output as AsyncIterable<Buffer>) {
        await writing(file.name, () => file.handle.writeFile(chunk));
        hash.update(chunk);
        bytes += chunk.length;
      }
    },
    signal,
  );
  return { bytes, sha256: hash.digest('hex') };
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
