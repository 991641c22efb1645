// The file of db:plan --out: nothing of it is believed that db:plan does not write.
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { planSync } from '../../lib/commands/plan.ts';
import { sync } from '../../lib/commands/sync.ts';
import { syncPlan } from '../../lib/commands/sync-plan.ts';
import { digestPlan } from '../../lib/migrate/plan-file.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { derive } from '../project/workspace.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

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
  own.want('create table users (id int primary key, note text);');
  await sync(own.context, { yes: true, env: 'local', name: 'base' }, undefined);
  await rowsOf(database.url, `insert into users values (1, 'x')`);
  own.want('create table users (id int primary key);');
});
afterEach(async () => {
  own.drop();
  await database.drop();
});

const planned = (out = 'plan.json') => planSync(own.context, { env: 'local', out });
const path = (name = 'plan.json') => join(own.context.project.root, name);
const apply = (input = {}) => syncPlan(own.context, 'plan.json', { env: 'local', ...input }, undefined);

test('a plan that is not there: the hint names the command that writes it', async () => {
  expect(await failure(apply({ yes: true }))).toMatchObject({
    code: 'missing_file',
    hint: 'Correct the path, or write the file: db:plan --env NAME --out plan.json.',
  });
});

type Plan = Record<string, unknown> & { options: Record<string, unknown> };

/** Edits a plan, and makes its digest again, as everybody can. */
function forge(text: string, edit: (plan: Plan) => void): void {
  const { plan, ...rest } = JSON.parse(text);
  edit(plan);
  writeFileSync(path(), JSON.stringify({ ...rest, plan, checksum: digestPlan(plan) }));
}

test('a plan with a new digest switches no option on', async () => {
  await planned();
  const text = readFileSync(path(), 'utf8');
  for (const more of [
    { force: true },
    { yes: true, force: true },
    { baseline: true },
    { env: 'prod' },
    { dryRun: true },
    { online: 'no' },
    { name: 1 },
    { rename: 'users.note=text' },
  ]) {
    forge(text, (plan) => Object.assign(plan.options, more));
    expect(await failure(apply({ yes: true })), JSON.stringify(more)).toMatchObject({
      code: 'bad_plan',
      message: expect.stringContaining(`its 'options' is not as db:plan writes it`),
    });
  }
  expect(await rowsOf(database.url, 'select note from users')).toEqual([{ note: 'x' }]);
  expect(own.files()).toHaveLength(1);
});

test('a plan without one of its members, or with another value for it, is no plan', async () => {
  await planned();
  const text = readFileSync(path(), 'utf8');
  const members = Object.keys(JSON.parse(text).plan);
  expect(members).toHaveLength(8);
  for (const member of members)
    for (const value of [undefined, null, 1, [1], [{}], { more: 1 }]) {
      forge(text, (plan) => Object.assign(plan, { [member]: value }));
      expect((await failure(apply({ yes: true, force: true }))).code, `${member}: ${value}`).toBe('bad_plan');
    }
  forge(text, (plan) => Object.assign(plan, { yes: true }));
  expect((await failure(apply())).message).toContain(`its 'yes' is not`);
});

test('a plan replaces an earlier plan, and no other file', async () => {
  await planned();
  const first = readFileSync(path(), 'utf8');
  expect(statSync(path()).mode & 0o777).toBe(0o600);
  await planned();
  expect(readFileSync(path(), 'utf8')).not.toBe(first);
  symlinkSync(path('schema.sql'), path('link.json'));
  writeFileSync(path('package.json'), '{"name":"shop"}');
  mkdirSync(path('folder'));
  for (const name of ['schema.sql', 'link.json', 'package.json', 'folder'])
    expect(await failure(planned(name))).toMatchObject({
      code: 'not_generated',
      message: `${name} exists, and db:plan did not write it`,
    });
  expect(readFileSync(path('schema.sql'), 'utf8')).toContain('create table users');
  expect(readFileSync(path('package.json'), 'utf8')).toBe('{"name":"shop"}');
  expect((await failure(planned('none/plan.json'))).code).toBe('unwritable_file');
});

test('an address in the parameters of a URL is a part of the plan, a password there is not', async () => {
  const at = (parameters: Record<string, string>) => {
    const url = new URL(database.url);
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    const environment = async (name = 'local') => ({ name, url: url.href, protected: false });
    return derive(own.context, { environment });
  };
  const dbname = decodeURIComponent(new URL(database.url).pathname.slice(1));
  const here = at({ dbname, application_name: 's3cret' });
  await planSync(here, { env: 'local', out: 'plan.json' });
  expect(readFileSync(path(), 'utf8')).not.toContain('s3cret');
  const to = { env: 'local', yes: true, force: true };
  for (const other of [{ dbname: 'postgres' }, { dbname, port: '1' }, { dbname, host: '127.0.0.9' }])
    expect(await failure(syncPlan(at(other), 'plan.json', to, undefined))).toMatchObject({
      code: 'plan_moved',
      message: expect.stringContaining(`?${new URLSearchParams(other)} instead of`),
    });
  expect((await syncPlan(here, 'plan.json', to, undefined)).applied).toHaveLength(1);
});
