// A backup that somebody edited: it cannot end the transaction of the restore unnoticed.
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { restore } from '../../lib/commands/restore.ts';
import { checksumDump } from '../../lib/flow/dump.ts';
import { type Manifest, manifestPath, writeManifest } from '../../lib/flow/manifest.ts';
import { failure } from '../failure.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { query } from '../servers/server.ts';
import { type BackedUp, backedUp, digest, dumpable } from './scene.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const server = (await dumpable('forged backups'))[0];
const consent = { yes: true, force: true };

let scene: BackedUp;
let sound: string;

beforeAll(async () => {
  if (server === undefined) return;
  scene = await backedUp(server, 'create table t (a int); insert into t values (1)', { format: 'plain' });
  sound = gunzipSync(readFileSync(scene.path)).toString();
});
afterAll(() => scene?.drop());

// Restores the backup with something put before its first table and at its end, and a manifest that fits.
async function forged(more: string, url: string, end = '') {
  writeFileSync(scene.path, gzipSync(`${sound.replace('CREATE TABLE', `${more}\nCREATE TABLE`)}\n${end}`));
  const { seal: _, ...manifest } = JSON.parse(readFileSync(manifestPath(scene.path), 'utf8')) as Manifest & {
    readonly seal: string;
  };
  await writeManifest(scene.path, { ...manifest, ...(await checksumDump(scene.path, scene.path)) });
  scene.urls.copy = url;
  return failure(restore(scene.own.context, scene.file, { to: 'copy', ...consent }, undefined));
}

test('a statement that would end the transaction is refused before it runs', async () => {
  expect(server).toBeDefined();
  for (const statement of ['commit and chain', 'ROLLBACK', 'end', 'abort', 'Start Transaction', 'release s'])
    await withDatabase(server as never, async ({ url }) => {
      await query(url, 'create table keep (a int); insert into keep values (7)');
      const before = await digest(url);
      const { code, message } = await forged(`${statement};`, url);
      expect([code, message]).toEqual([
        'transaction_statement',
        `The backup contains the statement ${statement}, which would end the transaction of the restore`,
      ]);
      expect(await digest(url)).toEqual(before);
    });
});

test('a text with an escaped quote hides no statement', async () => {
  await withDatabase(server as never, async ({ url }) => {
    const { code } = await forged(`select e'\\''; commit and chain; select '' /* ' */;`, url);
    expect(code).toBe('transaction_statement');
  });
});

test(
  'where a script ends the transaction in spite of that, the report does not say that nothing' +
    ' was changed',
  async () => {
    // The server reads these texts otherwise than the restore does, once the setting is in force.
    const hidden = `select '\\''; commit and chain; select '' /* ' */;`;
    for (const end of [hidden, `${hidden}\nselect 1 / 0;`])
      await withDatabase(server as never, async ({ url }) => {
        await query(url, 'create table keep (a int)');
        const setting = 'set standard_conforming_strings = off;';
        expect((await forged(setting, url, end)).code).toBe('transaction_ended');
        expect(await rowsOf(url, `select relname from pg_class where relname = 'keep'`)).toEqual([]);
      });
  },
);
