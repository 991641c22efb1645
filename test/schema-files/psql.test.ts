// A pulled schema is loaded by plain psql, as a file and as a folder, into the same schema.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { pull } from '../../lib/commands/pull.ts';
import { compare } from '../../lib/compare/compare.ts';
import { freshCache } from '../project/cache.ts';
import { project } from '../project/project.ts';
import { differences } from '../proof/comparison.ts';
import { loadByPsql } from '../proof/dump.ts';
import { Observer } from '../proof/observer.ts';
import { withSession } from '../proof/session.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer, servers } from '../servers/running.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 });

let cache: string;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rmSync(cache, { recursive: true }));

// Pulls both ways, lets psql load each, and gives what an independent observer finds to differ, and the
// texts.
async function pulled(
  schema: string,
  server = anyServer(),
): Promise<{ text: string; index: string; wrong: string[]; circular: string | null }> {
  const observer = await withDatabase(server, ({ socket }) => withSession(socket, Observer.learn));
  const seen = (url: string) => withSession(url, (session) => observer.observe(session));
  return withDatabase(server, async ({ url, socket }) => {
    await rowsOf(url, schema);
    const own = project(url, cache);
    try {
      const { context } = own;
      const wrong: string[] = [];
      const split = join(context.project.root, 'parts');
      for (const [out, main] of [
        ['one.sql', 'one.sql'],
        ['parts', 'parts/load.psql'],
      ] as const) {
        const report = await pull(context, { out, split: out === 'parts' }, undefined);
        expect(report.refusedByPsql).toBe(null);
        await withDatabase(server, async (loaded) => {
          await loadByPsql(join(context.project.root, main), loaded.socket);
          wrong.push(...differences(await seen(loaded.socket), await seen(socket), observer.initial));
        });
        expect((await compare(context, 'local', join(context.project.root, out))).changes).toEqual([]);
      }
      const extra = join(split, 'zz_circular.sql');
      const circular = existsSync(extra) ? readFileSync(extra, 'utf8') : null;
      const text = readFileSync(join(context.project.root, 'one.sql'), 'utf8');
      return { text, index: readFileSync(join(split, 'load.psql'), 'utf8'), wrong, circular };
    } finally {
      own.drop();
    }
  });
}

test('a body that names a function which an index runs comes after that function', async () => {
  const { text, wrong } = await pulled(`
    create function zz_inner(a int) returns int immutable language sql as 'select a + 1';
    create function outer_one(a int) returns int immutable language sql as 'select public.zz_inner(a)';
    create table t (a int);
    create index on t (outer_one(a));`);
  expect(wrong).toEqual([]);
  expect(text).not.toContain('check_function_bodies');
  expect(text.indexOf('FUNCTION public.zz_inner')).toBeLessThan(text.indexOf('FUNCTION public.outer_one'));
});

test('bodies are not checked where each names what comes after it', async () => {
  const { text, index, wrong } = await pulled(`
    create function start_value() returns bigint stable language plpgsql as 'begin return 1; end';
    create table counters (a bigint default start_value());
    create or replace function start_value() returns bigint stable language sql
    as 'select count(*) from public.counters';
    create function even(a int) returns boolean language plpgsql as $$begin return true; end$$;
    create function odd(a int) returns boolean language sql as 'select not even(a)';
    create or replace function even(a int) returns boolean language sql as 'select not odd(a)';
    create index on counters ((a * 2));`);
  expect(wrong).toEqual([]);
  for (const each of [text, index]) expect(each).toContain('\nSET check_function_bodies = off;\n');
});

test('a body does not keep a foreign key out of its table', async () => {
  const { text, wrong } = await pulled(`
    create table b (id int primary key);
    create function of_a() returns int language plpgsql as 'begin return 1; end';
    create table a (id int default of_a() primary key, b int references b);
    create or replace function of_a() returns int language sql as 'select max(id) from a';`);
  expect(wrong).toEqual([]);
  expect(text).toContain('CONSTRAINT a_b_fkey FOREIGN KEY');
  expect(text).not.toContain('ALTER TABLE ONLY public.a ADD');
});

test('a folder has an index for psql, and a file for what no order of files can load', async () => {
  const { index, circular, wrong } = await pulled(`
    create schema app;
    create table app.a (id int primary key, b int);
    create table app.b (id int primary key, a int references app.a);
    alter table app.a add foreign key (b) references app.b;
    create function touch() returns trigger language plpgsql as 'begin return new; end';
    create trigger t before update on app.a for each row execute function touch();
    create view v as select * from app.a;
    create function on_ddl() returns event_trigger language plpgsql as 'begin null; end';
    create event trigger seen on ddl_command_end execute function on_ddl();
    alter default privileges grant select on tables to public;`);
  expect(wrong).toEqual([]);
  expect(index).toBe(`-- Loads this folder into an empty database: psql -1 -v ON_ERROR_STOP=1 -f load.psql
-- Only for psql. pgmage reads the .sql files and finds their order itself.

\\ir schemas.sql
\\ir functions/public.on_ddl.sql
\\ir functions/public.touch.sql
\\ir tables/app.a.sql
\\ir tables/app.b.sql
\\ir views/public.v.sql
\\ir zz_circular.sql
\\ir zz_default_privileges.sql
\\ir zz_event_triggers.sql
`);
  expect(circular).toBe('ALTER TABLE app.a ADD CONSTRAINT a_b_fkey FOREIGN KEY (b) REFERENCES app.b(id);\n');
});

test('default privileges come after what was made without them, in a folder too', async () => {
  const { wrong } = await pulled(`create schema s; create extension pgcrypto schema s;
    create function s.f() returns int language sql return 1; create function public.g() returns int language
    sql return 1;
    alter default privileges revoke execute on functions from public;
    alter default privileges in schema s grant select on tables to public; create table s.t (a int);`);
  expect(wrong).toEqual([]);
});

test('the version of an extension that the shadow has in another one is the one of the database', async () => {
  const server = anyServer();
  const [row] = await rowsOf<{ version: string }>(
    server.url(),
    `select default_version as version from pg_available_extensions where name = 'xml2'`,
  );
  if (row === undefined) return expect(server.major).toBeGreaterThan(0);
  const { text, wrong } = await pulled('create extension xml2');
  expect(wrong).toEqual([]);
  expect(text).toContain(`CREATE EXTENSION IF NOT EXISTS xml2 SCHEMA public VERSION '${row.version}';`);
});

test('a NOT NULL of a server that has no names for them is pulled without one', async () => {
  const long = 'audit_events_group_external_streaming_destinations_of_tenants';
  const schema = `create table ${long} (encrypted_secret_token bytea not null,
    encrypted_secret_token_iv bytea not null)`;
  for (const server of servers().filter(({ major }) => major < 18)) {
    const { text, wrong } = await pulled(schema, server);
    expect(wrong).toEqual([]);
    expect(text).not.toContain('CONSTRAINT');
  }
});

test('a serial of an unlogged table is written as one where its sequence is unlogged, too', async () => {
  const { text, wrong } = await pulled(`
    create unlogged table a (id serial);
    create unlogged table b (id serial);
    alter sequence b_id_seq set logged;`);
  expect(wrong).toEqual([]);
  expect(text).toContain('CREATE UNLOGGED TABLE public.a (\n  id serial NOT NULL\n);');
  expect(text).toContain('CREATE SEQUENCE public.b_id_seq AS integer;');
});

test('names that newer servers reserve are quoted, and types of the same word are not', async () => {
  const server = servers().find(({ major }) => major === 15) ?? anyServer();
  const { text, wrong } = await pulled(
    `create table t ("json" json);
     create function "json"(t text) returns json language sql as 'select t::json';
     create view v as select "json"('1'::text) as one, t."json" from t;`,
    server,
  );
  expect(wrong).toEqual([]);
  expect(text).toMatch(/\n {2}"?json"? json\n/);
});

test('a dropped table leaves nothing behind that psql would load', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    await rowsOf(url, 'create table a (); create table b ()');
    const { context, drop } = project(url, cache);
    const folder = join(context.project.root, 'schema');
    const loaded = () => readFileSync(join(folder, 'load.psql'), 'utf8').match(/^\\ir .*$/gm);
    await pull(context, { out: 'schema', split: true }, undefined);
    expect(loaded()).toEqual(['\\ir tables/public.a.sql', '\\ir tables/public.b.sql']);
    await rowsOf(url, 'drop table a');
    const report = await pull(context, { out: 'schema', split: true, force: true }, undefined);
    expect(report.removed).toEqual(['schema/tables/public.a.sql']);
    expect(loaded()).toEqual(['\\ir tables/public.b.sql']);
    expect(existsSync(join(folder, 'tables/public.a.sql'))).toBe(false);
    drop();
  });
});
