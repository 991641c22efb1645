// A native shadow runs as the account of the person who runs pgmage. SQL in it, also hostile SQL that
// swallows every refusal, reaches neither that account's files nor its programs.
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readBack } from '../../lib/compare/read-back.ts';
import { replay } from '../../lib/project/shadow-catalog.ts';
import { readSource } from '../../lib/project/source.ts';
import { openWorkspace, type Workspace } from '../../lib/project/workspace.ts';
import { findNativePrograms, openNativeShadow } from '../../lib/shadow/native.ts';
import type { Shadow } from '../../lib/shadow/shadow.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { becomeUser, serverFolders } from '../shadow/as-user.ts';

let cache: string;
let own: Project;
let loot: string;
const root = import.meta.dirname;

beforeAll(async () => {
  becomeUser();
  cache = await freshCache();
  own = project(null, cache);
  loot = mkdtempSync(join(tmpdir(), 'pgmage-loot-'));
  writeFileSync(join(loot, 'secret'), 'hunter2');
});
afterAll(() => {
  own.drop();
  for (const folder of [cache, loot, process.env.XDG_CACHE_HOME as string])
    rmSync(folder, { recursive: true, force: true });
});

function open(more: Partial<Workspace['world']> = {}): Workspace {
  const { project: paths, world } = own.context;
  return openWorkspace({ ...paths, root, shadow: 'native' }, { ...world, ...more });
}

// Each is a way to the account's files, its programs or a superuser's rights. `OUT` is a file to write.
const ways: Readonly<Record<string, string>> = {
  'a program': `copy (select 1) to program 'touch OUT'`,
  'a file to write': `copy (select 1) to 'OUT'`,
  'a file to read': `create table stolen (line text); copy stolen from 'SECRET'`,
  'a function that reads': `perform pg_read_file('SECRET')`,
  'a large object to a file': `perform lo_export(lo_from_bytea(0, 'x'), 'OUT')`,
  'a large object of a file': `perform lo_import('SECRET')`,
  'the role of programs': 'grant pg_execute_server_program to current_user',
  'the role of writers': 'grant pg_write_server_files to current_user',
  'the role of readers': 'grant pg_read_server_files to current_user',
  'a role of that name': 'create role pg_execute_server_program',
  'a superuser': 'create role boss superuser',
  'more rights': 'alter role current_user superuser',
  'the first superuser': 'set session authorization pgmage_bootstrap',
  'membership in it': 'grant pgmage_bootstrap to current_user',
  'the server’s configuration': `alter system set archive_command = 'touch OUT'`,
  'a setting of the server': `perform set_config('dynamic_library_path', 'LOOT', false)`,
  'a library': `load 'LOOT/x'`,
  'a function in C': `create function c() returns int language c as 'LOOT/x', 'x'`,
  'an internal function': `create function i(text) returns text language internal as 'pg_read_file_all'`,
  'another server': 'create extension dblink',
  'files as tables': 'create extension file_fdw',
  'a subscription': `create subscription s connection 'host=127.0.0.1' publication p`,
  'the catalogs': `update pg_catalog.pg_authid set rolsuper = true where rolname = current_user`,
  'a tablespace': `create tablespace t location 'LOOT'`,
  'an event trigger': 'create event trigger e on ddl_command_end execute function f()',
};

const fill = (sql: string) =>
  sql
    .replaceAll('OUT', join(loot, 'out'))
    .replaceAll('SECRET', join(loot, 'secret'))
    .replaceAll('LOOT', loot);

test('no statement in it reaches the account that runs it', async () => {
  const said: string[] = [];
  await using workspace = open({ detail: (message) => void said.push(message) });
  const blocks = Object.entries(ways).map(
    ([name, sql]) => `do $do$ begin
        ${fill(sql)};
        execute 'create table ' || quote_ident('got: ${name}') || ' ()';
      exception when others then null; end $do$;`,
  );
  const text = `${blocks.join('\n')}
    reset role; reset session authorization; create table native_only ();`;
  const catalog = await replay(workspace, [{ file: 'schema.sql', text }]);
  const tables = [...catalog.facts.values()].filter(({ kind }) => kind === 'table').map(({ id }) => id);
  expect(tables).toEqual(['table:public.native_only']);
  expect(existsSync(join(loot, 'out'))).toBe(false);
  // It was the native server that refused all of it.
  expect(said).toEqual([expect.stringMatching(/^Shadow: PostgreSQL 18/)]);
});

async function openNative(): Promise<Shadow> {
  const programs = await findNativePrograms(root, { cacheDir: cache });
  if (!('folder' in programs)) throw new Error(programs.reason);
  return openNativeShadow(programs, { cacheDir: cache });
}

test('each of them alone is refused', async () => {
  const shadow = await openNative();
  for (const [name, sql] of Object.entries(ways)) {
    const run = shadow.state((connection) => connection.execute(`do $do$ begin ${fill(sql)}; end $do$;`));
    await expect(run, name).rejects.toThrow();
    expect([name, existsSync(join(loot, 'out'))]).toEqual([name, false]);
  }
  await shadow.close();
});

test('no other role can open a session, and the socket is in a private folder', async () => {
  await using workspace = open();
  await workspace.shadows.use([], (shadow) =>
    shadow.committed(async (connection) => {
      await connection.execute('create role guest login');
      const { connect } = await import('../../lib/pg/connect.ts');
      // Those of earlier tests may still be going.
      const open = () =>
        serverFolders(process.pid).filter((one) => readdirSync(one).includes('.s.PGSQL.5432'));
      for (let waited = 0; open().length > 1 && waited < 10_000; waited += 50) await setTimeout(50);
      const [folder = ''] = open();
      expect(statSync(folder).mode & 0o777).toBe(0o700);
      for (const role of ['guest', 'pgmage_bootstrap']) {
        const url = `postgres://${role}@${encodeURIComponent(folder)}:5432/postgres`;
        expect((await failure(connect({ url, applicationName: 'test' }))).code).toBe('login_refused');
      }
    }),
  );
});

test('definitions of a database do not reach the native server', async () => {
  await withDatabase(anyServer(), async (database) => {
    await query(
      database.url,
      `create function evil(int) returns int language plpgsql immutable as
        $$ begin if version() !~ 'wasm' then raise 'native'; end if; return $1; end $$;`,
    );
    // Its call with a constant is computed when the shadow creates the table.
    const parts = 'create table parts (id int) partition by range ((id + evil(1)))';
    await query(database.url, `set check_function_bodies = off; ${lax}; ${parts}; ${strict}`);
    await using workspace = open({
      environment: async () => ({ name: 'prod', url: database.url, protected: false }),
    });
    const catalog = await readSource(workspace, 'prod');
    const read = await readBack(workspace, catalog, ['table:public.parts']);
    expect([...read.facts.keys()]).toEqual(['table:public.parts']);
    // The same function in a file of the project runs there, as a role without rights.
    const text = `${strict}; ${parts};`;
    await expect(replay(workspace, [{ file: 'schema.sql', text }])).rejects.toThrow('native');
  });
});

const body = (
  check: string,
) => `create or replace function evil(int) returns int language plpgsql immutable as
  $$ begin ${check} return $1; end $$`;
const lax = body('');
const strict = body(`if version() !~ 'wasm' then raise 'native'; end if;`);
