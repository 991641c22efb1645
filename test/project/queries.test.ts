// Whether the queries of a project compile against its schema: sqlc's, and plain ones.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sync } from '../../lib/commands/sync.ts';
import { verify } from '../../lib/commands/verify.ts';
import { runHook } from '../../lib/config/command.ts';
import { checkQueries } from '../../lib/project/queries.ts';
import { verifyAnnotations } from '../../lib/report/annotations.ts';
import { readQueries } from '../../lib/sql/queries.ts';
import { failure } from '../failure.ts';
import { freshCache } from './cache.ts';
import { type Project, project } from './project.ts';
import { derive } from './workspace.ts';

const schema = `create schema app;
create table authors (id bigint primary key, name text not null, bio text, tags text[]);
create table books (id bigint primary key, author bigint references authors, title text);
select pg_catalog.set_config('search_path', '', false);
create table public.quiet ();`;

let cache: string;
let own: Project;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rmSync(cache, { recursive: true, force: true }));
beforeEach(() => {
  own = project(null, cache);
  own.want(schema);
  return () => own.drop();
});

function put(path: string, text: string): void {
  const whole = join(own.context.project.root, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, text);
}

const checked = (...queries: string[]) => checkQueries(derive(own.context, { queries }));
const words = async (...queries: string[]) => (await checked(...queries))?.faults.map((fault) => fault.words);

test('a project that names no queries has nothing to check', async () => {
  expect(await checkQueries(own.context)).toBeNull();
});

test("sqlc's words compile, and what does not is told with its place and name", async () => {
  put(
    'sqlc.yaml',
    'version: "2"\nsql:\n  - engine: postgresql\n    schema: schema.sql\n    queries: queries\n  -' +
      ' engine: mysql\n    queries: other\n',
  );
  put(
    'queries/authors.sql',
    `-- name: GetAuthor :one
SELECT * FROM authors WHERE id = @id AND tags @> ARRAY['@no'] AND name = sqlc.arg('name');

-- name: WithBooks :many
SELECT sqlc.embed(authors), sqlc.embed(b) FROM authors JOIN books b ON b.author = authors.id;

-- name: Rename :exec
UPDATE authors SET name = coalesce(sqlc.narg(name), name) WHERE id = ANY(sqlc.slice(ids)::bigint[]);

-- name: Wrong :one
SELECT id,
  nme FROM authors WHERE id = $1;

-- name: Broken :one
SELECT FROM WHERE @id;

-- name: Last :exec
DELETE FROM books WHERE id = @id AND titel = 'x';
`,
  );
  put('queries/deeper/ignored.sql', 'select no_such_thing;');
  expect((await checkQueries(own.context))?.count).toBe(6);
  expect(await words()).toEqual([
    'queries/authors.sql:12:3 Wrong: column "nme" does not exist',
    'queries/authors.sql:15:13 Broken: syntax error at or near "WHERE"',
    'queries/authors.sql:18:38 Last: column "titel" does not exist',
  ]);
});

test('the first version of the configuration, as JSON, and lists of files', async () => {
  put(
    'sqlc.json',
    JSON.stringify({
      version: '1',
      packages: [{ path: 'db', engine: 'postgresql', queries: ['a.sql', 'b/'] }],
    }),
  );
  put('a.sql', 'select nothing;');
  put('b/b.sql', 'select 1; select nobody; create table t (); vacuum;');
  expect(await words()).toEqual([
    'a.sql:1:8: column "nothing" does not exist',
    'b/b.sql:1:18: column "nobody" does not exist',
  ]);
});

test('files and patterns of the configuration', async () => {
  put('src/users/all.query.sql', 'select title from books');
  put('src/all.query.sql', 'select titel from books');
  put('src/other.sql', 'select other from books');
  expect((await checked('src/**/*.query.sql'))?.count).toBe(2);
  expect(await words('src/**/*.query.sql')).toEqual(['src/all.query.sql:1:8: column "titel" does not exist']);
});

test('what names no query, or is not a configuration, is a problem', async () => {
  expect((await failure(checked('nowhere/'))).code).toBe('missing_file');
  put('sqlc.yaml', 'sql: [\n');
  expect((await failure(checked())).code).toBe('bad_config');
});

test('names become numbers at their places, apart from quotes, comments and operators', async () => {
  const text = `select $1, @b, '@c', "@d", $$@e$$, x <@ y, -- @f\n sqlc.arg(b), @g /* @h */`;
  const { queries } = await readQueries('q.sql', text);
  expect(queries.map(({ sql }) => sql.trim())).toEqual([
    `select $1, $2, '@c', "@d", $$@e$$, x <@ y, -- @f\n $2         , $3 /* @h */`.trim(),
  ]);
});

test('db:verify tells of them, also as annotations', async () => {
  put('q.sql', '-- name: Old :one\nselect bio, age\nfrom authors;');
  const report = await verify(derive(own.context, { queries: ['q.sql'] }));
  expect(report.sound).toBe(false);
  expect(report.checks.at(-1)).toMatchObject({
    is: 'queries',
    faults: ['q.sql:2:13 Old: column "age" does not exist'],
  });
  expect(verifyAnnotations(report)).toContain(
    '::error title=Some queries do not compile,file=q.sql,line=2,col=13::q.sql:2:13 Old: column' +
      ' "age" does not exist',
  );
});

test('a command runs after a sync that did something, and says so when it fails', async () => {
  const ran = join(own.context.project.root, 'ran');
  const shown: string[] = [];
  const hook = (command: string | readonly string[]) => () =>
    runHook({ name: 'afterSync', command, cwd: own.context.project.root, show: (line) => shown.push(line) });
  const context = derive(own.context, {
    afterSync: hook(`echo once >> ${ran}; echo postgres://u:secret@h/d`),
  });
  for (const _ of ['with something to do', 'without'])
    await sync(context, { yes: true, force: true }, undefined);
  expect(readFileSync(ran, 'utf8')).toBe('once\n');
  expect(shown).toEqual(['postgres://u@h/d']);
  own.want('create table t ();');
  const failing = derive(own.context, {
    afterSync: hook([process.execPath, '-e', 'console.error("password=secret"); process.exit(3)']),
  });
  const problem = await failure(sync(failing, { yes: true, force: true }, undefined));
  expect([problem.code, problem.message]).toEqual([
    'hook_failed',
    expect.stringMatching(/^Database synced, but the afterSync command '.*' failed: exit code 3$/),
  ]);
  expect(problem.data).toMatchObject({ exitCode: 3, detail: 'password=***' });
  expect((await failure(hook(['no-such-command'])())).data).toMatchObject({
    exitCode: null,
    reason: 'spawn no-such-command ENOENT',
  });
});
