// The compression of scripts: gzip, or zstd where Node.js has it.
import { Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import { Problem } from '../problem/problem.ts';

/** The compression of a script; its file ends in `.gz` or `.zst`. */
export type Compression = 'gzip' | 'zstd';

type Transform = ReturnType<typeof zlib.createGunzip>;

// Node.js has them since 22.15; the types of 20 do not.
const { createZstdCompress, createZstdDecompress } = zlib as {
  readonly createZstdCompress?: () => Transform;
  readonly createZstdDecompress?: () => Transform;
};

/** True if this Node.js can read and write zstd. */
export const hasZstd = createZstdCompress !== undefined;

/** The reason where it cannot, for messages. */
export const withoutZstd = 'this Node.js has no zstd: it needs version 22.15 or later';

/**
 * Compresses pieces, as fast as the consumer takes them.
 * @param level of gzip; default: 6
 * @throws Problem `unwritable_file` where this Node.js does not know the compression
 */
export function compress(
  pieces: AsyncIterable<Buffer>,
  { compression = 'gzip', level }: { readonly compression?: Compression; readonly level?: number } = {},
): AsyncIterable<Buffer> {
  const source = Readable.from(pieces, { objectMode: false });
  const zip = compression === 'gzip' ? zlib.createGzip(level === undefined ? {} : { level }) : zstd();
  source.on('error', (error) => zip.destroy(error));
  zip.on('close', () => source.destroy());
  return source.pipe(zip);
}

function zstd(): Transform {
  if (createZstdCompress === undefined)
    throw new Problem('unwritable_file', { file: 'the script', reason: withoutZstd });
  return createZstdCompress();
}

/**
 * A stream that unpacks a file; null: there is nothing to unpack. The first bytes show the compression.
 * @param file its name for messages
 * @throws Problem `unreadable_file` where this Node.js does not know the compression
 */
export function makeUnpacker(start: Buffer, file: string): Transform | null {
  if (start.readUInt16BE(0) === gzipMagic) return zlib.createGunzip();
  if (start.readUInt32BE(0) !== zstdMagic) return null;
  if (createZstdDecompress === undefined) throw new Problem('unreadable_file', { file, reason: withoutZstd });
  return createZstdDecompress();
}

// RFC 1952 and RFC 8878: the first bytes of a file.
const [gzipMagic, zstdMagic] = [0x1f8b, 0x28b52ffd];
