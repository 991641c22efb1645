// A script that pgmage writes without any other program holds all of a database: psql and db:restore load it.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { describeSchema } from '../../lib/backup/fingerprints.ts';
import { readCatalog } from '../../lib/catalog/read.ts';
import { backup } from '../../lib/commands/backup.ts';
import { restore } from '../../lib/commands/restore.ts';
import { findClients } from '../../lib/flow/client.ts';
import { hasZstd } from '../../lib/flow/compression.ts';
import type { Digest } from '../../lib/flow/digest.ts';
import { copiedKinds } from '../../lib/kinds/index.ts';
import { resolveClientAccess } from '../../lib/pg/route.ts';
import { snapshot } from '../../lib/pg/snapshot.ts';
import { more } from '../copy/cloning.ts';
import { failure } from '../failure.ts';
import { everything } from '../flow/everything.ts';
import { dump, dumpDifferences, pgDump } from '../proof/dump.ts';
import { withDatabase } from '../servers/databases.ts';
import { isTurnOf, servers } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { userSession } from '../servers/session.ts';
import { type BackedUp, backedUp, backupProject, digest } from './scene.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const consent = { yes: true, force: true };

// What a script has to say in another way than a copy: identities, bodies, rows that functions check.
const special = `
  create table numbered (id int generated always as identity, "a""b" text default 'x');
  insert into numbered ("a""b") values ('it''s'), (e'back\\\\slash'), (e'tab\\t\\n\\r\\\\N'), ('\\N'), ('');
  create table single (word text);
  insert into single values (''), (null), ('\\.'), (e'\\\\.'), (e'\\n\\\\.\\n');
  create function atomic(a int) returns int language sql
    begin atomic select case when a = 1 then 2 else 3 end; select a + 1; end;
  create table noted (id int); create rule two as on insert to noted do also (select 1; select 2;);
  comment on table noted is 'COPY public.noted (id) FROM stdin;
\\\\.
-- it''s';
  create function twice(n int) returns int language sql immutable as 'select n * 2';
  create function four(n int) returns int language plpgsql immutable
    as 'begin return twice(twice(n)); end';
  create table counted (n int, m int generated always as (four(n)) stored, check (four(n) > 0));
  insert into counted values (1), (2);
  create materialized view above as select n from counted where public.twice(n) > 2;
  create materialized view higher as select * from above;
  comment on large object 4711 is 'it''s large'`;

const cases = servers().flatMap((server) =>
  [false, true].flatMap((inserts, at) =>
    isTurnOf(server, at) ? [{ server, major: server.major, inserts }] : [],
  ),
);

describe.each(cases)('PostgreSQL $major, inserts: $inserts', ({ server, inserts }) => {
  let scene: BackedUp;
  let held: Digest[];

  beforeAll(async () => {
    const how = { engine: 'native', format: 'plain', inserts, drill: true, on: 'prod' } as const;
    scene = await backedUp(server, `${everything}; ${more}; ${special}`, how);
    held = await digest(scene.database.url);
  });
  afterAll(() => scene?.drop());

  async function schemaOf(url: string) {
    const program = pgDump(server.major);
    const connection = await userSession({ url, applicationName: 'pgmage tests' });
    try {
      const catalog = await snapshot(connection, (own) => readCatalog(own, copiedKinds));
      return {
        fingerprint: describeSchema(catalog).fingerprint,
        dumped: program === null ? [] : await dump(program, url),
      };
    } finally {
      await connection.close();
    }
  }

  async function expectSame(url: string): Promise<void> {
    expect(await digest(url)).toEqual(held);
    const [reached, wanted] = [await schemaOf(url), await schemaOf(scene.database.url)];
    expect(dumpDifferences(reached.dumped, wanted.dumped)).toEqual([]);
    expect(reached.fingerprint).toBe(wanted.fingerprint);
  }

  test('psql loads it into an empty database', async () => {
    const psql = join((await findClients())[0]?.folder ?? '', 'psql');
    await withDatabase(server, async (target) => {
      execFileSync(psql, ['-X', '-1', '-v', 'ON_ERROR_STOP=1', '-q', '-o', '/dev/null'], {
        input: gunzipSync(readFileSync(scene.path)),
        env: { ...process.env, ...resolveClientAccess(target.url, { environment: 'target' }).variables },
      });
      await expectSame(target.url);
    });
  });

  test('db:restore replaces a database by it', async () => {
    await withDatabase(server, async (target) => {
      await query(target.url, 'create table every (id int); insert into every values (1)');
      scene.urls.copy = target.url;
      const { proof } = await restore(scene.own.context, scene.file, { to: 'copy', ...consent }, undefined);
      expect(proof?.schema).toBe('same');
      await expectSame(target.url);
    });
  });

  test('zstd is written and read where Node.js has it', async () => {
    const way = { engine: 'native', format: 'plain', inserts, compress: 'zstd' } as const;
    if (!hasZstd) {
      const problem = await failure(backup(scene.own.context, way));
      expect(problem.message).toContain('this Node.js has no zstd: it needs version 22.15 or later');
      return;
    }
    const { file, verified } = await backup(scene.own.context, { ...way, drill: true, on: 'prod' });
    expect([file.endsWith('.sql.zst'), verified?.how]).toEqual([true, 'drill']);
  });

  test('what an owner defines runs as that owner', async () => {
    const role = `plain_owner_${process.pid}_${server.major}_${inserts}`;
    const owned = `create role ${role}; grant create on schema public to ${role};
      grant temporary on database current_name to ${role}; set role ${role};
      create function guard(n int) returns int language plpgsql immutable as $$ begin
        if current_user <> '${role}' then raise exception 'it runs as %', current_user; end if; return n; end $$;
      create domain guarded as int check (public.guard(value) > 0);
      create table rows_of (n guarded, m int generated always as (public.guard(n)) stored,
        constraint late check (public.guard(m) > 0));
      insert into rows_of select i from generate_series(1, 5) i; reset role`;
    await withDatabase(server, async ({ url, name }) => {
      await query(url, owned.replace('current_name', name));
      const own = backupProject({ prod: url });
      const { file } = await backup(own.context, { engine: 'native', format: 'plain', inserts });
      await withDatabase(server, async (target) => {
        const urls = { prod: url, copy: target.url };
        await query(target.url, `grant temporary on database ${target.name} to ${role}`);
        const context = backupProject(urls);
        const path = join(own.context.project.root, file);
        const { proof } = await restore(context.context, path, { to: 'copy', ...consent }, undefined);
        expect(proof).toMatchObject({ schema: 'same', rows: 5 });
        context.drop();
      });
      own.drop();
    });
    await query(server.socket(), `drop role ${role}`);
  });

  test('it is a script that people can read', () => {
    const text = gunzipSync(readFileSync(scene.path)).toString();
    expect(text.startsWith('--\n-- PostgreSQL database dump\n')).toBe(true);
    expect(text).toMatch(/^CREATE TABLE public\.every /m);
    expect(/^COPY public\.every .*FROM stdin;$/m.test(text)).toBe(!inserts);
    expect(/^INSERT INTO public\.numbered \(id, "a""b"\) OVERRIDING SYSTEM VALUE VALUES/m.test(text)).toBe(
      inserts,
    );
    expect(/^INSERT INTO public\.columnless DEFAULT VALUES;$/m.test(text)).toBe(inserts);
  });
});
