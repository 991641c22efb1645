// The undo file of a run: the rows that it changed as they were before, and the rows that it inserted. It is
// compressed, has a checksum, and is for its owner alone.
import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir, rm, stat, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createGunzip, createGzip } from 'node:zlib';
import { makeFolders } from '../config/file.ts';
import { Problem } from '../problem/problem.ts';
import type { Spool } from './spool.ts';

/** A table of an undo file. */
export interface UndoTable {
  /** Qualified and quoted. */
  readonly name: string;
  readonly key: readonly string[];
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Columns whose values are texts in an array behind the others. */
  readonly packed?: readonly string[];
}

/** The rows of a part: wanted ones, or those that go, as `RowSpools` has them. */
export type UndoPart = 'fresh' | 'gone';

/** An undo file that is being written. */
export interface UndoWriter {
  readonly file: string;
  /** Writes rows, in COPY's text format. */
  write(table: UndoTable, part: UndoPart, rows: AsyncIterable<Uint8Array>): Promise<void>;
  /** Ends it: all of it is on disk then. @returns the bytes of the whole file */
  finish(): Promise<number>;
  /** Removes what was written, also after the end. */
  discard(): Promise<void>;
}

const version = 1;
const endOfRows = '\\.';

/** The folder of the undo files of a project. @param root its folder */
export const undoFolder = (root: string): string => join(root, '.pgmage', 'data-runs');

/** The undo file of a run. */
export const undoFileOf = (folder: string, run: string): string => join(folder, `${run}.undo`);

/**
 * Begins an undo file; what a file of this name has stays before it.
 * @throws Problem `unwritable_file`
 */
export async function writeUndo(file: string): Promise<UndoWriter> {
  const told = (thrown: unknown) =>
    thrown instanceof Problem
      ? thrown
      : new Problem('unwritable_file', { file, reason: (thrown as Error).message }, { cause: thrown });
  const guarded = <T>(work: () => Promise<T>) =>
    work().catch((thrown: unknown) => Promise.reject(told(thrown)));
  const { handle, before, put, end, stop } = await guarded(() => openZip(file));
  const line = (text: string) => put(Buffer.from(`${text}\n`));
  await guarded(() => line(JSON.stringify({ pgmage: 'undo', version })));
  return {
    file,
    write: (table, part, rows) =>
      guarded(async () => {
        await line(JSON.stringify({ table, part }));
        // No error of the rows is one of the file.
        for await (const piece of rows) await guarded(() => put(piece));
        await line(endOfRows);
      }),
    finish: () =>
      guarded(async () => {
        await end();
        return (await stat(file)).size;
      }),
    async discard() {
      await stop();
      await handle.close().catch(() => undefined);
      if (before > 0) await truncate(file, before).catch(() => undefined);
      if (before === 0) await rm(file, { force: true });
    },
  };
}

interface ZippedFile {
  readonly handle: FileHandle;
  /** Bytes that were there before. */
  readonly before: number;
  put(piece: Uint8Array): Promise<void>;
  /** Writes the checksum, and waits for the disk. */
  end(): Promise<void>;
  stop(): Promise<void>;
}

async function openZip(file: string): Promise<ZippedFile> {
  await makeFolders(dirname(file), 0o700);
  const handle = await open(file, 'a', 0o600);
  const zip = createGzip({ level: 3 });
  const sum = createHash('sha256');
  const writing = (async () => {
    for await (const piece of zip) await handle.appendFile(piece as Buffer);
  })();
  // A failure is thrown with the next piece, or at the end.
  let failure: { readonly thrown: unknown } | null = null;
  const settled = writing.catch((thrown: unknown) => {
    failure = { thrown };
    zip.destroy();
  });
  const check = () => {
    if (failure !== null) throw (failure as { readonly thrown: unknown }).thrown;
  };
  return {
    handle,
    before: (await handle.stat()).size,
    async put(piece) {
      check();
      sum.update(piece);
      if (!zip.write(piece)) await Promise.race([once(zip, 'drain'), settled]);
      check();
    },
    async end() {
      zip.end(`${JSON.stringify({ sha256: sum.digest('hex') })}\n`);
      await settled;
      check();
      await handle.sync();
      await handle.close();
    },
    async stop() {
      zip.destroy();
      await settled;
    },
  };
}

/** The rows of one table of an undo file. */
export interface UndoRows {
  readonly table: UndoTable;
  readonly fresh: Spool;
  readonly gone: Spool;
}

/**
 * Reads an undo file, and checks it. The caller closes the spools.
 * @param bytes its length at the last commit: a process that was killed can have written more; null: read all
 * @throws Problem `missing_file`, `undo_damaged`, `unwritable_file`
 */
export async function readUndo(
  file: string,
  spool: () => Promise<Spool>,
  bytes: number | null = null,
): Promise<UndoRows[]> {
  const { size } = await stat(file).catch(() => {
    throw new Problem('missing_file', { file });
  });
  const length = bytes ?? size;
  if (size < length) throw new Problem('undo_damaged', { file, reason: 'its end is missing' });
  const tables = new Map<string, UndoRows>();
  const reading: Reading = {
    ...{ sum: createHash('sha256'), tables, spool },
    ...{ rows: null, head: [], matched: 0, isWhole: false, fault: null },
  };
  try {
    for await (const piece of unzip(file, length)) await readPiece(reading, piece);
  } catch (thrown) {
    // Of the place for its rows.
    if (thrown instanceof Problem) throw thrown;
    throw new Problem('undo_damaged', { file, reason: (thrown as Error).message }, { cause: thrown });
  }
  const reason = reading.fault ?? (reading.isWhole ? null : 'its end is missing');
  if (reason !== null) throw new Problem('undo_damaged', { file, reason });
  return [...tables.values()];
}

async function* unzip(file: string, length: number): AsyncGenerator<Uint8Array> {
  if (length === 0) return;
  const source = createReadStream(file, { end: length - 1 });
  const zip = createGunzip();
  source.on('error', (thrown) => zip.destroy(thrown));
  try {
    yield* source.pipe(zip) as AsyncIterable<Uint8Array>;
  } finally {
    source.destroy();
  }
}

interface Reading {
  readonly tables: Map<string, UndoRows>;
  spool(): Promise<Spool>;
  sum: Hash;
  /** The place of the rows that are read; null: a line of JSON is. */
  rows: Spool | null;
  /** The part of that line that was read. */
  head: Uint8Array[];
  /** How many bytes of the end mark a row begins with so far; null: it is a row. */
  matched: number | null;
  isWhole: boolean;
  fault: string | null;
}

const mark = Buffer.from(`${endOfRows}\n`);
const lineFeed = 10;

// Values pass in pieces: one can be larger than memory.
async function readPiece(reading: Reading, piece: Uint8Array): Promise<void> {
  for (let at = 0; at < piece.length; ) {
    const end = piece.indexOf(lineFeed, at) + 1 || piece.length;
    if (reading.rows === null) {
      reading.head.push(piece.subarray(at, end));
      if (piece[end - 1] === lineFeed) await readHead(reading);
      at = end;
    } else if (reading.matched === null) {
      await writeRow(reading, piece.subarray(at, end));
      if (piece[end - 1] === lineFeed) reading.matched = 0;
      at = end;
    } else if (piece[at] === mark[reading.matched]) {
      at += 1;
      reading.matched += 1;
      if (reading.matched < mark.length) continue;
      reading.sum.update(mark);
      reading.rows = null;
    } else {
      const begun = mark.subarray(0, reading.matched);
      reading.matched = null;
      if (begun.length > 0) await writeRow(reading, begun);
    }
  }
}

async function writeRow({ sum, rows }: Reading, bytes: Uint8Array): Promise<void> {
  sum.update(bytes);
  await rows?.write(bytes);
}

async function readHead(reading: Reading): Promise<void> {
  const bytes = Buffer.concat(reading.head);
  reading.head = [];
  const { table, part, sha256 } = JSON.parse(bytes.toString('utf8')) as {
    table?: UndoTable;
    part?: UndoPart;
    sha256?: string;
  };
  reading.isWhole = sha256 !== undefined;
  if (sha256 !== undefined) {
    if (reading.sum.digest('hex') !== sha256) reading.fault = 'its checksum is wrong';
    reading.sum = createHash('sha256');
    return;
  }
  reading.sum.update(bytes);
  if (table === undefined || part === undefined) return;
  const { tables, spool } = reading;
  const known = tables.get(table.name) ?? { table, fresh: await spool(), gone: await spool() };
  tables.set(table.name, known);
  reading.rows = known[part];
  reading.matched = 0;
}

// Runs that are kept, and bytes of all of them.
const [kept, room] = [7, 2 ** 30];

/** Removes the undo files of older runs. The newest one always stays. */
export async function pruneUndo(folder: string): Promise<void> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.undo'));
  const found = await Promise.all(
    names.map(async (name) => {
      const file = join(folder, name);
      // Another run that ends at the same time removes the same files.
      const facts = await stat(file).catch(() => null);
      return facts === null ? [] : [{ file, mtimeMs: facts.mtimeMs, size: facts.size }];
    }),
  );
  let used = 0;
  for (const [at, { file, size }] of found
    .flat()
    .sort((a, b) => b.mtimeMs - a.mtimeMs)
    .entries()) {
    used += size;
    if (at > 0 && (at >= kept || used > room)) await rm(file, { force: true });
  }
}
