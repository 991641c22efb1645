// A file with an SQL script, plain or compressed, as a stream of text.
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { whileReading } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import { makeUnpacker } from './compression.ts';

/** How a script is read. */
export interface ScriptReading {
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of bytes of the file as they are read. */
  told?(bytes: number): void;
}

/** The first bytes of a file: fewer where it is shorter. @throws Problem `missing_file`, `unreadable_file` */
export function readStart(path: string, length: number): Promise<Buffer> {
  return whileReading(path, async () => {
    const handle = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  });
}

/**
 * The text of a script, unpacked as it is read, and no faster than it is taken.
 * @throws Problem `backup_damaged` where it cannot be unpacked; `missing_file`, `unreadable_file`
 */
export async function* unpackScript(
  path: string,
  { signal, told = () => undefined }: ScriptReading = {},
): AsyncGenerator<Buffer> {
  const name = path.replace(/^.*[\\/]/, '');
  const start = Buffer.concat([await readStart(path, 4), Buffer.alloc(4)]);
  const unpacker = makeUnpacker(start, name);
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  file.on('data', (piece) => told(piece.length));
  file.pause();
  if (unpacker !== null) file.on('error', (error) => unpacker.destroy(error)).pipe(unpacker);
  try {
    for await (const piece of (unpacker ?? file) as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      yield piece;
    }
  } catch (thrown) {
    if (signal?.aborted || thrown instanceof Problem) throw thrown;
    throw new Problem('backup_damaged', { file: name, faults: [(thrown as Error).message] });
  } finally {
    file.destroy();
    unpacker?.destroy();
  }
}

/** The line at the end of each complete script of pg_dump. */
export const lastWords = '-- PostgreSQL database dump complete';

/** The text of a backup's script. @throws Problem `backup_damaged` also where it ends too early */
export async function* readScript(path: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  let end = Buffer.alloc(0);
  for await (const piece of unpackScript(path, { signal })) {
    end = Buffer.concat([end, piece.subarray(-400)]).subarray(-400);
    yield piece;
  }
  if (end.includes(lastWords)) return;
  const file = path.replace(/^.*[\\/]/, '');
  throw new Problem('backup_damaged', { file, faults: ['its script is truncated'] });
}

/** Unpacks a backup's script to its end. @throws Problem `backup_damaged` */
export function readScriptWhole(path: string, signal?: AbortSignal): Promise<void> {
  return whileReading(path, async () => {
    for await (const _ of readScript(path, signal));
  });
}
