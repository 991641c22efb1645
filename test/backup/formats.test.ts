// Each format of a backup is written, read, listed, tried, restored and deleted like every other.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BackupInput, backup } from '../../lib/commands/backup.ts';
import { verifyBackups } from '../../lib/commands/backups.ts';
import { prune } from '../../lib/commands/backups-prune.ts';
import { restore } from '../../lib/commands/restore.ts';
import { findClients } from '../../lib/flow/client.ts';
import type { Digest } from '../../lib/flow/digest.ts';
import { detectFormat, type Format } from '../../lib/flow/formats.ts';
import { type Manifest, manifestPath } from '../../lib/flow/manifest.ts';
import { resolveClientAccess } from '../../lib/pg/route.ts';
import { more } from '../copy/cloning.ts';
import { failure } from '../failure.ts';
import { everything } from '../flow/everything.ts';
import { withDatabase } from '../servers/databases.ts';
import { query } from '../servers/server.ts';
import { type BackedUp, backedUp, backupProject, digest, ways } from './scene.ts';

const consent = { yes: true, force: true };

// Semicolons, quotes and ends in bodies, and what a script says in several statements.
const bodies = `
  create function atomic(a int) returns int language sql
    begin atomic select case when a = 1 then 2 else 3 end; select a + 1; end;
  create function plain() returns text language plpgsql as $_$ begin return $a$ ; $$ ; ' $a$; end $_$;
  create table noted (id int); create rule two as on insert to noted do also (select 1; select 2;);
  comment on table noted is 'COPY public.noted (id) FROM stdin;
\\.
-- it''s';
  insert into noted select 1`;

const dumped = (await ways('backups by pg_dump')).filter(({ engine }) => engine === 'pg_dump');
const cases = dumped.flatMap((way) =>
  (['directory', 'plain'] as const).map((format) => ({ ...way, format })),
);

describe.each(cases)('PostgreSQL $major, $format', ({ server, format }) => {
  let scene: BackedUp;
  let { own, urls, file: first } = {} as BackedUp;
  let held: Digest[];

  beforeAll(async () => {
    scene = await backedUp(server, `${everything}; ${more}; ${bodies}`, { format, drill: true, on: 'prod' });
    ({ own, urls, file: first } = scene);
    held = await digest(scene.database.url);
  });
  afterAll(() => scene.drop());

  const manifestOf = (file: string) =>
    JSON.parse(readFileSync(manifestPath(join(own.context.project.root, file)), 'utf8')) as Manifest;

  test('is made, listed and tried', async () => {
    expect(detectFormat(first)).toBe(format);
    expect(readdirSync(own.folder).filter((name) => /partial|lock/.test(name))).toEqual([]);
    const path = scene.path;
    expect(statSync(path).mode & 0o077).toBe(0);
    const { files, bytes, contents } = manifestOf(first);
    expect(contents).toEqual(held);
    if (format === 'directory') {
      const names = readdirSync(path).sort();
      expect(names).toContain('toc.dat');
      expect(files?.map(({ name }) => name)).toEqual(names);
      const sizes = names.map((name) => statSync(join(path, name)).size);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(bytes);
      for (const name of names) expect(statSync(join(path, name)).mode & 0o077).toBe(0);
    }
    const { backups } = await verifyBackups(own.context, {});
    expect(backups.map((one) => [one.format, one.faults, one.verified?.how, one.bytes])).toEqual([
      [format, [], 'drill', bytes],
    ]);
  });

  test.each<Partial<BackupInput> & { readonly without?: boolean }>(
    format === 'plain'
      ? [{}, { without: true }, { clean: true }, { noOwner: true }]
      : [{ jobs: 1 }, { jobs: 3, without: true }],
  )('replaces all of a database: %o', async ({ without = false, ...how }) => {
    const { file } = await backup(own.context, { format, ...how });
    await withDatabase(server, async (target) => {
      urls.copy = target.url;
      await query(
        target.url,
        'create table every (id int); insert into every values (1); create table old ()',
      );
      const made = await restore(own.context, file, { to: 'copy', noOwner: without, ...consent }, undefined);
      const unowned = without || how.noOwner === true;
      expect(made.proof).toMatchObject({ schema: unowned ? 'unowned' : 'same' });
      expect(await digest(target.url)).toEqual(held);
    });
  });

  test('goes by retention as a whole', async () => {
    await backup(own.context, { format });
    const made = await backup(own.context, { format });
    const gone = await prune(own.context, { keepDaily: 1, yes: true });
    expect(gone.kept.map(({ file }) => file)).toEqual([made.file]);
    expect(readdirSync(own.folder)).toHaveLength(2);
  });

  test('a script is one that people and psql can read', async () => {
    if (format !== 'plain') return;
    const text = async (how: Partial<BackupInput>) => {
      const { file } = await backup(own.context, { format, ...how });
      return gunzipSync(readFileSync(join(own.context.project.root, file))).toString();
    };
    const whole = await text({});
    expect(whole).toMatch(/^ALTER TABLE public\.users OWNER TO /m);
    expect(whole).not.toMatch(/^DROP /m);
    const bare = await text({ clean: true, noOwner: true });
    expect(bare).toMatch(/^DROP TABLE IF EXISTS public\.users;/m);
    expect(bare).not.toMatch(/OWNER TO |^GRANT /m);
    const psql = join((await findClients())[0]?.folder ?? '', 'psql');
    await withDatabase(server, async (target) => {
      const words = ['-v', 'ON_ERROR_STOP=1', '-q', '-o', '/dev/null', '--single-transaction'];
      execFileSync(psql, words, {
        input: whole,
        env: { ...process.env, ...resolveClientAccess(target.url, { environment: 'target' }).variables },
      });
      expect(await digest(target.url)).toEqual(held);
    });
  });
});

test.each<[Partial<BackupInput>, string]>([
  [{ engine: 'native', format: 'custom' }, 'the engine native does not write the format custom'],
  [{ engine: 'pg_dump', format: 'native' }, 'the engine pg_dump does not write the format native'],
  [{ jobs: 2 }, 'it needs --format directory'],
  [{ format: 'directory', jobs: 0 }, 'it is a whole number from 1 to 64'],
  [{ format: 'custom', clean: true }, 'it needs --format plain'],
  [{ inserts: true }, 'it needs --format plain'],
  [{ format: 'native', compress: 'gzip' }, 'it needs --format plain'],
  [{ engine: 'native', format: 'plain', clean: true }, 'it needs the engine pg_dump'],
])('%o is refused', async (input, reason) => {
  const own = backupProject({ prod: 'postgres://nobody@127.0.0.1:1/nowhere' });
  const problem = await failure(backup(own.context, input));
  expect([problem.code, problem.message]).toEqual(['bad_option', expect.stringContaining(reason)]);
  own.drop();
});

test('what is not a dump by its name is none', () => {
  const names = [
    'a.dump',
    'a.dir',
    'a.sql.gz',
    'a.sql.zst',
    'a.native',
    'a.sql',
    'a.gz',
    'a.json',
    'a.dump.partial',
    'dump',
  ];
  const formats: (Format | null)[] = [
    'custom',
    'directory',
    'plain',
    'plain',
    'native',
    null,
    null,
    null,
    null,
    null,
  ];
  expect(names.map(detectFormat)).toEqual(formats);
});
