// The format of a file that is uploaded, by its first bytes. Only what pgmage can import is accepted.
import * as zlib from 'node:zlib';
import { hasZstd, withoutZstd } from '../flow/compression.ts';
import { Problem } from '../problem/problem.ts';

/** `plain`: SQL, also compressed; `custom`, `tar`: archives that pg_restore unpacks. */
export type UploadFormat = 'plain' | 'custom' | 'tar';

/** The first bytes that a decision needs, unless the file is shorter. */
export const enoughBytes = 64 * 1024;

/** A file that is accepted. */
export interface AcceptedFormat {
  readonly format: UploadFormat;
  /** Of its name. */
  readonly ending: 'sql' | 'sql.gz' | 'sql.zst' | 'dump' | 'tar';
}

const refuse = (reason: string) => new Problem('upload_refused', { reason });

// Files that people have at hand instead of a dump, by their first bytes.
const foreign: readonly (readonly [bytes: string, reason: string])[] = [
  ['PK\x03\x04', 'it is a zip archive: unpack it first'],
  ['BZh', 'it is compressed by bzip2: unpack it first'],
  ['\xfd7zXZ\0', 'it is compressed by xz: unpack it first'],
  ['7z\xbc\xaf', 'it is a 7z archive: unpack it first'],
  ['\x04"M\x18', 'it is compressed by lz4: unpack it first'],
  ['SQLite format 3\0', 'it is a SQLite database'],
  ['\xff\xfe', 'the encoding is UTF-16: convert the file to UTF-8'],
  ['\xfe\xff', 'the encoding is UTF-16: convert the file to UTF-8'],
];

/**
 * Recognizes a file.
 * @param start its first bytes
 * @throws Problem `upload_refused`
 */
export function recognizeUpload(start: Buffer): AcceptedFormat {
  if (start.length === 0) throw refuse('it is empty');
  const text = start.toString('latin1');
  for (const [bytes, reason] of foreign) if (text.startsWith(bytes)) throw refuse(reason);
  if (text.startsWith('PGDMP')) return { format: 'custom', ending: 'dump' };
  if (text.startsWith('ustar', 257)) {
    if (text.startsWith('toc.dat\0')) return { format: 'tar', ending: 'tar' };
    throw refuse('it is a tar archive that pg_dump -Ft did not write');
  }
  const packing = packingOf(text);
  if (packing === null) {
    refuseNoSql(start);
    return { format: 'plain', ending: 'sql' };
  }
  const inner = unpackStart(start, packing);
  if (inner.toString('latin1', 0, 5) === 'PGDMP')
    throw refuse(`it is an archive of pg_dump, compressed by ${packing} once more: unpack that first`);
  if (inner.toString('latin1', 257, 262) === 'ustar')
    throw refuse(`it is a tar archive, compressed by ${packing}: unpack it first`);
  if (/^H[\s\S]{4}\{/.test(inner.toString('latin1', 0, 6)))
    throw refuse('it is a backup of pgmage: copy it with its manifest into the folder of backups');
  refuseNoSql(inner);
  return { format: 'plain', ending: packing === 'gzip' ? 'sql.gz' : 'sql.zst' };
}

type Packing = 'gzip' | 'zstd';

// RFC 1952 and RFC 8878.
function packingOf(text: string): Packing | null {
  if (text.startsWith('\x1f\x8b')) return 'gzip';
  return text.startsWith('\x28\xb5\x2f\xfd') ? 'zstd' : null;
}

// Node.js has it since 22.15; the types of 20 do not.
const { zstdDecompressSync } = zlib as {
  readonly zstdDecompressSync?: (buffer: Buffer, options: object) => Buffer;
};
// The text of a file that unpacks to much more than it has must not fill the memory.
const mostUnpacked = 16 * 1024 * 1024;

function unpackStart(start: Buffer, packing: Packing): Buffer {
  if (packing === 'zstd' && (!hasZstd || zstdDecompressSync === undefined)) throw refuse(withoutZstd);
  const head = start.subarray(0, 4096);
  try {
    // The end of these bytes is not the end of the file.
    if (packing === 'gzip') return zlib.gunzipSync(head, gentle(zlib.constants.Z_SYNC_FLUSH));
    return zstdDecompressSync?.(start, gentle(0)) ?? Buffer.alloc(0);
  } catch (thrown) {
    throw refuse(`it cannot be unpacked by ${packing}: ${(thrown as Error).message}`);
  }
}

const gentle = (finishFlush: number) => ({ finishFlush, maxOutputLength: mostUnpacked });

const words =
  /^(abort|alter|analyze|begin|call|cluster|comment|commit|copy|create|delete|do|drop|end|explain|grant|import|insert|lock|merge|reindex|reset|revoke|security|select|set|start|table|truncate|update|vacuum|values|with)\b/i;

// Comments, blank lines and the commands of psql by which pg_dump begins.
const beginning =
  /^(?:\s+|--[^\n]*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*(?:\*\/|$)|\\(?:un)?restrict[^\n]*(?:\n|$))/;

function refuseNoSql(bytes: Buffer): void {
  if (bytes.includes(0)) throw refuse('it is not text');
  // The cut may be within a character.
  const text = bytes.toString('utf8').replace(/^\ufeff/, '');
  if (/^-- PostgreSQL database cluster dump/m.test(text.slice(0, 400)))
    throw refuse('it is of pg_dumpall, which holds several databases: use pg_dump for each');
  if (/^(-- MySQL dump|-- MariaDB dump|\/\*M?!)/m.test(text.slice(0, 400)))
    throw refuse('it is a dump of MySQL or MariaDB');
  let rest = text;
  for (let match = beginning.exec(rest); match !== null; match = beginning.exec(rest))
    rest = rest.slice(match[0].length);
  if (rest !== '' && !words.test(rest)) throw refuse('it does not begin with an SQL statement');
}
