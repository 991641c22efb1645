// Statements that only PostgreSQL in WebAssembly refuses: the hint says so, and where they run.
import type { PGlite } from '@electric-sql/pglite';
import { expect, test } from 'vitest';
import { wrapPglite } from '../../lib/shadow/pglite-connection.ts';
import { failure } from '../failure.ts';

const libraries = [
  'incompatible library "/lib/dict_snowball.so": missing magic block',
  'could not load library "x"',
];

test.each(libraries)('%s', async (message) => {
  const error = Object.assign(new Error(message), { severity: 'ERROR', code: 'XX000' });
  const db = { Module: {}, exec: () => Promise.reject(error) } as unknown as PGlite;
  const sql = 'create text search dictionary d (template = snowball, language = english)';
  expect(await failure(wrapPglite(db, 'the shadow', 18).execute(sql))).toMatchObject({
    message: expect.stringContaining(message),
    hint:
      'The embedded PostgreSQL cannot load this library, which servers load. Use the native shadow' +
      ' (--shadow native), or name a server for the shadow: --shadow URL.',
  });
});
