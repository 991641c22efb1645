// Schemas of another program that tables of tenants, or of a whole database, refer to.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { sync } from '../../lib/commands/sync.ts';
import { verify } from '../../lib/commands/verify.ts';
import { checkConfig } from '../../lib/config/check.ts';
import { listWatched } from '../../lib/project/schema-sources.ts';
import type { TenantsReport } from '../../lib/tenants/report.ts';
import { tenantsRollback } from '../../lib/tenants/rollback.ts';
import { tenantsStatus } from '../../lib/tenants/status.ts';
import { tenantsSync } from '../../lib/tenants/sync.ts';
import { tenantsVerify } from '../../lib/tenants/verify.ts';
import { failure } from '../failure.ts';
import { type Fleet, openFleet } from './fleet.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

let fleet: Fleet;
afterEach(() => fleet.drop());

const all = { env: 'shops', yes: true, force: true };
const rows = <Row extends object>(sql: string) => fleet.rows<Row>('db', sql);
const states = ({ tenants }: TenantsReport) => tenants.map(({ state }) => state);
const problems = ({ tenants }: TenantsReport) => tenants.map(({ problem }) => problem?.code ?? null);

const shared = `create schema shared;
create type shared.level as enum ('free', 'paid');
create table shared.plans (id int primary key, name text not null, level shared.level);
create function shared.price(plan int) returns numeric language sql stable
  as 'select id * 1.5 from shared.plans where id = plan';
create function shared.touch() returns trigger language plpgsql as 'begin return new; end';
`;
const wanted = `create table subscriptions (id int primary key, plan int not null references shared.plans,
  level shared.level default 'free', price numeric default shared.price(1));
create index levels on subscriptions (level);
create view named as select s.id, p.name from subscriptions s join shared.plans p on p.id = s.plan;
create function plan_name(a int) returns text language sql stable
  as 'select p.name from shared.plans p join public.subscriptions s on s.plan = p.id where s.id = a';
create trigger touching before insert on subscriptions for each row execute function shared.touch();
`;

/** A database with tenants, and one without, of a schema that refers to another one. */
async function open(...schemas: string[]): Promise<void> {
  fleet = await openFleet(['db', 'whole']);
  for (const name of schemas) await rows(`create schema ${name}`);
  fleet.configure(
    `url: '${fleet.url('db')}', schemas: 'tenant_*' }, local: { url: '${fleet.url('whole')}'`,
    `external: { shared: 'shared.sql' }`,
  );
  fleet.project.write({ 'shared.sql': shared });
  fleet.want(wanted);
}

test('tables of tenants refer to tables, types and functions that all of them share', async () => {
  await open('tenant_a', 'tenant_b');
  await rows(`${shared} insert into shared.plans values (1, 'basic', 'free')`);
  await using workspace = await fleet.open();
  const done = await tenantsSync(workspace, all, undefined);
  expect([problems(done), states(done)]).toEqual([
    [null, null],
    ['changed', 'changed'],
  ]);
  expect(states(await tenantsStatus(workspace, { env: 'shops' }))).toEqual(['in_sync', 'in_sync']);
  await rows('insert into tenant_b.subscriptions values (7, 1)');
  expect(await rows('select * from tenant_b.named')).toEqual([{ id: 7, name: 'basic' }]);
  expect(await rows('select tenant_b.plan_name(7) as name')).toEqual([{ name: 'basic' }]);
  await expect(rows('insert into tenant_b.subscriptions values (8, 2)')).rejects.toThrow(/plan_fkey/);

  // The other program goes on: what was sealed stays as it was.
  const more = `${shared} alter table shared.plans add column sold boolean; create table shared.extra (id int);`;
  fleet.project.write({ 'shared.sql': more });
  await rows('alter table shared.plans add column sold boolean; create table shared.unknown (id int)');
  fleet.want(`${wanted} create view sold as select id from shared.plans where sold;`);
  expect(problems(await tenantsSync(workspace, all, undefined))).toEqual([null, null]);
  const verified = await tenantsVerify(workspace, { env: 'shops' });
  expect([verified.sound, verified.checks.flatMap(({ faults }) => faults)]).toEqual([true, []]);
  const { code } = await fleet.pgmage('db:pull --env shops:tenant_a --out pulled.sql');
  const pulled = readFileSync(join(fleet.project.root, 'pulled.sql'), 'utf8');
  expect([code, /shared\.plans/.test(pulled), /CREATE (TABLE|TYPE|SCHEMA) shared/.test(pulled)]).toEqual([
    0,
    true,
    false,
  ]);
  const types = await fleet.pgmage('db:types');
  expect([types.code, types.out]).toEqual([0, expect.not.stringContaining('Plans')]);
  expect((await fleet.pgmage('db:docs')).code).toBe(0);

  const undone = await tenantsRollback(workspace, { ...all, version: '0' }, undefined);
  expect(problems(undone)).toEqual([null, null]);
  expect(await rows('select name from shared.plans')).toEqual([{ name: 'basic' }]);
});

test('a whole database refers to them, too, and its own state of them is no drift', async () => {
  await open();
  await fleet.rows('whole', `${shared} alter table shared.plans add column other int`);
  await using workspace = await fleet.open();
  const { applied } = await sync(workspace, { env: 'local', yes: true }, undefined);
  expect(applied).toHaveLength(1);
  expect((await fleet.pgmage('db:status --env local --check')).code).toBe(0);
  expect((await verify(workspace, { env: 'local' })).sound).toBe(true);
  fleet.want(wanted.replace('price numeric default shared.price(1)', 'price numeric'));
  expect((await sync(workspace, { env: 'local', yes: true }, undefined)).applied).toHaveLength(1);
  expect(listWatched(workspace.project)).toContain(join(fleet.project.root, 'shared.sql'));
});

test('a tenant is refused before anything runs where the schema lacks, or others can change it', async () => {
  await open('tenant_a');
  await using workspace = await fleet.open();
  const refused = await tenantsSync(workspace, all, undefined);
  expect(refused.tenants[0]?.problem).toMatchObject({
    code: 'missing_external',
    message: expect.stringMatching(/lacks schemas that tenants share: shared$/),
  });
  await rows(shared);
  await rows('create role external_evil').catch(() => undefined);
  await rows('alter function shared.touch() owner to external_evil');
  const unsafe = await tenantsSync(workspace, all, undefined);
  expect(unsafe.tenants[0]?.problem).toMatchObject({
    code: 'unsafe_schema',
    message: expect.stringMatching(/objects of the schema shared, .*: external_evil$/),
  });
  expect(await rows(`select from pg_namespace where nspname ~ '^pgmage'`)).toEqual([]);
  await rows('drop owned by external_evil cascade');
});

test('without a file, the message says so; objects of other schemas are refused with what to do', async () => {
  await open('tenant_a');
  fleet.configure(`url: '${fleet.url('db')}', schemas: 'tenant_*'`);
  fleet.want(`${shared} ${wanted}`);
  await using workspace = await fleet.open();
  const outside = await failure(tenantsSync(workspace, all, undefined));
  expect([outside.code, outside.hint]).toEqual([
    'outside_schema',
    expect.stringMatching(/name its schema and the file that creates it as external in pgmage.config/),
  ]);
  fleet.configure(`url: '${fleet.url('db')}', schemas: 'tenant_*'`, `external: { shared: 'gone.sql' }`);
  const gone = await fleet.pgmage('db:sync --env shops --yes');
  expect([gone.code > 0, gone.log]).toEqual([true, expect.stringContaining('gone.sql')]);
});

test.each([
  ['create table shared.more (id int);', '', 'TABLE shared.more'],
  ['alter table shared.plans add column more int;', '', /shared\.plans.*more/i],
  [`comment on table shared.plans is 'x';`, '', /COMMENT ON TABLE shared\.plans/],
  ['', 'drop function shared.touch();', 'FUNCTION shared.touch'],
])('another program is not meddled with: schema %s, migration %s', async (schema, up, object) => {
  await open('tenant_a');
  await rows(shared);
  fleet.want(`create table users (id int);\n${schema}`);
  if (up !== '') fleet.project.write({ 'migrations/20200101000000_by_hand.sql': `-- Up Migration\n${up}\n` });
  await using workspace = await fleet.open();
  const refused = await failure(tenantsSync(workspace, all, undefined));
  expect([refused.code, refused.message]).toEqual(['external_changed', expect.stringMatching(object)]);
  expect(await rows(`select from pg_class where relname = 'users'`)).toEqual([]);
});

test('a pattern does not make an external schema a tenant, and a name is refused', async () => {
  await open('tenant_a');
  await rows(shared);
  const configure = (schemas: string) =>
    fleet.configure(`url: '${fleet.url('db')}', schemas: ${schemas}`, `external: { shared: 'shared.sql' }`);
  configure(`'*'`);
  {
    await using workspace = await fleet.open();
    const { tenants } = await tenantsSync(workspace, all, undefined);
    expect(tenants.map(({ name, state }) => [name, state])).toEqual([['tenant_a', 'changed']]);
  }
  configure(`['tenant_*', 'shared']`);
  const { code, log } = await fleet.pgmage('db:status --env shops');
  expect([code > 0, log]).toEqual([true, expect.stringContaining('the schema shared is external')]);
});

test.each([
  [`insert into shared.plans values (1, 'a')`, 1],
  [`with a as (delete from shared.plans returning *) select * from a`, 1],
  [`create table b (id int); update shared.plans set name = 'a'`, 1],
  ['truncate public.users, shared.plans', 1],
  [`merge into shared.plans p using users u on p.id = u.id when matched then delete`, 1],
  ['create table copies as select id, name from shared.plans', 0],
  ['create rule noted as on insert to users do also insert into shared.plans values (new.id, $$b$$)', 0],
  ['insert into users select id from shared.plans', 0],
])('each tenant would change the rows of another program: %s', async (up, refused) => {
  await open('tenant_a', 'tenant_b');
  await rows(shared);
  fleet.want('create table users (id int);');
  await using workspace = await fleet.open();
  expect(problems(await tenantsSync(workspace, all, undefined))).toEqual([null, null]);
  fleet.project.write({ 'migrations/20990101000000_by_hand.sql': `-- Up Migration\n${up};\n` });
  const extra = {
    'create table b': 'create table b (id int);',
    'create table copies': 'create table copies (id int, name text);',
  };
  const also = Object.entries(extra).find(([start]) => up.startsWith(start))?.[1] ?? '';
  const rule = up.startsWith('create rule') ? `${up};` : '';
  fleet.want(`create table users (id int); ${also} ${rule}`);
  const { tenants } = await tenantsSync(workspace, all, undefined);
  const told = tenants.map(({ problem }) => problem?.code ?? null);
  expect(told).toEqual(refused === 1 ? ['external_changed', null] : [null, null]);
  if (refused === 1)
    expect(tenants[0]?.problem?.message).toMatch(/rows of shared\.plans \(migrations\/2099\S+:\d+:\d+\)/);
  expect(await rows('select from shared.plans')).toEqual([]);
});

test.each([
  ['create extension citext schema public;', 'EXTENSION citext'],
  ['create table public.other (id int);', 'TABLE other'],
])('a file creates objects of external schemas alone: %s', async (more, object) => {
  await open();
  fleet.project.write({ 'shared.sql': `${shared} ${more}` });
  await using workspace = await fleet.open();
  const refused = await failure(sync(workspace, { env: 'local', yes: true }, undefined));
  expect([refused.code, refused.message]).toEqual([
    'external_outside',
    `shared.sql creates objects outside of the external schemas: ${object}`,
  ]);
});

test('settings in a file of an external schema do not reach the check of a pulled schema', async () => {
  await open();
  fleet.project.write({ 'shared.sql': `${shared} select pg_catalog.set_config('search_path', '', false);` });
  const body = 'create function one() returns bigint language sql as $$select count(*) from users$$;';
  await fleet.rows('whole', `${shared} create table users (id int); ${body}`);
  const { code } = await fleet.pgmage('db:pull --env local --out pulled.sql');
  const pulled = readFileSync(join(fleet.project.root, 'pulled.sql'), 'utf8');
  expect([code, pulled]).toEqual([0, expect.not.stringContaining('check_function_bodies')]);
});

test('a file that moves from the schema to an external one gives another catalog', async () => {
  await open();
  const users = 'create table users (id int);';
  fleet.configure(
    `url: '${fleet.url('db')}', schemas: 'tenant_*' }, local: { url: '${fleet.url('whole')}'`,
    `external: { a: 'outer' }`,
  );
  fleet.project.write({ 'outer/1.sql': 'create schema a;', 'outer/2.sql': 'create table a.b (id int);' });
  fleet.want(users);
  await fleet.rows('whole', 'create schema a');
  {
    await using workspace = await fleet.open();
    expect((await sync(workspace, { env: 'local', yes: true }, undefined)).applied).toHaveLength(1);
  }
  fleet.project.write({ 'outer/2.sql': '' });
  rmSync(join(fleet.project.root, 'outer/2.sql'));
  fleet.want('create table a.b (id int);');
  await using workspace = await fleet.open();
  expect((await failure(sync(workspace, { env: 'local', yes: true }, undefined))).code).toBe(
    'external_changed',
  );
});

test.each(['public', 'pg_catalog', 'pgmage', 'pgmage:a', 'information_schema', 'tenant_*'])(
  'not external: %s',
  (name) => {
    fleet = { drop: async () => undefined } as Fleet;
    const check = () => checkConfig({ external: { [name]: 'x.sql' } }, 'pgmage.config.ts');
    expect(check).toThrow(`pgmage.config.ts: external must not have ${name}: another program cannot`);
  },
);
