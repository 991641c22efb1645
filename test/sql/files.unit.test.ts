// What is read out of SQL text: commands of psql, rename comments, queries of a project, names and locks.
import { describe, expect, test } from 'vitest';
import { findMentions } from '../../lib/sql/mentions.ts';
import { isNonBlocking } from '../../lib/sql/non-blocking.ts';
import { splitNames } from '../../lib/sql/object-comments.ts';
import { blankPsqlCommands, holdsStatement } from '../../lib/sql/psql-commands.ts';
import { readQueries } from '../../lib/sql/queries.ts';
import { readRenameComments } from '../../lib/sql/rename-comments.ts';
import { digestStatements } from '../../lib/sql/statements-digest.ts';

describe('ends of statements', () => {
  const statements = (text: string) => {
    const { sql, ends } = blankPsqlCommands(text);
    return ends.map((end, at) => sql.slice(ends[at - 1] ?? 0, end).trim());
  };

  test.each<[string, string, number]>([
    ['in a string', `select ';'; select 2;`, 2],
    ['in a string with a doubled quote', `select 'a'';b'; select 2;`, 2],
    ['behind a backslash', String.raw`select e'a\';b'; select 2;`, 2],
    ['in a quoted name', `select 1 as "a;b"; select 2;`, 2],
    ['in a body', `do $$ begin null; end $$; select 2;`, 2],
    ['in a tagged body', `do $a$ begin perform $$;$$; end $a$; select 2;`, 2],
    ['in a comment', `select 1 -- ;\n; select 2;`, 2],
    ['in a nested comment', `select 1 /* ; /* ; */ ; */; select 2;`, 2],
    ['in parentheses', `create rule r as on insert to t do instead (select 1; select 2); select 3;`, 2],
    [
      'in a SQL-standard body',
      `create function f() returns int begin atomic select 1; select 2; end; select 3;`,
      2,
    ],
    [
      'in a CASE of such a body',
      `create function f() returns int begin atomic select case when true then 1 end; end; select 3;`,
      2,
    ],
    ['after a dollar in a name', `select a$b$c; select 2;`, 2],
  ])('a semicolon %s ends none', (_, text, count) => {
    expect(statements(text)).toHaveLength(count);
  });

  test('rows of COPY are blanks, and what follows is where it was', () => {
    const text = 'copy t from stdin;\n1;2\n\\.\nselect 1;';
    const { sql } = blankPsqlCommands(text);
    expect(sql).toHaveLength(text.length);
    expect(sql.indexOf('select 1')).toBe(text.indexOf('select 1'));
    expect(sql).not.toContain('1;2');
  });

  test('harmless commands of psql are blanks, others are refused with their place', () => {
    const text = '\\echo hello\nselect 1;\n\\i other.sql\n';
    const { sql, refused } = blankPsqlCommands(text);
    expect(sql.trim()).toBe('select 1;');
    expect(refused).toEqual([{ command: 'i', index: text.indexOf('\\i') }]);
  });

  test.each<[string, boolean]>([
    ['', false],
    [' ;; \n', false],
    ['-- select 1', false],
    ['/* a /* b */ c */', false],
    ['/* never closed', true],
    ['/* a */ select 1', true],
    ['-- a\nselect 1', true],
  ])('%j holds a statement: %s', (text, holds) => {
    expect(holdsStatement(text)).toBe(holds);
  });
});

describe('rename comments', () => {
  test.each<[string, string, string[]]>([
    ['before a table', '-- pgmage:renamed from people\ncreate table users (id int);', ['users']],
    ['behind its first line', 'create table users ( -- pgmage:renamed from people\n id int);', ['users']],
    [
      'before a column',
      'create table users (\n -- pgmage:renamed from people\n name text);',
      ['users', 'name'],
    ],
    [
      'behind a column',
      'create table users (\n name text, -- pgmage:renamed from people\n b int);',
      ['users', 'name'],
    ],
    ['of a schema', '-- pgmage:renamed from people\ncreate table app.users (id int);', ['app', 'users']],
    ['quoted', '-- pgmage:renamed from people\ncreate table "My Users" (id int);', ['My Users']],
    [
      'of a constraint',
      'create table t (a int,\n -- pgmage:renamed from people\n constraint c check (a > 0));',
      ['t', 'c'],
    ],
    ['of an added column', '-- pgmage:renamed from people\nalter table t add column b int;', ['t', 'b']],
    [
      'before an index',
      '/* pgmage:renamed from people */\ncreate unique index concurrently i on t (a);',
      ['i'],
    ],
    ['in another style', '--pgmage:renamed from people\ncreate view v as select 1;', ['v']],
  ])('%s', (_, text, to) => {
    expect(readRenameComments(text)).toEqual([{ from: ['people'], to }]);
  });

  test('a string that looks like one is none', () => {
    expect(readRenameComments(`select '-- pgmage:renamed from a';\ncreate table t (a int);`)).toEqual([]);
  });

  test('parts of names, with and without quotes', () => {
    expect(splitNames('public."Users".name')).toEqual(['public', 'Users', 'name']);
    expect(splitNames('"a.b"."c""d"')).toEqual(['a.b', 'c"d']);
  });
});

describe('queries of a project', () => {
  const queries = async (text: string) =>
    (await readQueries('q.sql', text)).queries.map(({ name, sql }) => [name, sql.trim()]);

  test('each has the name of its header', async () => {
    expect(await queries('-- name: One :one\nselect 1;\n-- name: Two :many\nselect 2;')).toEqual([
      ['One', expect.stringContaining('select 1')],
      ['Two', expect.stringContaining('select 2')],
    ]);
  });

  test('named parameters become numbers, the same name the same one', async () => {
    const [[, sql] = []] = await queries(
      '-- name: One :one\nselect * from t where a = sqlc.arg(x) and b = @y and c = @x;',
    );
    expect(sql?.replace(/\s+/g, ' ')).toBe('select * from t where a = $1 and b = $2 and c = $1');
  });

  test('numbers that are there are kept, and names come after them', async () => {
    const [[, sql] = []] = await queries('select $2::int, @x::int;');
    expect(sql?.replace(/\s+/g, ' ')).toBe('select $2::int, $3::int');
  });

  test('an operator with @ and a string are no parameters', async () => {
    const [[, sql] = []] = await queries(`select '@a', a @> b, a <@ b from t;`);
    expect(sql).toBe(`select '@a', a @> b, a <@ b from t`);
  });

  test('what cannot be parsed is told with its place, and the others are found all the same', async () => {
    const found = await readQueries('q.sql', '-- name: Bad :one\nselekt 1;\n-- name: Good :one\nselect 1;');
    expect(found.queries.map(({ name }) => name)).toEqual(['Good']);
    expect(found.problems).toEqual([
      ['Bad', expect.objectContaining({ where: expect.objectContaining({ line: 2, column: 1 }) })],
    ]);
  });

  test('statements that cannot be prepared are left out', async () => {
    expect(await queries('create table t (a int); select 1;')).toEqual([[null, 'select 1']]);
  });
});

describe('names in bodies', () => {
  const body = (sql: string, language = 'sql') =>
    `create function f() returns int language ${language} as $$${sql}$$`;

  test('relations and routines, with their schema where it is written', async () => {
    expect(await findMentions([body('select app.twice(a) from users join app.posts using (id)')])).toEqual([
      expect.arrayContaining([['users'], ['app', 'posts'], ['app', 'twice']]),
    ]);
  });

  test('none in another language, and none in what cannot be parsed', async () => {
    expect(await findMentions([body('begin end', 'plpgsql'), body('selekt 1'), body('select 1')])).toEqual([
      [],
      [],
      [],
    ]);
  });
});

describe('locks', () => {
  test.each<[string, boolean]>([
    ['create index concurrently i on t (a)', true],
    ['drop index concurrently i', true],
    ['reindex table concurrently t', true],
    ['alter table t validate constraint c', true],
    ['vacuum t', true],
    ['create index i on t (a)', false],
    ['reindex table t', false],
    ['alter table t validate constraint c, add column a int', false],
    ['create index concurrently i on t (a); drop table t', false],
    ['not sql', false],
    ['', false],
  ])('%j lets others read and write: %s', async (sql, patient) => {
    expect(await isNonBlocking(sql)).toBe(patient);
  });
});

describe('digests', () => {
  const same = async (a: string, b: string) => (await digestStatements(a)) === (await digestStatements(b));

  test('comments, blanks and the case of keywords do not count', async () => {
    expect(await same('select a from t;', 'SELECT  a -- why\n FROM t;')).toBe(true);
    expect(await digestStatements('select a from t;')).toMatch(/^[0-9a-f]{32}$/);
  });

  test('names, values and bodies do', async () => {
    expect(await same('select a from t', 'select b from t')).toBe(false);
    expect(await same('select 1', 'select 2')).toBe(false);
    expect(await same(`do 'begin end'`, `do 'begin  end'`)).toBe(false);
  });

  test('what is not SQL has none', async () => {
    expect(await digestStatements('selekt')).toBe(null);
  });
});
