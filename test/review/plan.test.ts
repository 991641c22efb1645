// db:plan and db:sync --plan: exactly what was approved is applied, or nothing.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { planSync } from '../../lib/commands/plan.ts';
import { rollback } from '../../lib/commands/rollback.ts';
import { sync } from '../../lib/commands/sync.ts';
import { syncPlan } from '../../lib/commands/sync-plan.ts';
import { Problem } from '../../lib/problem/problem.ts';
import { syncText } from '../../lib/report/migrations.ts';
import { planText } from '../../lib/report/plan.ts';
import { planMarkdown } from '../../lib/report/plan-markdown.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { derive } from '../project/workspace.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

const yes = { yes: true, force: true, env: 'local' } as const;
const old = 'create table users (id int primary key, note text);';
const wanted = 'create table users (id bigint primary key, email text);';
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
  own.want(old);
  await sync(own.context, { ...yes, name: 'base' }, undefined);
  await rowsOf(database.url, `insert into users select n, 'x' from generate_series(1, 2000) n`);
  own.want(wanted);
});
afterEach(async () => {
  own.drop();
  await database.drop();
});

const planned = () => planSync(own.context, { env: 'local', out: 'plan.json' });
const apply = (input = {}) => syncPlan(own.context, 'plan.json', { ...yes, ...input }, undefined);
const path = () => join(own.context.project.root, 'plan.json');
const columns = async () => {
  const sql = `select attname::text as name from pg_attribute where attrelid = 'users'::regclass and attnum > 0
    and not attisdropped order by attnum`;
  return (await rowsOf(database.url, sql)).map(({ name }) => name);
};

test('a plan has changes, SQL up and down, stamp, hazards with sizes, losses, and writes no migration', async () => {
  const report = await planned();
  expect(own.files()).toHaveLength(1);
  expect(report).toMatchObject({
    target: { name: 'local' },
    blocked: null,
    drift: [],
    out: { file: 'plan.json' },
  });
  expect(report.changes.map(({ kind }) => kind).sort()).toEqual(['column', 'column', 'column']);
  expect(report.migrations).toMatchObject([
    { isNew: true, up: expect.stringContaining('bigint'), down: expect.stringContaining('integer') },
  ]);
  expect(report.migrations[0]?.stamp?.is).toBe('lossy');
  expect(report.cautions).toContainEqual({
    hazard: 'rewrites_table',
    sql: expect.stringContaining('TYPE bigint'),
    table: { name: 'users', rows: expect.toBeOneOf([2000, null]), bytes: expect.any(Number) },
  });
  expect(report.losses).toEqual([expect.stringContaining('DROP COLUMN note')]);
  const text = planText(report, { width: 80, uncut: true, colour: false, now: new Date(0) });
  expect(text).toContain('(not written yet)');
  const markdown = planMarkdown(report);
  expect(markdown.startsWith('<!-- pgmage:plan local -->\n')).toBe(true);
  for (const part of [
    'DROP COLUMN note',
    'rewrites the whole table',
    '```sql',
    'Down:',
    report.out?.digest.slice(0, 8),
  ])
    expect(markdown).toContain(part);
});

test('an approved plan is applied: the same migration, byte by byte', async () => {
  const { migrations, out } = await planned();
  const [kept] = JSON.parse(readFileSync(path(), 'utf8')).plan.migrations;
  const { applied } = await apply();
  expect(applied).toEqual([migrations[0]?.name]);
  expect(own.read(own.files()[1] as string)).toBe(kept.text);
  expect(await columns()).toEqual(['id', 'email']);
  expect(out?.digest).toMatch(/^[0-9a-f]{64}$/);
  // A job that runs again.
  const again = await apply();
  expect(again).toMatchObject({ applied: [], written: [], pending: [] });
  expect(syncText(again, { width: 80, uncut: true, colour: false, now: new Date(0) })).toBe(
    'All migrations of plan.json are applied already: nothing is left to do.\nlocal is in sync.',
  );
});

test('a job that waited for an answer while another one applied the plan finds it applied', async () => {
  await generate(own.context);
  await planned();
  const first = syncPlan(own.context, 'plan.json', { env: 'local', force: true }, async () => {
    expect((await apply()).applied).toHaveLength(1);
    return true;
  });
  expect((await first).applied).toEqual([]);
});

test.each([
  [
    'another migration came after it',
    async () => {
      own.want(`${wanted} create view v as select 1 as a;`);
      await sync(own.context, yes, undefined);
    },
    /applied already, and it is not all that changed\n.*the wanted schema changed/,
  ],
  [
    'a file that is not applied came after it',
    () => own.write('20990101000000000_x.sql', '-- Up Migration\n\nselect 1;\n'),
    /folder of migrations changed/,
  ],
  ['the schema files changed', () => own.want(`${wanted} create view v as select 1 as a;`), /wanted schema/],
  ['the target drifted', () => rowsOf(database.url, 'create table extra (a int)'), /drifted|extra/],
  [
    'its migration was undone and applied with another after it',
    async () => {
      await rollback(own.context, yes, undefined);
      rmSync(join(own.context.project.migrations, own.files()[1] as string));
      await sync(own.context, { ...yes, name: 'another' }, undefined);
    },
    /other migrations are applied/,
  ],
] as const)('an applied plan is refused where %s', async (_, move, message) => {
  await planned();
  await apply();
  await move();
  const before = own.files();
  const refused = await failure(apply());
  expect(['plan_moved', 'drifted']).toContain(refused.code);
  expect(refused.message).toMatch(message);
  expect(own.files()).toEqual(before);
});

test('a plan of written migrations is applied as well, and losses need --force as ever', async () => {
  await generate(own.context);
  await planned();
  expect((await failure(apply({ force: false }))).code).toBe('data_loss_refused');
  expect(await columns()).toEqual(['id', 'note']);
  expect((await apply()).applied).toHaveLength(1);
});

test.each([
  [
    'the schema of the target',
    () => rowsOf(database.url, 'create table extra (a int)'),
    /drifted|schema of the target/,
  ],
  [
    'the schema files',
    () => own.want(`${wanted} create view v as select 1 as a;`),
    /the wanted schema changed/,
  ],
  [
    'the folder of migrations',
    () => own.write('20990101000000000_x.sql', '-- Up Migration\n\nselect 1;\n'),
    /folder of migrations changed/,
  ],
  [
    'the applied migrations',
    async () => {
      await generate(own.context);
      await planned();
      await sync(own.context, yes, undefined);
      own.want(`${wanted} create view v as select 1 as a;`);
      await sync(own.context, yes, undefined);
    },
    /its migrations are applied already, and it is not all that changed/,
  ],
] as const)('a plan is refused after %s changed', async (_, move, message) => {
  await planned();
  await move();
  const before = own.files();
  const refused = await failure(apply());
  expect(['plan_moved', 'drifted']).toContain(refused.code);
  expect(refused.message).toMatch(message);
  expect(own.files()).toEqual(before);
});

test('a plan that was edited is refused, also with a new digest', async () => {
  await planned();
  const text = readFileSync(path(), 'utf8');
  writeFileSync(path(), text.replace('bigint', 'numeric'));
  expect((await failure(apply())).message).toContain('it was edited');
  const { plan, ...rest } = JSON.parse(text);
  plan.migrations[0].text = plan.migrations[0].text.replaceAll('bigint', 'numeric');
  const { digestPlan } = await import('../../lib/migrate/plan-file.ts');
  writeFileSync(path(), JSON.stringify({ ...rest, plan, checksum: digestPlan(plan) }));
  const refused = await failure(apply());
  expect(refused).toMatchObject({ code: 'plan_moved' });
  expect(refused.message).toContain('the migrations are no longer those of the plan');
  for (const broken of ['', '[]', 'null', '{"format":"pgmage plan 1"}', '{"format":"pgmage plan 2"}']) {
    writeFileSync(path(), broken);
    expect((await failure(apply())).code).toBe('bad_plan');
  }
  expect(await columns()).toEqual(['id', 'note']);
  expect(own.files()).toHaveLength(1);
});

test('a plan is for one target, and holds no password', async () => {
  await planned();
  const password = new URL(database.url).password;
  const text = readFileSync(path(), 'utf8');
  if (password !== '') expect(text).not.toContain(password);
  expect(text).not.toContain('postgres://postgres:');
  expect(await failure(apply({ baseline: true }))).toMatchObject({ code: 'bad_option' });
  const other = await failure(syncPlan(own.context, 'plan.json', { yes: true, env: 'staging' }, undefined));
  expect(other).toMatchObject({ code: 'bad_option' });
  const elsewhere = derive(own.context, {
    environment: async (name = 'local') => ({ name, url: 'postgres://127.0.0.1:1/x', protected: false }),
  });
  const moved = await failure(syncPlan(elsewhere, 'plan.json', yes, undefined));
  expect(moved.message).toContain('local leads to postgres://127.0.0.1:1/x instead of');
});

test('drift and a denied policy are a part of the plan, which cannot be kept then', async () => {
  await rowsOf(database.url, 'create table extra (a int)');
  const report = await planSync(own.context, { env: 'local' });
  expect(report.blocked?.code).toBe('drifted');
  expect(report.drift).toEqual(['added TABLE extra']);
  expect(planMarkdown(report)).toContain('**db:sync would refuse** (<code>drifted</code>)');
  const refused = await failure(planned());
  expect(refused).toMatchObject({ code: 'drifted', exitCode: 1 });
  expect(refused.hint).toContain('db:pull --drift');
  expect(existsSync(path())).toBe(false);
  await rowsOf(database.url, 'drop table extra');
  const denied = derive(own.context, { policy: { deletes_data: 'deny' } });
  const plan = await planSync(denied, { env: 'local' });
  expect(plan.blocked?.code).toBe('policy_denied');
  expect(plan.migrations).toHaveLength(1);
  expect((await planSync(denied, {})).blocked?.code).toBe('policy_denied');
});

test('without a target the files alone are read: what is not in a commit is new', async () => {
  const nowhere = derive(own.context, {
    environment: () => Promise.reject(new Problem('unknown_environment', { name: 'local', known: [] })),
  });
  expect((await planSync(nowhere)).migrations).toMatchObject([{ isNew: true }]);
  const root = own.context.project.root;
  const git = (...words: string[]) =>
    execFileSync('git', ['-C', root, '-c', 'user.name=a', '-c', 'user.email=a@b', ...words]);
  git('init', '-q', '-b', 'main');
  git('add', 'migrations', 'schema.sql');
  git('commit', '-q', '-m', 'base');
  await generate(own.context);
  const report = await planSync(nowhere, { base: 'main' });
  expect(report).toMatchObject({ target: null, migrations: [{ isNew: false }], blocked: null });
  expect(report.cautions.find(({ hazard }) => hazard === 'rewrites_table')?.table).toBe(null);
  expect(report.losses).toHaveLength(1);
  expect((await planSync(nowhere)).migrations).toEqual([]);
  expect((await failure(planSync(nowhere, { base: '--output=x' }))).code).toBe('bad_option');
  expect((await failure(planSync(nowhere, { base: 'nothing' }))).message).toContain('nothing');
});
