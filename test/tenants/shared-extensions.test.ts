// Schemas as tenants whose tables use extensions of their database: these are created once, by the user.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
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
const rows = <Row extends object>(sql: string) => fleet.rows<Row>('db', sql);
const states = ({ tenants }: TenantsReport) => tenants.map(({ state }) => state);
const codes = ({ tenants }: TenantsReport) => tenants.map(({ problem }) => problem?.code);

/** A database with tenants of these names, whose wanted schema uses extensions in this schema. */
async function open(schemas: readonly string[], home = 'extensions'): Promise<void> {
  fleet = await openFleet(['db', 'whole']);
  for (const name of schemas) await rows(`create schema ${name}`);
  fleet.configure(`url: '${fleet.url('db')}', schemas: 'tenant_*'`);
  fleet.want(`create schema ${home};
    create extension citext schema ${home};
    create extension pg_trgm schema ${home};
    create table users (id int primary key, email ${home}.citext not null unique, name text);
    create index names on users using gin (name ${home}.gin_trgm_ops);
    create view near as select a.id, b.name from users a join users b on a.name operator(${home}.%) b.name;
    create function alike(a text, b text) returns real language plpgsql
      as $body$ begin return ${home}.similarity(a, b); end $body$;
    create function found(mail ${home}.citext) returns setof public.users language sql stable
      as $body$ select * from public.users where email operator(${home}.=) mail $body$;`);
}

test('extensions are created once; types, operators, operator classes and functions of them are used', async () => {
  await open(['tenant_a', 'tenant_b']);
  await using workspace = await fleet.open();
  const refused = await tenantsSync(workspace, { ...all, keepGoing: true }, undefined);
  expect(codes(refused)).toEqual(['missing_extensions', undefined]);
  expect(refused.tenants[0]?.problem?.message).toContain(
    'citext in the schema extensions, pg_trgm in the schema extensions',
  );
  expect(await rows(`select from pg_namespace where nspname ~ '^pgmage|extensions'`)).toEqual([]);
  // The hint is what is to be run.
  await rows(refused.tenants[0]?.problem?.hint.replace(/^[^:]*: /, '') ?? '');
  await rows('create extension hstore');
  const done = await tenantsSync(workspace, all, undefined);
  expect(done.tenants.map(({ problem }) => problem)).toEqual([null, null]);
  expect(states(await tenantsStatus(workspace, { env: 'shops' }))).toEqual(['in_sync', 'in_sync']);
  expect((await tenantsVerify(workspace, { env: 'shops' })).sound).toBe(true);
  await rows(`insert into tenant_b.users values (1, 'A@b.c', 'anna'), (2, 'd@e.f', 'annabel')`);
  expect(await rows(`select id from tenant_b.found('a@B.c')`)).toEqual([{ id: 1 }]);
  expect(await rows(`select tenant_b.alike('anna', 'annabel') > 0.3 as near`)).toEqual([{ near: true }]);

  const { code, log } = await fleet.pgmage('db:pull --env shops:tenant_a --out pulled.sql');
  expect([code, log]).toEqual([0, expect.any(String)]);
  const pulled = readFileSync(join(fleet.project.root, 'pulled.sql'), 'utf8');
  expect(pulled).toMatch(/CREATE EXTENSION IF NOT EXISTS citext SCHEMA extensions/);
  expect(pulled).not.toContain('hstore');

  const undone = await tenantsRollback(workspace, { ...all, version: '0' }, undefined);
  expect(undone.tenants.map(({ problem }) => problem)).toEqual([null, null]);
  expect(
    await rows(`select extname::text as name from pg_extension where extname in ('citext', 'pg_trgm')
    order by 1`),
  ).toEqual([{ name: 'citext' }, { name: 'pg_trgm' }]);
  expect(await rows(`select from pg_class where relname = 'users'`)).toEqual([]);
  expect(states(await tenantsSync(workspace, all, undefined))).toEqual(['changed', 'changed']);
});

test('the same migrations create the extensions of a whole database', async () => {
  await open(['tenant_a']);
  await rows('create schema extensions; create extension citext schema extensions');
  await rows('create extension pg_trgm schema extensions');
  fleet.configure(`url: '${fleet.url('db')}', schemas: 'tenant_*' }, local: { url: '${fleet.url('whole')}'`);
  await using workspace = await fleet.open();
  expect(states(await tenantsSync(workspace, all, undefined))).toEqual(['changed']);
  const whole = await sync(workspace, { env: 'local', yes: true }, undefined);
  expect(whole.applied).toHaveLength(1);
  expect(
    await fleet.rows('whole', `select from pg_extension where extname in ('citext', 'pg_trgm')`),
  ).toHaveLength(2);
});

test('an extension in another schema, or gone, is said of each tenant', async () => {
  await open(['tenant_a']);
  await rows('create schema extensions; create extension citext; create extension pg_trgm schema extensions');
  await using workspace = await fleet.open();
  const refused = await tenantsSync(workspace, all, undefined);
  const { code, message, hint = '' } = refused.tenants[0]?.problem ?? {};
  expect([code, message]).toEqual([
    'misplaced_extensions',
    expect.stringMatching(/than its migrations: citext is in the schema public instead of extensions$/),
  ]);
  // The hint is what is to be run.
  await rows(hint.replace(/^[^:]*: /, ''));
  await tenantsSync(workspace, all, undefined);
  await rows('drop extension pg_trgm cascade');
  const [gone] = (await tenantsStatus(workspace, { env: 'shops' })).tenants;
  expect(gone?.state).toBe('drifted');
  expect(gone?.details.join()).toContain('dropped EXTENSION pg_trgm');
});

test.each([
  ['a role may create objects there', 'grant create on schema extensions to extensions_evil', 'evil'],
  ['all roles may', 'grant create on schema extensions to public', 'PUBLIC'],
  [
    'all roles may, and one owns it',
    `grant create on schema extensions to public; alter schema extensions owner to extensions_evil`,
    'PUBLIC, extensions_evil',
  ],
  ['the schema belongs to a role', 'alter schema extensions owner to extensions_evil', 'evil'],
  [
    'a function there belongs to a role',
    `create function extensions.similarity(text, varchar) returns real language sql as 'select 1::real';
     alter function extensions.similarity(text, varchar) owner to extensions_evil`,
    'evil',
  ],
])('refused before anything runs, because its functions could be replaced: %s', async (_, sql, roles) => {
  await open(['tenant_a', 'tenant_b']);
  await rows('create role extensions_evil').catch(() => undefined);
  await rows('create schema extensions; create extension citext schema extensions');
  await rows('create extension pg_trgm schema extensions');
  await rows(sql);
  await using workspace = await fleet.open();
  const refused = await tenantsSync(workspace, { ...all, keepGoing: true }, undefined);
  expect(codes(refused)).toEqual(['unsafe_schema', undefined]);
  const [, listed] = /extensions, which other roles can change: (.*)$/.exec(
    refused.tenants[0]?.problem?.message ?? '',
  ) ?? [''];
  expect(listed).toBe(roles === 'evil' ? 'extensions_evil' : roles);
  expect(await rows(`select from pg_namespace where nspname ~ '^pgmage'`)).toEqual([]);
  expect(await rows(`select from pg_class where relname = 'users'`)).toEqual([]);
  await rows('drop owned by extensions_evil cascade');
});

test('also by states that migrations only pass through, up and down', async () => {
  await open(['tenant_a']);
  await rows('create role extensions_evil').catch(() => undefined);
  await rows('create schema extensions; create extension citext schema extensions');
  await rows('create extension pg_trgm schema extensions');
  await using workspace = await fleet.open();
  expect(states(await tenantsSync(workspace, all, undefined))).toEqual(['changed']);
  fleet.want('create table plain (id int);');
  expect(states(await tenantsSync(workspace, all, undefined))).toEqual(['changed']);
  await rows('grant create on schema extensions to extensions_evil');
  const undone = await tenantsRollback(workspace, all, undefined);
  expect(codes(undone)).toEqual(['unsafe_schema']);
  await rows('revoke create on schema extensions from extensions_evil');
  expect(codes(await tenantsRollback(workspace, { ...all, version: '0' }, undefined))).toEqual([undefined]);
  await rows('grant create on schema extensions to extensions_evil');
  expect(codes(await tenantsSync(workspace, all, undefined))).toEqual(['unsafe_schema']);
  expect(await rows(`select from pg_class where relname = 'users'`)).toEqual([]);
  await rows('drop owned by extensions_evil cascade');
});

test('a hostile name of the schema of extensions, and a tenant of that name', async () => {
  const home = `"tenant_e'$$;create table public.evil ();--"""`;
  await open(['tenant_a'], home);
  await rows(`create schema ${home}; create extension citext schema ${home}`);
  await rows(`create extension pg_trgm schema ${home}`);
  await using workspace = await fleet.open();
  const done = await tenantsSync(workspace, { ...all, keepGoing: true }, undefined);
  expect(done.tenants.map(({ name, state }) => [name, state])).toEqual([
    ['tenant_a', 'changed'],
    [expect.stringContaining('tenant_e'), 'failed'],
  ]);
  expect(states(await tenantsStatus(workspace, { env: 'shops' }))[0]).toBe('in_sync');
  expect(await rows(`select from pg_class where relname = 'evil'`)).toEqual([]);
});

test('the owner of the database stands for pg_database_owner', async () => {
  await open(['tenant_a']);
  await rows('create role extensions_evil').catch(() => undefined);
  await rows('create schema extensions authorization pg_database_owner');
  await rows('create extension citext schema extensions; create extension pg_trgm schema extensions');
  await rows(`create function extensions.own() returns int language sql as 'select 1';
    alter function extensions.own() owner to pg_database_owner`);
  await rows(`alter database ${fleet.prefix}_db owner to extensions_evil`);
  await using workspace = await fleet.open();
  const refused = await tenantsSync(workspace, all, undefined);
  expect(refused.tenants[0]?.problem).toMatchObject({
    code: 'unsafe_schema',
    message: expect.stringMatching(/other roles can change: extensions_evil$/),
  });
  await rows(`alter database ${fleet.prefix}_db owner to current_user`);
  expect(states(await tenantsSync(workspace, all, undefined))).toEqual(['changed']);
});

test('an extension that the server cannot move', async () => {
  await open(['tenant_a']);
  await rows('create schema gis; create extension citext schema gis; create schema extensions');
  await rows(`update pg_extension set extrelocatable = false where extname = 'citext'`);
  await rows('create extension pg_trgm schema gis');
  await using workspace = await fleet.open();
  const refused = await tenantsSync(workspace, all, undefined);
  expect(refused.tenants[0]?.problem).toMatchObject({
    code: 'misplaced_extensions',
    message: expect.stringContaining('citext is in the schema gis instead of extensions, pg_trgm is in'),
    hint: expect.stringMatching(
      /^The server cannot move citext: write the schema where it is, .* ALTER EXTENSION pg_trgm SET SCHEMA extensions$/,
    ),
  });
});
