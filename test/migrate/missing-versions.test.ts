// Versions of extensions that the target's server cannot get are found before anything runs: exactly those
// that the server refuses.
import { expect, test } from 'vitest';
import { refuseMissingExtensions, refuseMissingVersions } from '../../lib/migrate/missing-versions.ts';
import { failure } from '../failure.ts';
import { withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { userSession } from '../servers/session.ts';

const accepted = [
  'create table extension_version (a int)',
  'create extension hstore',
  "create extension hstore version '1.6'",
  "create extension hstore version '1.6'; alter extension hstore update to '1.7'",
  "create extension hstore version '1.6'; alter extension hstore update to '1.6'",
  "create extension hstore version '1.5'; alter extension hstore update",
  "create extension hstore; create extension if not exists hstore version '9.9'",
  "create extension hstore; drop extension hstore; create extension hstore version '1.5'",
];
const refused: readonly (readonly [sql: string, words: string])[] = [
  ["create extension hstore version '9.9'", 'hstore 9.9 (the server has 1.4, 1.5, 1.6, 1.7, 1.8)'],
  [
    "create extension hstore; alter extension hstore update to '1.6'",
    'hstore 1.6 (from 1.8 the server can update it to no other version)',
  ],
  [
    "create extension hstore version '1.6'; alter extension hstore update to '1.5'",
    'hstore 1.5 (from 1.6 the server can update it to 1.7, 1.8)',
  ],
];

test('only versions that the server refuses are missing', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    const session = await userSession({ url, applicationName: 'pgmage' });
    const check = (text: string) => refuseMissingVersions(session, 'prod', [{ file: 'a.sql', text }]);
    for (const sql of accepted) {
      await expect(check(sql), sql).resolves.toBeUndefined();
      await session.execute(`begin; ${sql}`);
      await session.execute('rollback');
    }
    for (const [sql, words] of refused) {
      expect(await failure(check(sql))).toMatchObject({
        code: 'missing_versions',
        data: { versions: [words] },
      });
      expect(await failure(session.execute(`begin; ${sql}`))).toMatchObject({ data: { sqlstate: '22023' } });
      await session.execute('rollback');
    }
    await session.execute('create extension hstore');
    expect(await failure(check("alter extension hstore update to '1.6'"))).toMatchObject({
      message:
        'The server of prod cannot get versions of extensions: hstore 1.6' +
        ' (from 1.8 the server can update it to no other version)',
    });
    await session.close();
  });
});

test('only extensions that the server does not have are missing', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    const session = await userSession({ url, applicationName: 'pgmage' });
    const check = (text: string) => refuseMissingExtensions(session, 'prod', [{ file: 'a.sql', text }]);
    const known = ['create extension hstore', 'drop extension nowhere', 'create table extension (a int)'];
    for (const sql of known) await expect(check(sql), sql).resolves.toBeUndefined();
    for (const sql of ['create extension nowhere', 'create extension if not exists "nowhere" cascade']) {
      expect(await failure(check(sql))).toMatchObject({
        code: 'unavailable_extensions',
        data: { extensions: ['nowhere'] },
      });
      expect(await failure(session.execute(sql))).toMatchObject({ code: 'missing_extension' });
    }
    await session.close();
  });
});
