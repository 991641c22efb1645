// A restore replaces all of a database, and only by what was backed up: by count, by hash and by schema.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { verifyBackups } from '../../lib/commands/backups.ts';
import { restore } from '../../lib/commands/restore.ts';
import type { Digest } from '../../lib/flow/digest.ts';
import { type Manifest, writeManifest } from '../../lib/flow/manifest.ts';

import type { Problem } from '../../lib/problem/problem.ts';
import { restorePlanText, restoreText } from '../../lib/report/backups.ts';
import { until } from '../backup/faults.ts';
import { type BackedUp, backedUp, digest, ways } from '../backup/scene.ts';
import { failure } from '../failure.ts';
import { everything } from '../flow/everything.ts';
import { copySchema, dump, dumpDifferences, pgDump } from '../proof/dump.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { userSession } from '../servers/session.ts';

// Other tests have drills on the same server, which are gone soon; what is left behind stays.
async function expectNoDrill(url: string): Promise<void> {
  const drills = async () =>
    (
      await rowsOf<{ name: string }>(
        url,
        `select datname::text as name from pg_database where datname ~ '^pgmage_drill_'`,
      )
    ).map(({ name }) => name);
  const seen = new Set(await drills());
  const left = async () => (await drills()).filter((name) => seen.has(name));
  await until(async () => (await left()).length === 0);
  expect(await left()).toEqual([]);
}

const paper = { width: 200, colour: false, now: new Date('2026-11-20T11:30:00Z') };
const consent = { yes: true, force: true };

// What a target held before, all of it in the way.
const before = `create schema old; create type old.state as enum ('a'); create table every (id int primary
  key, old old.state);
  insert into every values (1, 'a'), (2, 'a'); create table kept (id int references every); insert into kept
  values (1);
  create view seen as select * from every; create function kept() returns int language sql as 'select 1';
  create publication turns for table every; select lo_from_bytea(4711, 'old'); comment
  on schema public is 'mine';
  create extension pg_trgm schema old; alter default privileges in schema old grant select
  on tables to public;`;

const all = await ways('restores of dumps by pg_dump');

describe.each(all)('a backup of PostgreSQL $major by $engine', ({ server, engine }) => {
  let scene: BackedUp;
  let { database: source, own, file, urls } = {} as BackedUp;
  let held: Digest[];

  beforeAll(async () => {
    scene = await backedUp(server, everything, { engine });
    ({ database: source, own, file, urls } = scene);
    held = await digest(source.url);
  });
  afterAll(() => scene.drop());

  // What does not depend on the version is tried on one in full, and on the others in part.
  const full = server.major === servers()[0]?.major;
  const others = servers().filter(
    ({ major }, at, list) => major >= server.major && (major === server.major || at === list.length - 1),
  );
  for (const other of others)
    test(`replaces all of a database on ${other.major}, with every type and kind of relation`, async () => {
      await withDatabase(other, async (target) => {
        urls.copy = target.url;
        await query(target.url, before);
        const made = await restore(own.context, file, { to: 'copy', ...consent }, undefined);
        expect(await digest(target.url)).toEqual(held);
        const schema = other.major === server.major || engine === 'native' ? 'same' : 'other version';
        expect(made.proof).toMatchObject({ schema, tables: 10, rows: 3015 });
        expect(made.destroyed).toEqual([
          { name: 'public.every', rows: 2 },
          { name: 'public.kept', rows: 1 },
          { name: 'large objects', rows: 1 },
        ]);
        const text = restoreText(made, paper);
        expect(text).toMatch(
          /^Restored backups\/\S+\.(dump|native) into copy\n10 tables with 3015 rows in \d/,
        );
        const program = pgDump(other.major);
        if (program !== null)
          await withDatabase(other, async (fresh) => {
            await copySchema(program, source.url, fresh.url);
            const [reached, wanted] = [await dump(program, target.url), await dump(program, fresh.url)];
            expect(dumpDifferences(reached, wanted)).toEqual([]);
          });
        // And once more, over itself.
        const again = await restore(
          own.context,
          join(own.folder, file.replace('backups/', '')),
          { to: 'copy', ...consent },
          undefined,
        );
        expect(again.proof?.rows).toBe(3015);
        expect(await digest(target.url)).toEqual(held);
      });
    });

  test('nothing is touched without leave, or for a target that does not fit', async () => {
    await withDatabase(server, async (target) => {
      urls.copy = target.url;
      await query(target.url, before);
      const was = await digest(target.url);
      const refused = async (input: Parameters<typeof restore>[2], name = file) =>
        failure(restore(own.context, name, input, undefined));
      expect((await refused({ to: 'prod', ...consent })).code).toBe('protected_target');
      expect((await refused({ to: 'prod', confirm: 'copy', ...consent })).code).toBe('protected_target');
      const losses = await refused({ to: 'copy', yes: true });
      expect(losses.message).toBe('Cannot proceed: would drop data. Use --force flag');
      expect(losses.hint).toContain('public.every (2 rows); public.kept (1 row)');
      expect((await refused({ to: 'copy', force: true })).code).toBe('confirmation_needed');
      expect((await refused({ to: 'copy', ...consent }, 'none.native')).code).toBe('missing_file');
      expect((await refused({ to: 'nowhere', ...consent })).code).toBe('no_server');
      let asked = '';
      const declined = await restore(own.context, file, { to: 'copy', force: true }, async (plan) => {
        asked = restorePlanText(plan, paper);
        return false;
      });
      expect(declined.proof).toBe(null);
      expect(asked).toMatch(
        /^Restore backups\/\S+ \(prod, 1 hour ago: 10 tables, 3015 rows\) into copy {2}\(postgres:\S+\)\nThis replaces the whole content of copy:\n {2}- public.every \(2 rows\)\n/,
      );
      const connection = await userSession({ url: target.url, applicationName: 'pgmage tests' });
      await connection.execute('select pg_advisory_lock(7241865325823964)');
      expect((await refused({ to: 'copy', ...consent })).code).toBe('migration_running');
      await connection.close();
      expect(await digest(target.url)).toEqual(was);
    });
  });

  test('a dump that is not what its manifest says is rolled back', async () => {
    await withDatabase(server, async (target) => {
      urls.copy = target.url;
      await query(target.url, before);
      const was = await digest(target.url);
      const path = join(own.context.project.root, file);
      const json = path.replace(/\.\w+$/, '.json');
      const original = readFileSync(json, 'utf8');
      const { seal: _, ...manifest } = JSON.parse(original) as Manifest & { seal: string };
      const changed = (name: string, change: Partial<Digest>) => ({
        contents: manifest.contents.map((one) => (one.name === name ? { ...one, ...change } : one)),
      });
      const lies: [Partial<Manifest>, string][] = [
        [
          changed('public.many', { hash: '1' }),
          'table public.many has the same number of rows, but other content',
        ],
        [changed('public.many', { rows: 1 }), 'table public.many has 3000 rows instead of 1'],
        [changed('public.turns', { hash: '(40,t)' }), 'sequence public.turns is at (41,t) instead of (40,t)'],
        [changed('', { hash: '1' }), 'large objects has the same number of rows, but other content'],
        [changed('public.twice', { name: 'public.gone' }), 'table public.gone is missing'],
        ...(engine === 'pg_dump'
          ? [[{ schema: { ...manifest.schema, fingerprint: 'x' } }, 'its schema differs'] as (typeof lies)[0]]
          : []),
      ];
      for (const [lie, told] of full && engine === 'pg_dump' ? lies : lies.slice(-1)) {
        await writeManifest(path, { ...manifest, ...lie });
        const problem = await failure(restore(own.context, file, { to: 'copy', ...consent }, undefined));
        expect([problem.code, problem.message]).toEqual(['not_as_backed_up', expect.stringContaining(told)]);
        expect(await digest(target.url)).toEqual(was);
      }
      // What moved on meanwhile may be where it was at either end, or between.
      await writeManifest(path, {
        ...manifest,
        ...changed('public.turns', { hash: '(40,t)' }),
        moved: [{ kind: 'sequence', name: 'public.turns', rows: 1, hash: '(44,t)' }],
      });
      expect((await restore(own.context, file, { to: 'copy', ...consent }, undefined)).proof?.rows).toBe(
        3015,
      );
      writeFileSync(json, original);
    });
  });

  test('a drill restores it in a database of its own, which is gone afterwards', async () => {
    const path = join(own.context.project.root, file);
    const json = path.replace(/\.\w+$/, '.json');
    const original = readFileSync(json, 'utf8');
    const { seal: _, ...manifest } = JSON.parse(original) as Manifest & { seal: string };
    const at = Object.fromEntries(servers().map((one) => [`on${one.major}`, one.url()]));
    Object.assign(urls, at);
    for (const other of full ? others : []) {
      const input = { drill: true, on: `on${other.major}`, noOwner: other.major % 2 === 0 };
      const { backups: found } = await verifyBackups(own.context, input, file);
      expect(found.map(({ verified, faults }) => [verified?.how, faults])).toEqual([['drill', []]]);
      await expectNoDrill(other.url());
    }
    const contents = manifest.contents.map((one) => ({
      ...one,
      rows: one.name === 'public.many' ? 1 : one.rows,
    }));
    await writeManifest(path, { ...manifest, contents });
    const { backups: bad } = await verifyBackups(own.context, { drill: true, on: 'prod' }, file);
    expect(bad[0]?.faults).toEqual(['restored, table public.many has 3000 rows instead of 1']);
    await expectNoDrill(server.url());
    writeFileSync(json, original);
    const tried = await backup(own.context, {
      engine,
      drill: true,
      on: 'prod',
      dir: own.context.project.root,
    });
    expect(tried.verified?.how).toBe('drill');
  });

  test('a damaged backup is refused before the database is connected to', async () => {
    const path = join(own.context.project.root, file);
    const original = readFileSync(path);
    urls.copy = 'postgres://nobody@127.0.0.1:1/nowhere';
    appendFileSync(path, 'x');
    const problem: Problem = await failure(restore(own.context, file, { to: 'copy', ...consent }, undefined));
    expect(problem.code).toBe('backup_damaged');
    writeFileSync(path, original);
  });

  test('a backup of a newer server is refused by an older one', async () => {
    await withDatabase(server, async (target) => {
      urls.copy = target.url;
      const path = join(own.context.project.root, file);
      const json = path.replace(/\.\w+$/, '.json');
      const original = readFileSync(json, 'utf8');
      const { seal: _, ...manifest } = JSON.parse(original) as Manifest & { seal: string };
      await writeManifest(path, { ...manifest, server: { ...manifest.server, major: server.major + 1 } });
      const problem = await failure(restore(own.context, file, { to: 'copy', ...consent }, undefined));
      expect(problem.message).toContain(
        `copy cannot take this backup: it runs PostgreSQL ${server.major}, but the backup is from` +
          ` PostgreSQL ${server.major + 1}`,
      );
      writeFileSync(json, original);
    });
  });
});
