// Schemas as tenants: lists of them, what is refused before anything runs, failures half-way, and processes.
import { afterEach, expect, test, vi } from 'vitest';
import type { TenantsConfig } from '../../lib/config/tenants.ts';
import type { TenantsPlan } from '../../lib/tenants/change.ts';
import { listTenants } from '../../lib/tenants/list.ts';
import { tenantsRollback } from '../../lib/tenants/rollback.ts';
import { tenantsStatus } from '../../lib/tenants/status.ts';
import { type TenantsSyncReport, tenantsSync } from '../../lib/tenants/sync.ts';
import { failure } from '../failure.ts';
import { userSession } from '../servers/session.ts';
import { type Fleet, openFleet } from './fleet.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

let fleet: Fleet;
afterEach(() => fleet.drop());

const all = { env: 'shops', yes: true, force: true };
const rows = <Row extends object>(sql: string) => fleet.rows<Row>('db', sql);
const place = () => `url: '${fleet.url('db')}'`;
const states = ({ tenants }: Pick<TenantsSyncReport, 'tenants'>) => tenants.map(({ state }) => state);

/** A database with these schemas. */
async function open(schemas: readonly string[], rule = `schemas: 'tenant_*'`, more = ''): Promise<void> {
  fleet = await openFleet(['db']);
  for (const name of schemas) await rows(`create schema ${name}`);
  fleet.configure(`${place()}, ${rule}`, more);
}

test('a list of schemas: names and patterns, never the schemas of the system, of ledgers and public', async () => {
  await open(['tenant_a', 'tenant_b', 'acme', 'pgmage']);
  await rows('create schema "pgmage:acme"');
  const target = { name: 'shops', url: fleet.url('db'), protected: false };
  const names = async (rule: TenantsConfig) => (await listTenants({ target, rule })).map(({ name }) => name);
  expect(await names({ schemas: '*' })).toEqual(['acme', 'tenant_a', 'tenant_b']);
  expect(await names({ schemas: ['tenant_*', 'acme'], canary: 'tenant_b' })).toEqual([
    'tenant_b',
    'acme',
    'tenant_a',
  ]);
  expect(await names({ schemas: 'tenant_a' })).toEqual(['tenant_a']);
  expect(await names({ schemas: '*', except: 'tenant_*' })).toEqual(['acme']);
  for (const [rule, words] of [
    [{ schemas: 'shop_*' }, 'no schema is named shop_*'],
    [{ schemas: 'public' }, 'no schema is named public'],
    [{ schemas: ['acme', 'missing'] }, 'it has no schema missing for a tenant'],
    [{ schemas: 'acme', canary: 'b' }, 'the canary b is none of its 1 tenant'],
    [
      { schemas: 'tenant_*', except: 'tenant_aa' },
      'except has tenant_aa, but no schema has this name. Did you mean tenant_a or tenant_b?',
    ],
    [{ schemas: 'tenant_*', except: '*' }, 'each schema named tenant_* is in except'],
    [{ schemas: ['acme', 'tenant_a'], except: 'acme' }, 'the schema acme is in schemas and in except'],
  ] as const) {
    const problem = await failure(names(rule));
    expect([problem.code, problem.message]).toEqual([
      'bad_tenants',
      `Cannot list the tenants of shops: ${words}`,
    ]);
  }
});

test('names that look the same are two tenants, and refused for themselves alone', async () => {
  await open(['tenant_a', '"tenant_\u0001"', '"tenant_\u0002"', '"tenant_b "']);
  await using workspace = await fleet.open();
  const { tenants } = await tenantsStatus(workspace, { env: 'shops' });
  expect(tenants.map(({ state, problem }) => [state, problem?.code])).toEqual([
    ['failed', 'tenant_name'],
    ['failed', 'tenant_name'],
    ['out_of_sync', undefined],
    ['out_of_sync', undefined],
  ]);
});

test.each([
  ['create schema audit; create table users (id int)', 'outside_schema', /outside of public: SCHEMA audit$/],
  ['create extension citext; create table users (id int)', 'outside_schema', /EXTENSION citext/],
  [
    'create table users (id int); grant usage on schema public to postgres',
    'outside_schema',
    /SCHEMA public/,
  ],
  [
    'create table users (id int); create view v as select public.id from users public',
    'unclear_schema',
    /public is not the name of a schema there/,
  ],
  [
    `create table users (id int);\ncreate function f() returns void language plpgsql as $$begin
  execute 'drop table public.users'; end$$;`,
    'unclear_schema',
    /schema\/schema\.sql for a tenant's schema: a text names public, for example in dynamic SQL$/,
  ],
])('refused before anything runs: %s', async (schema, code, words) => {
  await open(['tenant_a', 'tenant_b']);
  fleet.want(schema);
  await using workspace = await fleet.open();
  const problem = await failure(tenantsSync(workspace, all, undefined));
  expect(problem).toMatchObject({ code });
  expect(problem.message).toMatch(words);
  if (schema.includes('execute')) expect(problem.where).toMatchObject({ line: 3, column: 11 });
  expect(await rows(`select from pg_namespace where nspname ~ '^pgmage'`)).toEqual([]);
  expect(await rows(`select from pg_class where relname = 'users'`)).toEqual([]);
});

test('names in a tenant that are those of the written schema are another schema, and drift', async () => {
  await open(['tenant_a', 'tenant_b']);
  fleet.want('create table users (id int primary key); create view v as select id from users;');
  await using workspace = await fleet.open();
  await tenantsSync(workspace, all, undefined);
  await rows('create table public.users (id int primary key)');
  await rows('create or replace view tenant_b.v as select id from public.users');
  const found = await tenantsStatus(workspace, { env: 'shops' });
  expect(states(found)).toEqual(['in_sync', 'drifted']);
  // Of an object in another schema that uses a tenant's, the server says so.
  await rows('create view public.all_users as select id from tenant_a.users');
  expect(states(await tenantsStatus(workspace, { env: 'shops' }))).toEqual(['in_sync', 'drifted']);
  const undone = await tenantsRollback(workspace, { ...all, keepGoing: true }, undefined);
  expect(undone.tenants[0]?.problem?.message).toMatch(
    /cannot drop table users because other objects depend on it/,
  );
});

test('a statement that fails is shown at its place in the file; sizes are those of the tenants', async () => {
  await open(['tenant_a', 'tenant_b']);
  await using workspace = await fleet.open();
  await tenantsSync(workspace, all, undefined);
  await rows(
    `insert into tenant_a.users select at, 'x' from generate_series(1, 100) at; analyze tenant_a.users`,
  );
  await rows(
    `insert into tenant_b.users select at, 'x' from generate_series(1, 50) at; analyze tenant_b.users`,
  );
  fleet.want('create table users (id int primary key);');
  const asked: TenantsPlan[] = [];
  await tenantsSync(workspace, { env: 'shops', force: true }, async (plan) => asked.push(plan) < 0);
  expect(asked[0]?.cautions).toContainEqual({
    hazard: 'deletes_data',
    sql: expect.stringContaining('DROP COLUMN name'),
    tenants: 2,
    table: { name: 'users', rows: 150, bytes: expect.any(Number) },
  });
  fleet.want('create table users (id int primary key, name text);');
  fleet.project.write({
    'migrations/20990101000000_by_hand.sql': `-- Up Migration\nupdate public.users set name = 'ü' || public.users.name;
select 1 from public.users where public.users.name = public.users.nothing;\n`,
  });
  const failed = await failure(tenantsSync(workspace, all, undefined));
  expect(failed.where).toMatchObject({ file: expect.stringContaining('by_hand'), line: 3 });
});

test("names without a schema in migrations by hand are the tenant's, also outside of transactions", async () => {
  await open(['tenant_a', 'tenant_b']);
  await using workspace = await fleet.open();
  await tenantsSync(workspace, all, undefined);
  await rows('create table public.users (id int, name text)');
  fleet.want(`create table users (id int primary key, name text); create table logs (at timestamptz);
    create index users_name on users (name);`);
  fleet.project.write({
    'migrations/20980101000000_logs.sql': `-- Up Migration\ncreate table logs (at timestamptz);
set local search_path to public;\ninsert into users values (1, 'x');\n-- Down Migration\ndelete from users;\ndrop table logs;\n`,
    'migrations/20990101000000_names.sql': `-- Transaction: none\n-- Up Migration\ncreate index concurrently users_name on users (name);
-- Down Migration\ndrop index concurrently users_name;\n`,
  });
  const done = await tenantsSync(workspace, all, undefined);
  expect(done.tenants.map(({ problem }) => problem)).toEqual([null, null]);
  expect(states(await tenantsStatus(workspace, { env: 'shops' }))).toEqual(['in_sync', 'in_sync']);
  const counts = `select (select count(*) from tenant_a.users)::int as a,
    (select count(*) from tenant_b.users)::int as b, (select count(*) from public.users)::int as outside`;
  expect(await rows(counts)).toEqual([{ a: 1, b: 1, outside: 0 }]);
  await rows(`insert into public.users values (7, 'stays')`);
  const undone = await tenantsRollback(workspace, { ...all, version: '0' }, undefined);
  expect(undone.tenants.map(({ problem }) => problem)).toEqual([null, null]);
  expect(await rows('select id from public.users')).toEqual([{ id: 7 }]);
});

test('a migration that fails half-way in one tenant is finished by the next run', async () => {
  await open(['tenant_a', 'tenant_b', 'tenant_c'], `schemas: 'tenant_*'`, 'lockTimeout: 50');
  await using workspace = await fleet.open();
  await tenantsSync(workspace, all, undefined);
  fleet.want(
    'create table users (id int primary key check (id > 0), name text); create index names on users (name);',
  );
  const reader = await userSession({ url: fleet.url('db'), applicationName: 'reader' });
  await reader.execute('begin; lock table tenant_b.users in access share mode');
  const stopped = await tenantsSync(workspace, { ...all, jobs: 1 }, undefined);
  await reader.execute('commit');
  await reader.close();
  expect(states(stopped)).toEqual(['changed', 'half_way', 'not_begun']);
  const status = await tenantsStatus(workspace, { env: 'shops' });
  expect(states(status)).toEqual(['in_sync', 'half_way', 'behind']);
  const resumed = await tenantsSync(workspace, all, undefined);
  expect(states(resumed)).toEqual(['in_sync', 'changed', 'changed']);
  const valid = await rows(`select from pg_index i join pg_class c on c.oid = i.indexrelid
    where c.relname = 'names' and indisvalid`);
  expect(valid).toHaveLength(3);
});

test('by processes; a command for whole databases refuses one tenant', async () => {
  await open(['tenant_a', 'tenant_b']);
  const synced = await fleet.pgmage('db:sync --env shops --yes');
  expect([synced.code, synced.out]).toEqual([0, expect.stringContaining('2 tenants: 2 done.')]);
  expect((await fleet.pgmage('db:status --env shops --check')).code).toBe(0);
  expect((await fleet.pgmage('db:verify --env shops:tenant_b')).code).toBe(0);
  const one = await fleet.pgmage('db:status --env shops:tenant_b');
  expect(one.out).toMatch(/Remote Schema: shops:tenant_b {2}\(postgres:.*, schema tenant_b\)/);
  await rows('alter table tenant_b.users add column by_hand int');
  const diff = await fleet.pgmage('db:diff --from shops:tenant_a --to shops:tenant_b');
  expect(diff.out).toContain('+ ALTER TABLE users ADD COLUMN by_hand integer');
  for (const words of [
    'db:clone --from shops:tenant_a --to shops:tenant_b --confirm shops:tenant_b --yes',
    'db:backup --env shops:tenant_a',
    'db:push --env shops:tenant_a --yes',
    'data:diff --from shops:tenant_a --to shops:tenant_b',
    'data:sync --from shops:tenant_a --to shops:tenant_b --yes',
  ]) {
    const { code, log } = await fleet.pgmage(words);
    expect([words, code, log]).toEqual([words, 64, expect.stringContaining('is one schema of a database')]);
  }
});
