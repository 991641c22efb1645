// Rows on disk for as long as a command runs. The file has no name any more once it is open, so that nothing
// is left of it however the process ends; where the system keeps the name, it is removed at the end.
import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../problem/problem.ts';

/** A file that is written once and then read as often as needed. */
export interface Spool {
  /** Writes bytes behind those before. */
  write(piece: Uint8Array): Promise<void>;
  /** All that was written, from the beginning. */
  read(): AsyncGenerator<Uint8Array, void, undefined>;
  /** The number of written bytes. */
  size(): number;
  /** Can be called again. */
  close(): Promise<void>;
}

const pieceSize = 1 << 16;

/** Opens a spool in a folder, which is made where it is missing. @throws Problem `unwritable_file` */
export async function openSpool(folder: string): Promise<Spool> {
  const path = join(folder, `rows-${randomBytes(8).toString('hex')}`);
  const told = (thrown: unknown) =>
    new Problem('unwritable_file', { file: path, reason: (thrown as Error).message }, { cause: thrown });
  let file: FileHandle;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    file = await open(path, 'wx+', 0o600);
  } catch (thrown) {
    throw told(thrown);
  }
  const isGone = await rm(path).then(
    () => true,
    () => false,
  );
  let waiting: Uint8Array[] = [];
  let [held, written] = [0, 0];
  const flush = async () => {
    const all = Buffer.concat(waiting);
    waiting = [];
    held = 0;
    try {
      for (let at = 0; at < all.length; )
        at += (await file.write(all, at, all.length - at, written + at)).bytesWritten;
    } catch (thrown) {
      throw told(thrown);
    }
    written += all.length;
  };
  return {
    async write(piece) {
      waiting.push(piece);
      held += piece.length;
      if (held >= pieceSize) await flush();
    },
    async *read() {
      await flush();
      for (let at = 0; at < written; ) {
        const piece = Buffer.allocUnsafe(Math.min(pieceSize, written - at));
        const { bytesRead } = await file.read(piece, 0, piece.length, at);
        if (bytesRead === 0) return;
        at += bytesRead;
        yield piece.subarray(0, bytesRead);
      }
    },
    size: () => written + held,
    async close() {
      await file.close();
      if (!isGone) await rm(path, { force: true });
    },
  };
}

/**
 * Works with spools in a folder, which are closed afterwards.
 * @throws Problem `unwritable_file`; of the work
 */
export async function withSpools<T>(
  folder: string,
  work: (spool: () => Promise<Spool>) => Promise<T>,
): Promise<T> {
  const spools: Spool[] = [];
  let isOver = false;
  try {
    return await work(async () => {
      const spool = await openSpool(folder);
      spools.push(spool);
      // After a failure of one job others still run.
      if (isOver) await spool.close();
      return spool;
    });
  } finally {
    isOver = true;
    await Promise.all(spools.map((spool) => spool.close()));
  }
}
