// db:lint --base: what a commit has already is no finding of the branch.
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { lint } from '../../lib/commands/lint.ts';
import type { PolicyConfig } from '../../lib/config/policy.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { derive } from '../project/workspace.ts';
import { freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

let cache: string;
let own: Project;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));
beforeEach(() => {
  own = project(null, cache);
});
afterEach(() => own.drop());

const root = () => own.context.project.root;
const git = (...words: string[]) =>
  execFileSync('git', ['-C', root(), '-c', 'user.name=a', '-c', 'user.email=a@b', ...words]);
const migration = (up: string) => `-- Up Migration\n\n${up}\n\n-- Down Migration\n\nselect 1;\n`;

/** The commit of main: a migration with a denied statement, and a schema with a warning. */
function commitMain(): void {
  own.write(
    '1_base.sql',
    migration('create table t (id bigint primary key, old text); create table big ();'),
  );
  own.write('2_drop.sql', migration('alter table t drop column old;'));
  own.want('create table t (id bigint primary key, at timestamp);\n');
  git('init', '-q', '-b', 'main');
  git('add', 'migrations', 'schema.sql');
  git('commit', '-q', '-m', 'base');
  git('switch', '-q', '-c', 'work');
}

const found = async (input: Parameters<typeof lint>[1] = { base: 'main' }, policy: PolicyConfig = {}) =>
  (await lint(derive(own.context, { policy }), input)).findings.map(
    ({ rule, where }) => `${where?.file}:${where?.line} ${rule}`,
  );

test('what a branch adds or edits is linted, and nothing of the commit', async () => {
  commitMain();
  expect(await found({})).toEqual(['schema.sql:1 timestamptz', 'migrations/2_drop.sql:3 drop_column']);
  expect(await found()).toEqual([]);
  const report = await lint(own.context, { base: 'main' });
  expect(report).toMatchObject({ files: ['schema.sql'], denied: 0, warned: 0 });
  // Neither file is known to git yet.
  own.write('3_new.sql', migration('alter table t drop column at;'));
  expect(await found()).toEqual(['migrations/3_new.sql:3 drop_column']);
  expect((await lint(own.context, { base: 'main' })).mayBeApplied).toBe(false);
  git('add', '.');
  git('commit', '-q', '-m', 'branch');
  expect(await found()).toEqual(['migrations/3_new.sql:3 drop_column']);
  expect(await found({ base: 'HEAD' })).toEqual([]);
  // A migration of main that the branch edits.
  own.write('1_base.sql', migration('create table t (id int primary key, old text);'));
  expect(await found()).toEqual([
    'migrations/1_base.sql:3 bigint_keys',
    'migrations/3_new.sql:3 drop_column',
  ]);
  expect(await found({ base: 'main', paths: ['migrations'] })).toEqual([
    'migrations/1_base.sql:3 bigint_keys',
    'migrations/3_new.sql:3 drop_column',
  ]);
});

test('a new file is linted also where it sorts before policy.after', async () => {
  commitMain();
  own.write('4_last.sql', migration('create table u ();'));
  git('add', '.');
  git('commit', '-q', '-m', 'last');
  git('branch', '-f', 'main');
  own.write('3_new.sql', migration('alter table t drop column at;'));
  const after = '4_last';
  expect(await found({}, { after })).not.toContain('migrations/3_new.sql:3 drop_column');
  expect(await found({ base: 'main' }, { after })).toEqual(['migrations/3_new.sql:3 drop_column']);
});

test('of the schema only new findings are told, also in a line that moved', async () => {
  commitMain();
  own.want(`-- The tables.
create table t (id bigint primary key, at timestamp);
create table u (id bigint primary key, at timestamp);
`);
  expect(await found()).toEqual(['schema.sql:3 timestamptz']);
  // What was removed is found where its table is.
  own.want('create table t (id bigint, at timestamp);\n');
  expect(await found()).toEqual(['schema.sql:1 primary_key']);
  // A second comment of the same words is one more.
  const idle = '-- pgmage:allow naming\n';
  own.want(`${idle}create table t (id bigint primary key, at timestamp);\n`);
  git('commit', '-q', '-am', 'a comment');
  expect(await found()).toEqual(['schema.sql:1 unused_allow']);
  expect(await found({ base: 'HEAD' })).toEqual([]);
  own.want(
    `${idle}create table t (id bigint primary key, at timestamp);\n${idle}create view v as select 1 as a;\n`,
  );
  expect(await found({ base: 'HEAD' })).toHaveLength(1);
});

test('the comments of a schema that stays allow statements of a new migration', async () => {
  commitMain();
  own.want('create table t (id bigint primary key);\n-- pgmage:allow drop_column t.at\n');
  git('commit', '-q', '-am', 'a comment');
  own.write('3_new.sql', migration('alter table t drop column at;'));
  expect(await found({ base: 'HEAD' })).toEqual([]);
});

test('a schema that the commit does not have, or that was broken there, hides nothing', async () => {
  commitMain();
  own.want('create tble t;\n');
  git('commit', '-q', '-am', 'broken');
  own.want('create table t (id bigint primary key, at timestamp);\n');
  expect(await found({ base: 'HEAD' })).toEqual(['schema.sql:1 timestamptz']);
  git('rm', '-q', '--cached', 'schema.sql');
  git('commit', '-q', '-m', 'without');
  expect(await found({ base: 'HEAD' })).toEqual(['schema.sql:1 timestamptz']);
});

test('a folder of schema files, and a project that is a link to a folder of the repository', async () => {
  mkdirSync(join(root(), 'packages/db/schema'), { recursive: true });
  const write = (name: string, sql: string) => writeFileSync(join(root(), 'packages/db/schema', name), sql);
  write('a.sql', 'create table a (id bigint primary key, at timestamp);\n');
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-q', '-m', 'base');
  write('b.sql', 'create table b (id bigint primary key, at timestamp);\n');
  symlinkSync(join(root(), 'packages/db'), join(root(), 'link'));
  const linked = join(root(), 'link');
  const places = { root: linked, schema: join(linked, 'schema'), migrations: join(linked, 'migrations') };
  const { findings, files } = await lint(derive(own.context, places), { base: 'main' });
  expect(files).toEqual(['schema/a.sql', 'schema/b.sql']);
  expect(findings.map(({ where }) => where?.file)).toEqual(['schema/b.sql']);
});

test('with an environment the tables have their sizes, and the commit says what is new', async () => {
  const database = await freshDatabase(anyServer());
  const rule = { deletes_data: { over: '1MB', level: 'deny' } } as const;
  const environment = async () => ({ name: 'local', url: database.url, protected: false });
  commitMain();
  own.write('3_new.sql', migration('drop table big;'));
  const workspace = derive(own.context, { environment, policy: rule });
  await rowsOf(database.url, 'create table big as select n from generate_series(1, 100000) n');
  const report = await lint(workspace, { base: 'main', env: 'local' });
  await database.drop();
  expect(report.findings).toMatchObject([
    { rule: 'drop_table', where: { file: 'migrations/3_new.sql' }, table: { bytes: expect.any(Number) } },
  ]);
});

test('a name that is no commit is refused', async () => {
  commitMain();
  expect(await failure(lint(own.context, { base: '--output=x' }))).toMatchObject({ code: 'bad_option' });
  const unknown = await failure(lint(own.context, { base: 'nothing' }));
  expect(unknown).toMatchObject({ code: 'bad_option', exitCode: 64 });
  expect(unknown.message).toContain('git does not know nothing');
});
