// db:sync --plan --digest: the plan that was approved and no other, whatever the text of the schema is.
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { planSync } from '../../lib/commands/plan.ts';
import { type SyncPlan, sync } from '../../lib/commands/sync.ts';
import { syncPlan } from '../../lib/commands/sync-plan.ts';
import { resolveSchema } from '../../lib/project/schema-sources.ts';
import type { Workspace } from '../../lib/project/workspace.ts';
import { syncPlanText } from '../../lib/report/migrations.ts';
import { planText } from '../../lib/report/plan.ts';
import { planMarkdown } from '../../lib/report/plan-markdown.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { derive } from '../project/workspace.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

const paper = { width: 200, uncut: true, colour: false, now: new Date(0) };
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
  own.want(wanted);
});
afterEach(async () => {
  own.drop();
  await database.drop();
});

async function keep(workspace: Workspace = own.context): Promise<string> {
  const { out } = await planSync(workspace, { env: 'local', out: 'plan.json' });
  return out?.digest as string;
}

const apply = (input = {}, workspace: Workspace = own.context) =>
  syncPlan(workspace, 'plan.json', { yes: true, env: 'local', ...input }, undefined);
const tables = async () =>
  (await rowsOf(database.url, `select relname::text as name from pg_class where relname = 'users'`)).length;

test('the digest is in the text, in the comment, in the file and in the question', async () => {
  const report = await planSync(own.context, { env: 'local', out: 'plan.json' });
  const digest = report.out?.digest as string;
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  expect(planText(report, paper)).toContain(`Wrote plan.json, digest ${digest}`);
  expect(planMarkdown(report)).toContain(`<code>${digest}</code>`);
  expect(JSON.parse(readFileSync(join(own.context.project.root, 'plan.json'), 'utf8')).checksum).toBe(digest);
  const shown: SyncPlan[] = [];
  const decline = async (plan: SyncPlan) => {
    shown.push(plan);
    return false;
  };
  const declined = await syncPlan(own.context, 'plan.json', { env: 'local' }, decline);
  expect(declined).toMatchObject({ applied: null, approved: { file: 'plan.json', digest } });
  await syncPlan(own.context, 'plan.json', { env: 'local', yes: true }, { show: (plan) => shown.push(plan) });
  expect(shown.map((plan) => syncPlanText(plan, paper))).toEqual([
    expect.stringContaining(`Plan plan.json, digest ${digest}\n`),
    expect.stringContaining(`Plan plan.json, digest ${digest}\n`),
  ]);
  const plain = await sync(own.context, { env: 'local', yes: true }, undefined);
  expect(plain.approved).toBe(undefined);
});

test('a plan with another digest is refused before the target is read', async () => {
  const first = await keep();
  const second = await keep();
  expect(second).not.toBe(first);
  const nowhere = derive(own.context, { environment: () => Promise.reject(new Error('was asked')) });
  expect(await failure(apply({ digest: first }, nowhere))).toMatchObject({
    code: 'bad_plan',
    message: `plan.json cannot be applied: its digest is ${second}, and --digest names ${first}`,
  });
  expect(await tables()).toBe(0);
  expect(await apply({ digest: second })).toMatchObject({
    applied: [expect.any(String)],
    approved: { file: 'plan.json', digest: second },
  });
});

test('a digest that is empty or cut refuses any plan, and needs one', async () => {
  const digest = await keep();
  for (const bad of ['', ' ', digest.slice(0, 12), digest.toUpperCase(), `${digest}0`])
    expect(await failure(apply({ digest: bad })), bad).toMatchObject({ code: 'bad_option' });
  for (const given of [digest, ''])
    expect(
      await failure(syncPlan(own.context, undefined, { digest: given, yes: true }, undefined)),
    ).toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining('--plan, which is missing'),
    });
  expect(await tables()).toBe(0);
});

// As pg_dump prints a schema: a key of its own in each run, and a comment with the time.
const dump = (sql: string) => `const key = require('node:crypto').randomBytes(20).toString('hex');
console.log('\\\\restrict ' + key + '\\n-- Dumped at ' + new Date().toISOString() + ' ' + process.hrtime.bigint());
console.log(${JSON.stringify(sql)});
console.log('\\\\unrestrict ' + key);`;

function from(sql: string): Workspace {
  const source = { command: [process.execPath, '-e', dump(sql)] as const };
  return derive(
    own.context,
    resolveSchema(source, (path) => path),
  );
}

test('a command whose text differs in each run moves no plan, and one whose schema differs does', async () => {
  const digest = await keep(from(wanted));
  const moved = await failure(apply({ digest }, from(`${wanted} create view v as select 1 as a;`)));
  expect(moved).toMatchObject({
    code: 'plan_moved',
    message: expect.stringContaining('the wanted schema changed'),
    hint: expect.stringContaining('Make a new plan (db:plan --env local --out plan.json), and'),
  });
  expect(await tables()).toBe(0);
  const { applied } = await apply({ digest }, from(wanted));
  expect(applied).toHaveLength(1);
  expect(await tables()).toBe(1);
});

test('comments and blanks of the schema files move no plan, the order of columns does', async () => {
  await keep();
  // A new migration would make them in this order.
  own.want('create table users (email text, id bigint primary key);');
  expect((await failure(apply())).code).toBe('plan_moved');
  own.want(`-- a comment\n${wanted.replaceAll(' ', '  ')}\n`);
  expect((await apply()).applied).toHaveLength(1);
});
