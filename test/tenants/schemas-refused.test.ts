// Schemas as tenants: hostile names, what hangs on a tenant from outside, and tenants that are refused alone.
import { afterEach, expect, test, vi } from 'vitest';
import { tenantsRollback } from '../../lib/tenants/rollback.ts';
import { tenantsStatus } from '../../lib/tenants/status.ts';
import { tenantsSync } from '../../lib/tenants/sync.ts';
import { userSession } from '../servers/session.ts';
import { type Fleet, openFleet } from './fleet.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

let fleet: Fleet;
afterEach(() => fleet.drop());

const all = { env: 'shops', yes: true, force: true };
const rows = <Row extends object>(sql: string) => fleet.rows<Row>('db', sql);

/** A database with these schemas. */
async function open(...schemas: string[]): Promise<void> {
  fleet = await openFleet(['db']);
  for (const name of schemas) await rows(`create schema "${name.replaceAll('"', '""')}"`);
  fleet.configure(`url: '${fleet.url('db')}', schemas: 'tenant_*', canary: 'tenant_a'`);
}

test('a name that could end a text is refused for its tenant alone, and runs nothing', async () => {
  const evil = [
    'tenant_$function$;create table public.evil ();--',
    'tenant_$$;create table public.evil ();--',
    "tenant_'\\;create table public.evil ();--",
    `tenant_${'e'.repeat(55)}`,
  ];
  await open('tenant_a', ...evil);
  fleet.want(`create table users (id int);
    create function f() returns bigint language sql as 'select count(*) from public.users';`);
  await using workspace = await fleet.open();
  const done = await tenantsSync(workspace, { ...all, keepGoing: true }, undefined);
  const found = Object.fromEntries(
    done.tenants.map(({ name, state, problem }) => [name, [state, problem?.code]]),
  );
  expect(found.tenant_a).toEqual(['changed', undefined]);
  for (const name of evil) expect(found[name]).toEqual(['failed', 'tenant_name']);
  expect(await rows(`select from pg_class where relname = 'evil'`)).toEqual([]);
});

test('a name in the schema that is also a tenant is refused for that tenant alone', async () => {
  await open('tenant_a', 'tenant_note');
  fleet.want(`create table users (tenant_a int);
    create view v as select tenant_note.tenant_a from users tenant_note;`);
  await using workspace = await fleet.open();
  const done = await tenantsSync(workspace, { ...all, keepGoing: true }, undefined);
  expect(done.tenants.map(({ state, problem }) => [state, problem?.code])).toEqual([
    ['changed', undefined],
    ['failed', 'unclear_schema'],
  ]);
});

test.each([
  [
    'create table archive.old partition of tenant_a.orders for values from (0) to (9)',
    /table archive.old inherits from tenant_a.orders; table archive.old is dropped with an object of the schema/,
  ],
  [
    'create table archive.users () inherits (tenant_a.users)',
    /table archive.users inherits from tenant_a.users/,
  ],
  [
    'create table archive.notes (id int references tenant_a.users)',
    /table archive.notes refers to tenant_a.users/,
  ],
  [
    'create statistics archive.n on id, at from tenant_a.orders',
    /statistics object archive.n is dropped with an object of the schema/,
  ],
  [
    'alter default privileges grant select on tables to pg_monitor',
    /has default privileges without a schema/,
  ],
])('refused before anything changes: %s', async (sql, words) => {
  await open('tenant_a', 'tenant_b');
  fleet.want(`create table users (id int primary key);
    create table orders (id int, at int) partition by range (at);`);
  await using workspace = await fleet.open();
  await tenantsSync(workspace, all, undefined);
  await rows('create schema archive');
  await rows(sql);
  const status = await tenantsStatus(workspace, { env: 'shops' });
  expect(status.tenants[0]?.problem?.message).toMatch(words);
  const undone = await tenantsRollback(workspace, { ...all, keepGoing: true }, undefined);
  expect(undone.tenants[0]?.problem).toMatchObject({ code: 'tenant_ties' });
  expect(
    await rows(`select from pg_class where relname = 'orders' and relnamespace = 'tenant_a'::regnamespace`),
  ).toHaveLength(1);
});

test('work on the whole database and on its tenants exclude each other', async () => {
  await open('tenant_a', 'tenant_b');
  await using workspace = await fleet.open();
  const other = await userSession({ url: fleet.url('db'), applicationName: 'whole' });
  await other.execute('select pg_advisory_lock(7241865325823964)');
  const refused = await tenantsSync(workspace, { ...all, keepGoing: true }, undefined);
  expect(refused.tenants.map(({ problem }) => problem?.code)).toContain('migration_running');
  await other.execute('select pg_advisory_unlock(7241865325823964)');
  const done = await tenantsSync(workspace, { ...all, jobs: 2 }, undefined);
  expect(done.tenants.map(({ state }) => state)).toEqual(['changed', 'changed']);
  await other.execute('select pg_advisory_lock(7241865325823964)');
  await other.close();
});

test('objects that pgmage does not manage are those of the tenant; descriptions are refused', async () => {
  await open('tenant_a', 'tenant_b');
  fleet.want('create table users (id int primary key, up int references users);');
  await using workspace = await fleet.open();
  await tenantsSync(workspace, all, undefined);
  await rows(`create table public.users (id int primary key, up int references public.users);
    alter table public.users disable trigger all; alter table tenant_b.users disable trigger all`);
  const [a, b] = await Promise.all(
    ['tenant_a', 'tenant_b'].map((name) => fleet.pgmage(`db:status --env shops:${name} --check --strict`)),
  );
  expect([a?.code, b?.code, b?.log]).toEqual([
    0,
    1,
    expect.stringContaining('users_up_fkey ON public.users'),
  ]);
  for (const words of ['db:types --from shops:tenant_a', 'db:docs --from shops:tenant_a']) {
    const { code, log } = await fleet.pgmage(words);
    expect([words, code, log]).toEqual([words, 64, expect.stringContaining('Hint: Leave --from out')]);
  }
});

test('a tenant that was dropped and created again keeps its ledger: the hint says what to drop', async () => {
  await open('tenant_a', 'tenant_b');
  await using workspace = await fleet.open();
  await tenantsSync(workspace, all, undefined);
  await rows('drop schema tenant_b cascade; create schema tenant_b');
  for (const words of ['db:sync --env shops --yes', 'db:pull --drift --env shops:tenant_b']) {
    const { code, out, log } = await fleet.pgmage(words);
    expect([words, code, out + log]).toEqual([
      words,
      1,
      expect.stringMatching(
        /is empty, but its ledger has applied[\s\S]*DROP SCHEMA "pgmage:tenant_b" CASCADE/,
      ),
    ]);
  }
  await rows('drop schema "pgmage:tenant_b" cascade');
  const again = await tenantsSync(workspace, all, undefined);
  expect(again.tenants.map(({ state }) => state)).toEqual(['in_sync', 'changed']);
});

test('a renamed tenant keeps its ledger under the new name, and shows functions of the old name', async () => {
  await open('tenant_a', 'tenant_b');
  fleet.want(`create table users (id int);
    create function f() returns bigint language sql as 'select count(*) from public.users';`);
  await using workspace = await fleet.open();
  await tenantsSync(workspace, all, undefined);
  await rows('alter schema tenant_b rename to tenant_c');
  const lost = await tenantsSync(workspace, { ...all, keepGoing: true }, undefined);
  const { code, hint = '' } = lost.tenants[1]?.problem ?? {};
  expect([code, hint]).toEqual(['unrecorded', expect.stringContaining('If a tenant was renamed')]);
  await rows(hint.replace(/^.*rename its ledger: /, ''));
  const found = await tenantsStatus(workspace, { env: 'shops' });
  expect(found.tenants.map(({ name, state }) => [name, state])).toEqual([
    ['tenant_a', 'in_sync'],
    ['tenant_c', 'drifted'],
  ]);
  await rows(`create or replace function tenant_c.f() returns bigint language sql as
    'select count(*) from tenant_c.users'`);
  const mended = await tenantsStatus(workspace, { env: 'shops' });
  expect(mended.tenants.map(({ state }) => state)).toEqual(['in_sync', 'in_sync']);
});

test('a role without the right to create the ledger of a tenant is named that schema', async () => {
  await open('tenant_a');
  await rows(
    `create role schemas_reader login password 'x'; grant usage, create on schema tenant_a to schemas_reader`,
  );
  const url = fleet.url('db').replace(/:\/\/[^@]*@/, '://schemas_reader:x@');
  fleet.configure(`url: '${url}', schemas: 'tenant_*'`);
  const { log, out } = await fleet.pgmage('db:sync --env shops --yes');
  await rows('drop owned by schemas_reader; drop role schemas_reader');
  expect(out + log).toContain('in the schema pgmage:tenant_a, which it may not create');
});
