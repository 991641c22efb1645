// Files in a shadow: loaded in whatever order works, or in theirs.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Connection } from '../../lib/pg/connection.ts';
import { type LoadOptions, loadFiles } from '../../lib/shadow/load.ts';
import { openShadow } from '../../lib/shadow/open.ts';
import type { Shadow } from '../../lib/shadow/shadow.ts';
import { parseSql } from '../../lib/sql/parse.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';

let folder: string;
let inProcess: Shadow;

beforeAll(async () => {
  folder = await freshCache();
  inProcess = await openShadow({ cacheDir: folder, url: null });
});
afterAll(async () => {
  await inProcess.close();
  await rm(folder, { recursive: true });
});

async function loadTexts(connection: Connection, texts: Record<string, string>, options?: LoadOptions) {
  const files = [];
  for (const [file, text] of Object.entries(texts)) files.push(await parseSql(file, text));
  return loadFiles(connection, files, options);
}

function relations(connection: Connection): Promise<{ relname: string }[]> {
  return connection.rows(`select relname::text from pg_class
    where relkind in ('r', 'v') and relnamespace = 'public'::regnamespace order by 1`);
}

test('files load in whatever order works, each with its own search_path', async () => {
  const texts = {
    'a.sql': 'create view v as select a from u; set search_path = s; create table w (a int references k);',
    'b.sql': 'create table k (a int primary key); create table s.k (a int unique);',
    'c.sql': 'alter table s.k add primary key (a); create table u (a int); create schema s;',
  };
  await inProcess.state(async (connection) => {
    await loadTexts(connection, texts);
    const query =
      `select conrelid::regclass::text || ' to ' || confrelid::regclass as fk from` +
      ` pg_constraint where contype = 'f'`;
    expect(await connection.rows(query)).toEqual([{ fk: 's.w to s.k' }]);
  });
});

test(
  'what an ALTER DEFAULT PRIVILEGES gives is given to what stands after it, in whatever order' +
    ' files load',
  async () => {
    const texts = {
      'a.sql': 'create function s.early() returns int language sql return 1;',
      'b.sql': 'create schema s; create function s.mid() returns int language sql return 1;',
      'c.sql': 'alter default privileges revoke execute on functions from public;',
      'd.sql': 'create function s.late() returns int language sql return 1;',
    };
    const query =
      'select proname::text as name from pg_proc where proacl is null and oid >= 16384 order by 1';
    for (const files of [texts, { 'one.sql': Object.values(texts).join('\n') }])
      await inProcess.state(async (connection) => {
        await loadTexts(connection, files);
        expect(await connection.rows(query)).toEqual([{ name: 'early' }, { name: 'mid' }]);
      });
  },
);

// The same connection, and what it executes.
function heard(connection: Connection): { connection: Connection; messages: string[] } {
  const messages: string[] = [];
  const execute = (sql: string) => {
    messages.push(sql);
    return connection.execute(sql);
  };
  return { connection: { ...connection, execute }, messages };
}

test('a file of many statements runs in portions, as it would in one message', async () => {
  const type = (at: number) => `create type t${at} as enum ('it''s \\ ${at}');`;
  const types = Array.from({ length: 600 }, (_, at) => type(at));
  const file = `create schema s; set search_path = s; create function f() returns text language sql
    as $_$ select '\\ '' $$'::text $_$; ${types.join('\n')}`;
  const found = `select typnamespace::regnamespace::text as schema, count(*)::int as types,
    max(enumlabel) as last, (select prosrc from pg_proc where proname = 'f') as body
    from pg_type t join pg_enum on enumtypid = t.oid group by 1`;
  // A DO block can run all but the last statement of the second file.
  for (const [text, single] of [
    [file, 0],
    [`${file} select 1 as b into made;`, 604],
  ] as const)
    await inProcess.state(async (connection) => {
      const { connection: own, messages } = heard(connection);
      await loadTexts(own, { 'a.sql': text });
      const last = `it's \\ 99`;
      const body = ` select '\\ '' $$'::text `;
      expect(await connection.rows(found)).toEqual([{ schema: 's', types: 600, last, body }]);
      expect(messages.filter((sql) => sql.startsWith('do '))).toHaveLength(2);
      expect(messages.filter((sql) => sql === 'release statement')).toHaveLength(single);
    });
});

test('an ALTER DEFAULT PRIVILEGES does not wait for what needs something after it', async () => {
  const text = `create view v as select * from t; alter default privileges grant select on tables to public;
    create table t (a int);`;
  await inProcess.state(async (connection) => {
    await loadTexts(connection, { 'a.sql': text });
    expect((await relations(connection)).map(({ relname }) => relname)).toEqual(['t', 'v']);
    const query = 'select relacl::text as acl from pg_class where relname = $$t$$';
    expect(await connection.rows(query)).toMatchObject([{ acl: expect.stringContaining('=r/') }]);
  });
});

test('migrations load only in their order', async () => {
  const text = 'create view v as select * from t; create table t ();';
  const load = inProcess.state((connection) => loadTexts(connection, { 'a.sql': text }, { anyOrder: false }));
  expect(await failure(load)).toMatchObject({ code: 'missing_relation', where: { line: 1, column: 32 } });
});

test('an error to which the server gives no position is told with its statement', async () => {
  const texts = { 'a.sql': 'create table t ();\n\n/* again */ create table t ();' };
  const problem = await failure(inProcess.state((connection) => loadTexts(connection, texts)));
  expect(problem.where).toMatchObject({ line: 3, column: 13 });
});

test('a lenient load leaves out what fails, and tells it', async () => {
  await inProcess.state(async (connection) => {
    const text =
      'create table t (); create table t (); create view v as select * from nothing; create table u ();';
    const problems = await loadTexts(connection, { 'a.sql': text }, { lenient: true });
    expect(problems.map(({ code }) => code)).toEqual(['invalid_sql', 'missing_relation']);
    expect((await relations(connection)).map(({ relname }) => relname)).toEqual(['t', 'u']);
  });
});

test('thousands of statements that fail leave the shadow in order', async () => {
  const texts = Array.from({ length: 3000 }, (_, index) => `select * from missing_${index};`);
  const [problems, found] = await inProcess.state(async (connection) => [
    await loadTexts(connection, { 'a.sql': texts.join('\n') }, { lenient: true, anyOrder: false }),
    await connection.rows('select 1 as one'),
  ]);
  const codes = new Set(problems.map(({ data }) => 'sqlstate' in data && data.sqlstate));
  expect([problems.length, [...codes], found]).toEqual([3000, ['42P01'], [{ one: 1 }]]);
});

test('a role that only a text mentions is made when it is missed', async () => {
  await inProcess.state(async (connection) => {
    const text = `create table t (); do $$ begin execute 'grant select on t to hidden'; end $$;`;
    await loadTexts(connection, { 'a.sql': text });
    expect(await connection.rows(`select from pg_roles where rolname = 'hidden'`)).toHaveLength(1);
  });
});
