// Pending migrations that need what the target's server does not have.
import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { sync } from '../../lib/commands/sync.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

const yes = { yes: true, force: true } as const;
const base = 'create table t (a int primary key);';
let cache: string;
let own: Project;
let database: Database;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));
beforeEach(async () => {
  database = await freshDatabase(anyServer());
  // Only the embedded shadow accepts extensions that it does not have.
  own = project(database.url, cache);
  own.want(base);
  await sync(own.context, yes, undefined);
});
afterEach(async () => {
  own.drop();
  await database.drop();
});

test('an extension that the target does not have is found before anything is written', async () => {
  own.want(`${base} create extension timescaledb; create extension hstore;`);
  const files = own.files();
  const refused = await failure(sync(own.context, yes, undefined));
  expect(refused).toMatchObject({
    code: 'unavailable_extensions',
    message: 'The server of local does not have the extensions timescaledb',
    hint: 'Nothing was written or changed. Install them there, or remove them from the schema.',
  });
  expect(own.files()).toEqual(files);
});

const lacks = [
  ['an extension', 'create extension timescaledb;', 'unavailable_extensions'],
  ['a role', 'grant select on t to lacking_reader;', 'missing_roles'],
] as const;

test.each(lacks)('a file that needs %s which the target lacks is written again', async (_, sql, code) => {
  own.want(`${base} ${sql}`);
  await generate(own.context);
  const [, dead] = own.files();
  own.want(`${base} create table u (a int);`);
  const refused = await failure(sync(own.context, yes, undefined));
  expect(refused.code).toBe(code);
  expect(refused.hint).toContain(`then run db:sync --replace: it writes migrations/${dead} again.`);
  expect(own.files()).toHaveLength(2);
  // On a terminal it is asked about.
  let told: unknown;
  const ask = async (plan: { replaced: unknown }) => {
    told = plan.replaced;
    return false;
  };
  expect((await sync(own.context, {}, ask)).applied).toBeNull();
  expect(told).toMatchObject({ files: [`migrations/${dead}`] });
  expect((await sync(own.context, { ...yes, replace: true }, undefined)).applied).toHaveLength(1);
  expect(own.files()).not.toContain(dead);
  expect(own.files()).toHaveLength(2);
});

test('an extension that only the run finds missing is named with its target', async () => {
  own.write(
    '20270101000000000_block.sql',
    `-- Up Migration
do $$begin execute 'create extension if not exists timescaledb'; end$$;
-- Down Migration
drop extension timescaledb;
`,
  );
  own.want(`${base} create extension timescaledb;`);
  const { code, hint } = await failure(sync(own.context, yes, undefined));
  expect(code).toBe('missing_extension');
  expect(hint).toBe(
    'Install the extension timescaledb on the server of local, or remove it from the schema.',
  );
  expect(await rowsOf(database.url, 'select from pg_extension where extname = $$timescaledb$$')).toEqual([]);
});
