// A backup that somebody edited: it cannot end the transaction of the restore unnoticed.
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { loadBackup } from '../../lib/backup/load.ts';
import { restore } from '../../lib/commands/restore.ts';
import { checksumDump } from '../../lib/flow/dump.ts';
import { type Manifest, manifestPath, writeManifest } from '../../lib/flow/manifest.ts';
import type { Connection } from '../../lib/pg/connection.ts';
import { format } from '../../lib/problem/problem.ts';
import { failure } from '../failure.ts';
import { derive } from '../project/workspace.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { query } from '../servers/server.ts';
import { userSession } from '../servers/session.ts';
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

// Puts something before the first table of the backup and at its end, and makes a manifest that fits.
async function forge(more: string, end = '') {
  writeFileSync(scene.path, gzipSync(`${sound.replace('CREATE TABLE', `${more}\nCREATE TABLE`)}\n${end}`));
  const { seal: _, ...manifest } = JSON.parse(readFileSync(manifestPath(scene.path), 'utf8')) as Manifest & {
    readonly seal: string;
  };
  await writeManifest(scene.path, { ...manifest, ...(await checksumDump(scene.path, scene.path)) });
}

// Restores the backup that was edited so.
async function forged(more: string, url: string, end = '') {
  await forge(more, end);
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

test('a text that the setting of the script lets end elsewhere hides no statement', async () => {
  for (const setting of [
    'set standard_conforming_strings = off;',
    `select pg_catalog.set_config('standard_conforming_strings', 'off', false);`,
  ])
    await withDatabase(server as never, async ({ url }) => {
      await query(url, 'create table keep (a int)');
      const before = await digest(url);
      const end = `select '\\''; commit and chain; select '' /* ' */;`;
      expect((await forged(setting, url, end)).code).toBe('transaction_statement');
      expect(await digest(url)).toEqual(before);
    });
});

test('a name behind a dot keeps the body of a function open for no statement', async () => {
  await withDatabase(server as never, async ({ url }) => {
    const body = `create type public.pair as ("case" int); create function public.f(p public.pair)
      returns int begin atomic select 1 from public.t where p.case = 1; end; commit and chain;`;
    expect((await forged(body, url)).code).toBe('transaction_statement');
  });
});

test('db:restore of a transaction that ended in spite of that does not say that the target is unchanged', async () => {
  await withDatabase(server as never, async ({ url }) => {
    await query(url, 'create table keep (a int)');
    scene.urls.copy = url;
    const told = async (ending: string) => {
      const beforeCommit = (session: Connection) => session.execute(ending);
      await using own = derive(scene.own.context, { beforeCommit });
      return format(await failure(restore(own, scene.file, { to: 'copy', ...consent }, undefined)));
    };
    await forge('');
    // A failure that the server rolls back, and one after a COMMIT that a statement has slipped in.
    expect(await told('select 1 / 0')).toMatch(/division by zero[\s\S]*\ncopy is unchanged\.\n/);
    expect(await rowsOf(url, `select to_regclass('keep') is null as gone`)).toEqual([{ gone: false }]);
    const ended = await told('commit; select 1 / 0');
    expect(ended).toContain(
      'The backup ended the transaction of the restore: copy now contains a part of the backup',
    );
    expect(ended).not.toContain('unchanged');
    expect(await rowsOf(url, `select to_regclass('keep') is null as gone`)).toEqual([{ gone: true }]);
  });
});

test('where the transaction ended in spite of that, the report does not say that nothing was changed', async () => {
  await withDatabase(server as never, async ({ url }) => {
    await query(url, 'create table keep (a int)');
    writeFileSync(scene.path, gzipSync(sound));
    const { seal: _, ...manifest } = JSON.parse(readFileSync(manifestPath(scene.path), 'utf8'));
    const session = await userSession({ url, applicationName: 'pgmage tests' });
    // What no statement of a dump can do.
    const ending = {
      ...session,
      execute: (sql: string) =>
        session.execute(sql.includes('CREATE TABLE') ? `${sql}; commit and chain` : sql),
    };
    const load = {
      environment: 'copy',
      client: null,
      path: scene.path,
      manifest,
      noOwner: false,
      lockTimeout: 0,
      signal: new AbortController().signal,
      teller: { now: () => new Date(), progress: () => undefined },
    };
    expect((await failure(loadBackup(ending, load))).code).toBe('transaction_ended');
    await session.close();
    expect(await rowsOf(url, `select relname from pg_class where relname = 'keep'`)).toEqual([]);
  });
});
