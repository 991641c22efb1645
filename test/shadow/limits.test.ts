// What the shadow in the process lacks of a server's: extensions that only bodies name, and types of eight
// bytes.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compare } from '../../lib/compare/compare.ts';
import type { Problem } from '../../lib/problem/problem.ts';
import { loadFiles } from '../../lib/shadow/load.ts';
import { openShadow } from '../../lib/shadow/open.ts';
import type { Shadow } from '../../lib/shadow/shadow.ts';
import { parseSql } from '../../lib/sql/parse.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { project } from '../project/project.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

let folder: string;

beforeAll(async () => {
  folder = await freshCache();
});
afterAll(() => rm(folder, { recursive: true }));

async function opened<T>(
  url: string | null,
  extensions: readonly string[],
  use: (shadow: Shadow) => Promise<T>,
): Promise<T> {
  const shadow = await openShadow({ cacheDir: folder, url, extensions });
  try {
    return await use(shadow);
  } finally {
    await shadow.close();
  }
}

test('extensions that bodies create are there, also where a body hides that they are missing', async () => {
  const text = `
    do $$ begin create extension hstore; exception when others then null; end $$;
    do $body$ begin execute 'create extension if not exists "pg_trgm" with schema public cascade'; exception
    when others then null; end $body$;
    do $$ declare n text; begin
      foreach n in array array['citext', 'unaccent'] loop execute format('create extension %I', n); end loop;
    exception when others then null; end $$;
    create function install() returns void language plpgsql as $$ begin create extension btree_gist; end $$;
    select install();
    create schema y; create extension if not exists pgjwt with schema y cascade; create extension
    earthdistance cascade;`;
  const file = await parseSql('a.sql', text);
  await opened(null, file.extensions, (shadow) =>
    shadow.state(async (connection) => {
      await loadFiles(connection, [file]);
      const found = await connection.rows<{ name: string }>(
        `select concat_ws('.', n.nspname, e.extname) as name from pg_extension e join pg_namespace n
          on n.oid = e.extnamespace
          where e.extname <> 'plpgsql' order by 1`,
      );
      expect(found.map(({ name }) => name)).toEqual(
        `public.btree_gist public.citext public.cube public.earthdistance public.hstore
          public.pg_trgm public.unaccent y.pgcrypto y.pgjwt`.split(/\s+/),
      );
    }),
  );
});

test('an extension that a body may create is left as it is where the shadow lacks it', () =>
  withDatabase(anyServer(), async ({ url }) => {
    await rowsOf(
      url,
      `create extension hstore; comment on extension hstore is 'ours'; create extension citext`,
    );
    const own = project(url, folder);
    try {
      for (const body of [
        `begin if false then create extension hstore; end if; end`,
        `begin raise 'lacks'; execute 'create extension if not exists "hstore"'; exception when` +
          ' others then null; end',
        `declare n text := 'hstore'; begin if false then execute format('create extension %I', n);` +
          ' end if; end',
      ]) {
        own.want(`do $body$ ${body} $body$; create table t (a int)`);
        const { up } = await compare(own.context, 'local', own.context.project.schema);
        expect(up.map(({ sql }) => sql)).toEqual([
          'DROP EXTENSION citext',
          expect.stringContaining('CREATE TABLE'),
        ]);
      }
    } finally {
      own.drop();
    }
  }));

test('a type that is too wide for the shadow is refused with its place and a hint', async () => {
  const text = `create table t (a int);
    create type wide; create function wide_in(cstring) returns wide language internal immutable strict
    as 'int8in';
    create function wide_out(wide) returns cstring language internal immutable strict as 'int8out';
    create type wide (input = wide_in, output = wide_out, internallength = 8, passedbyvalue,
    alignment = double);`;
  const file = await parseSql('a.sql', text);
  const wide = (shadow: Shadow) => shadow.state((connection) => loadFiles(connection, [file]));
  const thrown = (await opened(null, [], (shadow) => failure(wide(shadow)))) as Problem;
  expect(thrown.where).toMatchObject({ file: 'a.sql', line: 5 });
  expect(thrown.hint).toContain('--shadow');
  expect(await opened(anyServer().url(), [], wide)).toEqual([]);
});

test('a shadow that serves many states does not grow', async () => {
  const size = `select ((select sum(size) from pg_ls_waldir())
    + (select sum(pg_total_relation_size(oid)) from pg_class where relnamespace = 'pg_catalog'::regnamespace
      and relkind = 'r'))::bigint as bytes`;
  await opened(null, [], async (shadow) => {
    const sizes: number[] = [];
    for (let state = 0; state < 70; state++)
      await shadow.state(async (connection) => {
        const columns = Array.from({ length: 40 }, (_, at) => `c${at} int not null`).join();
        const tables = Array.from({ length: 10 }, (_, at) => `create table t${at} (${columns});`);
        await connection.execute(tables.join(''));
        const [row] = await connection.rows<{ bytes: string }>(size);
        sizes.push(Number(row?.bytes));
      });
    // Each adds a thirtieth of that where nothing is freed.
    expect(Math.max(...sizes.slice(40))).toBeLessThan(Math.max(...sizes.slice(0, 32)) * 1.5);
  });
});
