// db:plan tells the losses and renames that db:sync knows, and what is pending, also where it would refuse.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { planSync } from '../../lib/commands/plan.ts';
import { sync } from '../../lib/commands/sync.ts';
import { planText } from '../../lib/report/plan.ts';
import { planMarkdown } from '../../lib/report/plan-markdown.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { derive } from '../project/workspace.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

const paper = { width: 80, uncut: true, colour: false, now: new Date(0) };
const base = 'create table users (id int primary key, name text);';
const env = { env: 'local' } as const;
let cache: string;
let own: Project;
let database: Database;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));
beforeEach(async () => {
  database = await freshDatabase(anyServer());
  own = project(database.url, cache);
  own.want(base);
  await sync(own.context, { ...env, yes: true, name: 'base' }, undefined);
  await rowsOf(database.url, `insert into users values (1, 'x')`);
});
afterEach(async () => {
  own.drop();
  await database.drop();
});

const draft = (name: string, up: string) =>
  own.write(`20990101000000000_${name}.sql`, `-- Up Migration\n\n${up}\n\n-- Down Migration\n\nselect 1;\n`);

/** Commits paths to main. */
function commit(...paths: string[]): void {
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...words], {
      cwd: own.context.project.root,
    });
  git('init', '-q', '-b', 'main');
  git('add', ...paths);
  git('commit', '-q', '-m', 'base');
}

test('the losses of pending migrations are those that db:sync refuses', async () => {
  draft('clean', 'delete from users;');
  const refused = await failure(sync(own.context, { ...env, yes: true }, undefined));
  expect(refused.code).toBe('data_loss_refused');
  const report = await planSync(own.context, env);
  expect(report.losses).toEqual(['delete from users (users: rows not counted)']);
  expect(refused.data).toMatchObject({ losses: report.losses });
  expect(planMarkdown(report)).toContain('**Data that is lost**');
  // Also from the files alone.
  await generate(own.context);
  commit(`migrations/${own.files()[0]}`);
  expect((await planSync(own.context, { base: 'main' })).losses).toEqual(['delete from users']);
});

test.each(['given', 'written'] as const)('a rename is no loss: %s', async (how) => {
  own.want('create table users (id int primary key, full_name text);');
  const rename = ['users.name=full_name'];
  if (how === 'written') await generate(own.context, { rename });
  const report = await planSync(own.context, how === 'given' ? { ...env, rename } : env);
  expect(report.migrations).toMatchObject([{ up: expect.stringMatching(/RENAME/i) }]);
  expect(report).toMatchObject({ changes: [], losses: [], possible: [] });
  expect(report.cautions.map(({ hazard }) => hazard)).not.toContain('deletes_data');
  if (how === 'written') return;
  expect(report.renames).toHaveLength(1);
  expect(planText(report, paper)).toContain('Renamed:\n  COLUMN users.name → full_name');
  expect(planMarkdown(report)).toContain(
    '**Renamed**\n\n- <code>COLUMN users.name</code> → <code>full&#95;name',
  );
});

test('possible renames are in the comment', async () => {
  own.want('create table users (id int primary key, full_name text);');
  const report = await planSync(own.context, env);
  expect(report.possible).toHaveLength(1);
  expect(report.losses).toHaveLength(1);
  const markdown = planMarkdown(report);
  expect(markdown).toContain('**Dropped and added: a rename?**');
  expect(markdown).toContain('users.name=full&#95;name');
});

test('what is pending is in a plan that drift blocks', async () => {
  own.want('create table users (id int primary key);');
  await generate(own.context);
  await rowsOf(database.url, 'create table extra (a int)');
  const report = await planSync(own.context, env);
  expect(report.blocked?.code).toBe('drifted');
  expect(report.migrations).toMatchObject([
    { isNew: false, up: expect.stringContaining('DROP COLUMN name') },
  ]);
  expect(report.losses).toEqual([expect.stringContaining('DROP COLUMN name')]);
  expect(planText(report, paper)).toContain('1 migration to apply');
});

test('an earlier file of another tool is new if the commit does not have it', async () => {
  const foreign = derive(own.context, {
    layout: (await import('../../lib/migration/layouts.ts')).layouts.dbmate,
  });
  own.clear();
  const up = (sql: string) => `-- migrate:up\n${sql}\n\n-- migrate:down\nselect 1;\n`;
  own.write('20260105000000_base.sql', up(base));
  commit('.');
  own.write('20260101000000_early.sql', up('create table early (a int);'));
  own.want(`${base} create table early (a int);`);
  const report = await planSync(foreign, { base: 'main' });
  expect(report.migrations).toMatchObject([{ name: '20260101000000_early', isNew: false }]);
  expect(report.changes).toHaveLength(1);
});

test('a commit is also found for a folder of migrations outside of the project', async () => {
  commit('.');
  own.want('create table users (id int primary key);');
  await generate(own.context);
  const app = join(own.context.project.root, 'app');
  mkdirSync(app);
  const inside = derive(own.context, { root: app });
  expect((await planSync(inside, { base: 'main' })).migrations).toHaveLength(1);
});
