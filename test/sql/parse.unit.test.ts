// SQL files: what psql adds is left out without moving anything, statements and names are found, errors have
// a place.
import { expect, test } from 'vitest';
import { Problem } from '../../lib/problem/problem.ts';
import { decode } from '../../lib/sql/decode.ts';
import { parseSql } from '../../lib/sql/parse.ts';
import { blankPsqlCommands } from '../../lib/sql/psql-commands.ts';

async function statements(text: string): Promise<string[]> {
  const file = await parseSql('a.sql', text);
  expect(file.runnable).toHaveLength(text.length);
  return file.statements.map(({ start, end }) => file.runnable.slice(start, end).replace(/\s+/g, ' ').trim());
}

async function failure(work: () => unknown): Promise<Problem> {
  try {
    await work();
  } catch (thrown) {
    if (thrown instanceof Problem) return thrown;
  }
  throw new Error('no Problem was thrown');
}

test('statements are found by their characters, also behind characters of several bytes', async () => {
  const text = `create table "é😀" (a int); -- ü\nselect '€'; select 2`;
  expect(await statements(text)).toEqual([`create table "é😀" (a int)`, `select '€'`, 'select 2']);
});

test('what pg_dump writes for psql and for its own session is left out', async () => {
  const text = `\\restrict abc
SET statement_timeout = 0;
SET transaction_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.t (a text);
COPY public.t (a) FROM stdin;
it's; \\N
$$
\\.
\\connect other
CREATE INDEX i ON public.t (a);
\\unrestrict abc
`;
  expect(await statements(text)).toEqual([
    `SELECT pg_catalog.set_config('search_path', '', false)`,
    'CREATE TABLE public.t (a text)',
    'CREATE INDEX i ON public.t (a)',
  ]);
});

test('what a transaction of a throw-away database cannot run is left out, and CONCURRENTLY with it', async () => {
  const text = `begin; create database d; alter database d owner to o; comment on database d is 'x';
    create index concurrently i on t (a); alter table t detach partition p concurrently; vacuum; create role r; commit;`;
  expect(await statements(text)).toEqual(['create index i on t (a)', 'alter table t detach partition p']);
});

test('semicolons inside of quotes, bodies and parentheses end nothing', async () => {
  const text = `create function a() returns int language sql as $f$ select 1; $$;$$ $f$;
create function b() returns int begin atomic select case when true then 1 else 2 end; select 3; end;
create rule r as on insert to t do also (select 1; select 2);
select 'a;''b', E'a\\';b', "c;" /* ; /* ; */ ; */ from x; -- ;
\\echo done;
select 1`;
  expect(blankPsqlCommands(text).ends).toHaveLength(4);
  expect(await statements(text)).toHaveLength(5);
});

test('a COPY without its end takes the rest of the file', async () => {
  expect(await statements('create table t (a int);\ncopy t from stdin;\n1\n2')).toEqual([
    'create table t (a int)',
  ]);
});

test('roles are found wherever the grammar allows one, extensions where they are created', async () => {
  const { roles, extensions } = await parseSql(
    'a.sql',
    `grant select on t to a, public; alter table t owner to "B c"; create policy p on t to d, current_user;
     create user mapping for e server s; alter default privileges for role f revoke all on tables from g;
     create schema authorization h; set role i; set session authorization j; grant k to l; create role m;
     alter function f() owner to session_user; grant pg_read_all_data to a;
     create extension if not exists "uuid-ossp" with schema public; create extension citext cascade;`,
  );
  expect(roles.toSorted()).toEqual(['B c', 'a', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm']);
  expect(extensions).toEqual(['uuid-ossp', 'citext']);
});

test('a syntax error has file, line and caret', async () => {
  const problem = await failure(() => parseSql('schema.sql', `-- é😀\nselect 1;\r\n  create tabel x ();\n`));
  expect(problem.code).toBe('invalid_sql');
  expect(problem.message).toContain('Invalid SQL in schema.sql at line 3');
  expect(problem.where).toMatchObject({
    file: 'schema.sql',
    line: 3,
    column: 10,
    text: '  create tabel x ();',
  });
});

test('an error in the second megabyte of a file has the right line', async () => {
  const lines = 2_000;
  const text = `${`select 'ä', '${'a value of some length '.repeat(40)}';\n`.repeat(lines)}selekt 1;`;
  const problem = await failure(() => parseSql('big.sql', text));
  expect(problem.where).toMatchObject({ line: lines + 1, column: 1 });
});

test('commands of psql that would change what is run are refused', async () => {
  const problem = await failure(() => parseSql('a.sql', 'select 1;\n\\ir other.sql\n'));
  expect(problem.where).toMatchObject({ line: 2, column: 1, text: '\\ir other.sql' });
  expect(problem.message).toContain('\\ir is a command of psql, which pgmage does not run');
  expect(problem.hint).toContain("schema: ['a.sql', 'b.sql']");
  const other = await failure(() => parseSql('a.sql', '\\if true\nselect 1;\n'));
  expect(other.hint).toBe('Remove it: pgmage runs SQL alone.');
});

test('bytes that are no text are refused with their line, a byte order mark is left out', async () => {
  expect(decode('a.sql', Buffer.from('\ufeffselect 1;\r\n'))).toBe('select 1;\r\n');
  const latin1 = await failure(() => decode('a.sql', Buffer.from("select 1;\nselect '\xe9';\n", 'latin1')));
  expect(latin1).toMatchObject({ code: 'not_utf8', data: { file: 'a.sql', line: 2 } });
  const binary = await failure(() => decode('a.sql', Buffer.from('select 1;\n\n\0')));
  expect(binary).toMatchObject({ code: 'not_utf8', data: { line: 3 } });
});
