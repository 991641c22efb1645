// Schemas of one database as tenants: status, sync, rollback, verify and history, on real servers.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { history } from '../../lib/commands/history.ts';
import { sync } from '../../lib/commands/sync.ts';
import type { TenantsReport } from '../../lib/tenants/report.ts';
import { tenantsRollback } from '../../lib/tenants/rollback.ts';
import { tenantsStatus } from '../../lib/tenants/status.ts';
import { tenantsSync } from '../../lib/tenants/sync.ts';
import { tenantsVerify } from '../../lib/tenants/verify.ts';
import { type Fleet, openFleet } from './fleet.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

let fleet: Fleet;
afterEach(() => fleet.drop());

const all = { env: 'shops', yes: true, force: true };
const states = ({ tenants }: TenantsReport) =>
  Object.fromEntries(tenants.map(({ name, state }) => [name, state]));
const migrations = () =>
  readdirSync(join(fleet.project.root, 'migrations')).filter((one) => /sql$/.test(one));
const rows = <Row extends object>(sql: string) => fleet.rows<Row>('db', sql);
const problems = ({ tenants }: TenantsReport) => tenants.map(({ problem }) => problem).filter(Boolean);

/** A database with these schemas. */
async function open(schemas: readonly string[], rule = `schemas: 'tenant_*'`, more = ''): Promise<void> {
  fleet = await openFleet(['db']);
  for (const name of schemas) await rows(`create schema "${name.replaceAll('"', '""')}"`);
  fleet.configure(`url: '${fleet.url('db')}', ${rule}`, more);
}

/** Each kind of place in which SQL names a schema. */
const rich = `
create type mood as enum ('public', 'sad');
create sequence extra;
create table users (id serial primary key, name text not null default 'pub' || 'lic', mood mood default 'sad');
comment on table users is 'of public.users and tenant_a.users';
create table posts (
  id bigint generated always as identity primary key,
  author int references users,
  num bigint default nextval('public.extra'::regclass),
  shared boolean not null default false
);
create view names as select u.id, u.name, p.shared from users u join posts p on p.author = u.id;
create materialized view counts as select author, count(*) as n from public.posts group by author;
create function total(least_mood public.mood) returns bigint language sql stable
  as $$ select count(*) from public.users where mood = least_mood $$;
create function touch() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare found public.users; begin
  select * into found from public.users where id = new.author;
  perform nextval('public.extra'::regclass);
  return new;
end $$;
create function twice(a int) returns int language sql begin atomic select count(*)::int * a from public.users; end;
create trigger touching before insert on posts for each row execute function touch();
alter table users enable row level security;
create policy own on users to public using (id in (select author from public.posts));
create index users_name on users (lower(name)) where mood = 'sad'::public.mood;
create domain short as text check (length(value) < 9);
`;

test('from empty to in sync, and back: every kind of object is in the schema of each tenant', async () => {
  await open(['tenant_a', 'tenant_b', 'other']);
  fleet.want(rich);
  await using workspace = await fleet.open();
  const before = await tenantsStatus(workspace, { env: 'shops' });
  expect(states(before)).toEqual({ tenant_a: 'out_of_sync', tenant_b: 'out_of_sync' });
  const done = await tenantsSync(workspace, all, undefined);
  expect(problems(done)).toEqual([]);
  expect(states(done)).toEqual({ tenant_a: 'changed', tenant_b: 'changed' });
  expect(migrations()).toHaveLength(1);
  const after = await tenantsStatus(workspace, { env: 'shops' });
  expect(states(after)).toEqual({ tenant_a: 'in_sync', tenant_b: 'in_sync' });
  const verified = await tenantsVerify(workspace, { env: 'shops' });
  expect([verified.sound, states(verified)]).toEqual([true, { tenant_a: 'in_sync', tenant_b: 'in_sync' }]);
  const relations = await rows<{ schema: string; n: number }>(
    `select relnamespace::regnamespace::text as schema, count(*)::int as n from pg_class
       where relnamespace in ('tenant_a'::regnamespace, 'tenant_b'::regnamespace, 'public'::regnamespace)
       group by 1 order by 1`,
  );
  expect(relations.map(({ schema }) => schema)).toEqual(['tenant_a', 'tenant_b']);
  expect(relations[0]?.n).toBe(relations[1]?.n);
  const [body] = await rows<{ body: string }>(
    `select prosrc as body from pg_proc where proname = 'total' and pronamespace = 'tenant_b'::regnamespace`,
  );
  expect(body?.body).toBe(' select count(*) from tenant_b.users where mood = least_mood ');
  const [said] = await rows<{ text: string }>(`select obj_description('tenant_b.users'::regclass) as text`);
  expect(said?.text).toBe('of public.users and tenant_a.users');
});

test('drift of one tenant, a failure in the middle, a second run, rollback and history', async () => {
  const names = ['tenant_a', 'tenant_b', 'tenant_c'];
  await open(names);
  await using workspace = await fleet.open();
  await tenantsSync(workspace, all, undefined);
  await rows('alter table tenant_b.users add column by_hand int; create table public.users (id int)');
  const drifted = await tenantsStatus(workspace, { env: 'shops' });
  expect(states(drifted)).toEqual({ tenant_a: 'in_sync', tenant_b: 'drifted', tenant_c: 'in_sync' });
  const verified = await tenantsVerify(workspace, { env: 'shops' });
  expect(states(verified)).toEqual({ tenant_a: 'in_sync', tenant_b: 'faulty', tenant_c: 'in_sync' });
  await rows('alter table tenant_b.users drop column by_hand');

  // The rows of one tenant do not fit.
  await rows(`insert into tenant_b.users values (1, null)`);
  fleet.want(
    'create table users (id int primary key, name text not null); create view v as select id from users;',
  );
  const found = await tenantsSync(workspace, { ...all, jobs: 1 }, undefined);
  expect(states(found)).toEqual({ tenant_a: 'not_begun', tenant_b: 'failed', tenant_c: 'not_begun' });
  expect(found.tenants[1]?.problem).toMatchObject({
    code: 'rows_in_the_way',
    hint: expect.not.stringContaining('--replace'),
  });
  const kept = await tenantsSync(workspace, { ...all, jobs: 1, keepGoing: true }, undefined);
  expect(states(kept)).toEqual({ tenant_a: 'changed', tenant_b: 'failed', tenant_c: 'changed' });
  await rows(`update tenant_b.users set name = 'b'`);
  const resumed = await tenantsSync(workspace, { ...all, jobs: 1 }, undefined);
  expect(states(resumed)).toEqual({ tenant_a: 'in_sync', tenant_b: 'changed', tenant_c: 'in_sync' });

  const one = await history(workspace, { env: 'shops:tenant_b' });
  expect(one.applied).toHaveLength(migrations().length);
  expect(one.target.address).toMatch(/, schema tenant_b$/);
  const [first = ''] = migrations();
  const back = { ...all, version: first.replace('.sql', '') };
  const undone = await tenantsRollback(workspace, back, undefined);
  expect(problems(undone)).toEqual([]);
  expect(states(undone)).toEqual({ tenant_a: 'changed', tenant_b: 'changed', tenant_c: 'changed' });
  const views = await rows(`select from pg_class where relname = 'v'`);
  expect(views).toHaveLength(0);
  const again = await sync(workspace, { env: 'shops:tenant_c', yes: true }, undefined);
  expect(again.applied).toHaveLength(migrations().length - 1);
  const last = await tenantsStatus(workspace, { env: 'shops' });
  expect(states(last)).toEqual({ tenant_a: 'behind', tenant_b: 'behind', tenant_c: 'in_sync' });
});

test('hostile names, another owner, a public schema with objects of its own, and many jobs', async () => {
  const names = ['tenant_Upper', 'tenant_te nant', `tenant_q"u'o.te`, 'tenant_ä', 'tenant_;--'];
  await open([...names, 'pgmage_other', 'tenantx'], `schemas: ['tenant_*']`);
  await rows('create role schemas_owner').catch(() => undefined);
  await rows('alter schema "tenant_te nant" owner to schemas_owner');
  await rows(`create extension citext; create table public.users (own public.citext);
    create function public.twice(a int) returns int language sql as 'select a'`);
  fleet.want(rich);
  await using workspace = await fleet.open();
  const done = await tenantsSync(workspace, { ...all, jobs: 6 }, undefined);
  expect(problems(done)).toEqual([]);
  expect(done.tenants.map(({ state }) => state)).toEqual(names.map(() => 'changed'));
  const status = await tenantsStatus(workspace, { env: 'shops', jobs: 6 });
  expect(status.tenants.map(({ state }) => state)).toEqual(names.map(() => 'in_sync'));
  fleet.want(`${rich} create table more (id int); create index more_id on users (name);`);
  const more = await tenantsSync(workspace, { ...all, jobs: 6 }, undefined);
  expect(problems(more)).toEqual([]);
  const undone = await tenantsRollback(workspace, { ...all, jobs: 6, version: '0' }, undefined);
  expect(problems(undone)).toEqual([]);
  const left = await rows<{ n: number }>(
    `select count(*)::int as n from pg_class where relnamespace::regnamespace::text like '%tenant\\_%'
      and relnamespace::regnamespace::text not like '%pgmage:%'`,
  );
  expect(left).toEqual([{ n: 0 }]);
  await rows('drop schema "tenant_te nant" cascade; drop role schemas_owner');
});
