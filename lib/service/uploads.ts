// Takes a dump that was made elsewhere: streamed to the disk, checked, and given a name of the service.

import { createHash, type Hash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat, mkdir, open, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { flushFolder } from '../flow/manifest.ts';
import { formatCount } from '../problem/amount.ts';
import { isMissing, whileWriting } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import type { Service } from './service.ts';
import { folderOfBackups } from './storage.ts';
import { findUpload, notePath, type UploadedDump, uploadName, uploadsIn } from './upload-files.ts';
import { type AcceptedFormat, enoughBytes, recognizeUpload } from './upload-format.ts';

/** An upload as it comes. */
export interface Incoming {
  readonly body: AsyncIterable<Buffer>;
  /** Bytes by Content-Length; null: it is not known. */
  readonly length: number | null;
  /** Letters for the name of the file, already checked. */
  readonly label: string;
  /** The checksum that the client expects; null: it gave none. */
  readonly sha256: string | null;
  readonly by: string;
}

// Bytes between two looks at the storage, which others fill meanwhile.
const step = 16 * 1024 * 1024;
// Uploads at once.
const most = 2;
// Tells the upload of a second apart from another one.
let running = 0;

/**
 * Stores an upload. Whatever fails, no file of it stays.
 * @throws Problem `upload_refused`, `storage_full`, `no_space`, `backup_damaged`, `too_many_uploads`,
 * `unwritable_file`; of the connection
 */
export async function storeUpload(service: Service, incoming: Incoming): Promise<UploadedDump> {
  if (running >= most) throw new Problem('too_many_uploads', { limit: most });
  running += 1;
  try {
    const { path, shown } = folderOfBackups(service.project, service.settings);
    const folder = uploadsIn(path);
    await whileWriting(shown, () => mkdir(folder, { recursive: true, mode: 0o700 }));
    await refuseFull(service, incoming.length ?? 0);
    await refuseSmallDisk(folder, shown, incoming.length ?? 0);
    return await receive(service, incoming, folder);
  } finally {
    running -= 1;
  }
}

async function refuseFull({ storage }: Service, needed: number): Promise<void> {
  const { bytes: present, limit } = await storage.measure();
  if (limit !== null && present + needed > limit)
    throw new Problem('storage_full', { limit, present, needed });
}

async function refuseSmallDisk(folder: string, shown: string, needed: number): Promise<void> {
  const { bavail, bsize } = await whileWriting(shown, () => statfs(folder));
  if (bavail * bsize < needed) throw new Problem('no_space', { folder: shown, needed, free: bavail * bsize });
}

async function receive(service: Service, incoming: Incoming, folder: string): Promise<UploadedDump> {
  const pieces = incoming.body[Symbol.asyncIterator]();
  const start = await readStart(pieces);
  const accepted = recognizeUpload(start);
  const now = service.world.now();
  const { handle, path, name } = await openFree(now, incoming, folder, accepted);
  const partial = `${path}.partial`;
  try {
    const hash = createHash('sha256');
    const write = (piece: Buffer) => whileWriting(name, () => handle.appendFile(hashed(hash, piece)));
    const bytes = await writeAll(service, write, { start, pieces });
    const sha256 = hash.digest('hex');
    refuseOther(name, incoming, { bytes, sha256 });
    await whileWriting(name, () => handle.sync());
    const note = { format: accepted.format, bytes, sha256, at: now.toISOString(), by: incoming.by };
    await whileWriting(name, async () => {
      await writeFile(notePath(path), `${JSON.stringify(note)}\n`, { mode: 0o600 });
      await rename(partial, path);
      await flushFolder(folder);
    });
    return (await findUpload(join(folder, '..'), name)) as UploadedDump;
  } catch (thrown) {
    for (const file of [partial, notePath(path), path]) await rm(file, { force: true });
    throw thrown;
  } finally {
    await handle.close();
  }
}

function hashed(hash: Hash, piece: Buffer): Buffer {
  hash.update(piece);
  return piece;
}

async function readStart(pieces: AsyncIterator<Buffer>): Promise<Buffer> {
  const start: Buffer[] = [];
  for (let length = 0; length < enoughBytes; ) {
    const next = await pieces.next();
    if (next.done) break;
    start.push(next.value);
    length += next.value.length;
  }
  return Buffer.concat(start);
}

// Of two uploads in one second, the second one gets the name of the next second. The partial file
// reserves the name: an upload that was complete before that is seen then.
async function openFree(now: Date, { label }: Incoming, folder: string, { ending }: AcceptedFormat) {
  for (let second = 0; ; second++) {
    const name = uploadName(new Date(now.getTime() + 1000 * second), label, ending);
    const path = join(folder, name);
    const partial = `${path}.partial`;
    try {
      const handle = await open(partial, 'wx', 0o600);
      const found = await findFile(path);
      if (found === null) return { name, path, handle };
      await handle.close();
      await rm(partial, { force: true });
      if (found instanceof Error) throw found;
    } catch (thrown) {
      if (isMissing(thrown) || (thrown as NodeJS.ErrnoException).code !== 'EEXIST')
        throw new Problem('unwritable_file', { file: name, reason: (thrown as Error).message });
    }
  }
}

// Any file of that name, with or without a note: nothing is written over it. An error: it cannot be known.
function findFile(path: string): Promise<Stats | Error | null> {
  return lstat(path).catch((thrown: Error) => (isMissing(thrown) ? null : thrown));
}

async function writeAll(
  service: Service,
  write: (piece: Buffer) => Promise<void>,
  { start, pieces }: { readonly start: Buffer; readonly pieces: AsyncIterator<Buffer> },
): Promise<number> {
  let bytes = 0;
  let looked = 0;
  let left = await readLeft(service);
  for (let piece: Buffer | undefined = start; piece !== undefined; ) {
    if (piece.length > left) await refuseGrown(service);
    await write(piece);
    bytes += piece.length;
    left -= piece.length;
    if (bytes - looked > step) [looked, left] = [bytes, await readLeft(service)];
    const next: IteratorResult<Buffer> = await pieces.next();
    piece = next.done ? undefined : next.value;
  }
  return bytes;
}

async function readLeft({ storage }: Service): Promise<number> {
  const { bytes, limit } = await storage.measure();
  return limit === null ? Number.POSITIVE_INFINITY : limit - bytes;
}

async function refuseGrown({ storage }: Service): Promise<never> {
  const { bytes: present, limit } = await storage.measure();
  throw new Problem('storage_full', { limit: limit ?? 0, present, needed: null });
}

function refuseOther(file: string, expected: Incoming, got: { bytes: number; sha256: string }): void {
  const faults = [
    ...(expected.length !== null && expected.length !== got.bytes
      ? [`it has ${formatCount(got.bytes, 'byte')} instead of ${expected.length}`]
      : []),
    ...(expected.sha256 !== null && expected.sha256 !== got.sha256 ? ['its checksum differs'] : []),
  ];
  if (faults.length > 0) throw new Problem('backup_damaged', { file, faults });
}
