// Files that people upload, by their first bytes: what pgmage can import is accepted, all else is named.

import * as zlib from 'node:zlib';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { recognizeUpload } from '../../lib/service/upload-format.ts';

const sql = '-- PostgreSQL database dump\n\n\\restrict x\nSET statement_timeout = 0;\n';
const { zstdCompressSync } = zlib as { zstdCompressSync?: (text: Buffer) => Buffer };

function tar(first: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(first, 0);
  header.write('ustar', 257);
  return header;
}

test.each([
  ['sql', Buffer.from(sql), 'plain'],
  ['sql', Buffer.from('\ufeff/* a */ insert into t values (1);'), 'plain'],
  ['sql', Buffer.from(`-- ${'long '.repeat(20_000)}`), 'plain'],
  ['sql', Buffer.from('copy t from stdin;\n1\tä€\n').subarray(0, -3), 'plain'],
  ['sql.gz', gzipSync(sql), 'plain'],
  ['sql.gz', gzipSync(sql + 'x'.repeat(9e6)).subarray(0, 3000), 'plain'],
  ['dump', Buffer.from('PGDMP\x01\x0e\x00\x04\x08'), 'custom'],
  ['tar', tar('toc.dat'), 'tar'],
] as const)('a dump is accepted as .%s', (ending, start, format) => {
  expect(recognizeUpload(start)).toEqual({ format, ending });
});

test.runIf(zstdCompressSync !== undefined)('a dump is accepted as .sql.zst', () => {
  expect(recognizeUpload(zstdCompressSync?.(Buffer.from(sql)) ?? Buffer.alloc(0))).toEqual({
    format: 'plain',
    ending: 'sql.zst',
  });
});

test.each([
  ['it is empty', Buffer.alloc(0)],
  ['zip archive', Buffer.from('PK\x03\x04rest')],
  ['bzip2', Buffer.from('BZh91AY')],
  ['compressed by xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])],
  ['SQLite', Buffer.from('SQLite format 3\0')],
  ['UTF-16', Buffer.from('\ufeffselect 1', 'utf16le')],
  ['not text', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1])],
  ['begin with an SQL statement', Buffer.from('{"json": true}')],
  ['begin with an SQL statement', Buffer.from('<!doctype html>')],
  ['begin with an SQL statement', Buffer.from('id,name\n1,x\n')],
  ['pg_dumpall', Buffer.from('--\n-- PostgreSQL database cluster dump\n--\n')],
  ['MySQL', Buffer.from('-- MySQL dump 10.13\n')],
  ['pg_dump -Ft did not write', tar('etc/passwd')],
  ['compressed by gzip once more', gzipSync('PGDMP\x01\x0e')],
  ['tar archive, compressed', gzipSync(tar('toc.dat'))],
  ['backup of pgmage', gzipSync(Buffer.from('H\0\0\0\x20{"catalog":1}'))],
  ['cannot be unpacked', Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.from('nothing of gzip')])],
] as const)('what is not a dump is refused: %s', (reason, start) => {
  expect(() => recognizeUpload(start)).toThrow(reason);
});
