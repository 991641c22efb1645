// Dump files: written by pg_dump, and read from their first to their last byte.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir, stat, watch } from 'node:fs/promises';
import { devNull } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ClientAccess } from '../pg/route.ts';
import { whileReading, whileWriting } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import type { Client } from './child.ts';
import { runClient } from './child.ts';
import { type Compression, compress } from './compression.ts';
import type { FileSum } from './formats.ts';
import { flushFolder } from './manifest.ts';

/** The size and checksum of a written dump. */
export interface WrittenDump {
  readonly bytes: number;
  readonly sha256: string;
  /** For a folder its files, by name; the checksum is that of this list. */
  readonly files?: readonly FileSum[];
}

/** The destination of a dump, with its name for messages. */
export interface Output {
  readonly handle: FileHandle;
  readonly name: string;
}

/** The database and the program of a dump. */
export interface DumpInput {
  readonly client: Client;
  /** The access to the database. */
  readonly access: ClientAccess;
  /** The exported snapshot. */
  readonly snapshot: string;
  /** The database's encoding. */
  readonly encoding: string;
  /** Milliseconds that it waits for locks. */
  readonly lockTimeout: number;
  readonly signal: AbortSignal;
  /** Called when pg_dump has read all definitions; an error of it ends the dump. */
  defined(): Promise<void>;
}

/** Writes pieces unchanged. @throws Problem `unwritable_file` */
export async function writeAll(to: Output, pieces: AsyncIterable<Buffer>): Promise<WrittenDump> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of pieces) {
    await whileWriting(to.name, () => to.handle.writeFile(piece));
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/**
 * The options of pg_dump for a snapshot. The encoding is UTF8 for every database, because the dump is read as
 * UTF8. SQL_ASCII is not an encoding, so its content cannot be converted.
 */
export const buildDumpOptions = ({
  access,
  snapshot,
  encoding,
  lockTimeout,
}: Pick<DumpInput, 'access' | 'snapshot' | 'encoding' | 'lockTimeout'>) =>
  [
    ...access.words,
    '-E',
    encoding === 'SQL_ASCII' ? encoding : 'UTF8',
    '--no-password',
    `--snapshot=${snapshot}`,
    `--lock-wait-timeout=${lockTimeout}`,
  ] as const;

/** A dump as an SQL script. */
export interface ScriptDump {
  /** Options of pg_dump. */
  readonly words: readonly string[];
  readonly compression: Compression;
}

/**
 * Dumps a database as one file through this process, so that ending it also ends pg_dump.
 * @param script left out: PostgreSQL's custom format
 * @throws Problem `client_failed`, `unwritable_file`; of `defined`
 */
export async function dumpTo(to: Output, dumping: DumpInput, script?: ScriptDump): Promise<WrittenDump> {
  let written: WrittenDump | undefined;
  const words = [
    ...(script === undefined ? ['-Fc'] : ['-Fp', ...script.words]),
    ...buildDumpOptions(dumping),
  ];
  const take = async (output: Readable) => {
    const pieces = begun(output, () => dumping.defined());
    written = await writeAll(to, script === undefined ? pieces : compress(pieces, script));
  };
  const { client, access, signal } = dumping;
  await runClient({ client, program: 'pg_dump', words, variables: access.variables, signal }, take);
  return written as WrittenDump;
}

// Nothing is written before all definitions have been read.
async function* begun(pieces: AsyncIterable<Buffer>, first: () => Promise<void>): AsyncGenerator<Buffer> {
  let isFirst = true;
  for await (const piece of pieces) {
    if (isFirst) await first();
    isFirst = false;
    yield piece;
  }
}

/**
 * Dumps a database into a folder that is there and empty, several tables at a time.
 * @param path how the folder is opened, `name` how it is shown
 * @throws Problem `client_failed`, `unwritable_file`; of `defined`
 */
export async function dumpFolder(
  path: string,
  name: string,
  dumping: DumpInput,
  jobs: number,
): Promise<WrittenDump> {
  const words = ['-Fd', '-j', String(jobs), '-f', path, ...buildDumpOptions(dumping)];
  const drain = async (output: Readable) => {
    for await (const _ of output);
  };
  const begins = written(path, 'toc.dat');
  const checked = begins.seen.then((so) => (so ? dumping.defined() : undefined));
  // It is heard of below, when the program has ended.
  checked.catch(() => undefined);
  const { client, access, signal } = dumping;
  const { variables } = access;
  await runClient({ client, program: 'pg_dump', words, variables, signal, several: true }, drain)
    .catch((thrown: unknown) => {
      throw ofDisk(thrown, name);
    })
    .finally(begins.end);
  // Not every file system reports writes to it.
  if (await begins.seen) await checked;
  else await dumping.defined();
  for (const file of await whileWriting(name, () => readdir(path)))
    await whileWriting(name, async () => {
      const handle = await open(join(path, file), 'r+');
      await handle
        .chmod(0o600)
        .then(() => handle.sync())
        .finally(() => handle.close());
    });
  await flushFolder(path);
  return checksumDump(path, name, dumping.signal);
}

// pg_dump's messages about the disk that it writes to itself.
function ofDisk(thrown: unknown, file: string): unknown {
  const [, reason] =
    /could not (?:write|open|close|create|fsync)[^:]*(?:"[^"]*")?: (.*)/.exec(String(thrown)) ?? [];
  return reason === undefined ? thrown : new Problem('unwritable_file', { file, reason }, { cause: thrown });
}

// Waits until a file appears in a folder.
function written(folder: string, name: string): { readonly seen: Promise<boolean>; end(): void } {
  const stopping = new AbortController();
  const seen = (async () => {
    for await (const { filename } of watch(folder, { signal: stopping.signal }))
      if (filename === name) return true;
    return false;
  })().catch(() => false);
  return { seen, end: () => stopping.abort() };
}

/**
 * Bytes and checksum of a file, or a folder of them, as it is on disk. @throws Problem `missing_file`,
 * `unreadable_file`
 */
export function checksumDump(path: string, name: string, signal?: AbortSignal): Promise<WrittenDump> {
  return whileReading(name, async () => {
    if (!(await stat(path)).isDirectory()) return checksumOfFile(path, signal);
    const files: FileSum[] = [];
    for (const file of (await readdir(path)).sort())
      files.push({ name: file, ...(await checksumOfFile(join(path, file), signal)) });
    const bytes = files.reduce((sum, one) => sum + one.bytes, 0);
    const list = files.map((one) => `${one.sha256}  ${one.name}\n`).join('');
    return { bytes, sha256: createHash('sha256').update(list).digest('hex'), files };
  });
}

async function checksumOfFile(path: string, signal?: AbortSignal): Promise<Omit<WrittenDump, 'files'>> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    signal?.throwIfAborted();
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/**
 * Has an archive read and unpacked to its end, which `pg_restore --list` does not do.
 * @throws Problem `client_failed`
 */
export async function readArchive(client: Client, path: string, signal?: AbortSignal): Promise<void> {
  const drain = async (output: AsyncIterable<unknown>) => {
    for await (const _ of output);
  };
  await runClient({ client, program: 'pg_restore', words: ['-f', devNull, path], signal }, drain);
}
