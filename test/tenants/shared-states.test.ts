// States of tenants with extensions that all of them share: those within one migration, those half-way.
import { afterEach, expect, test, vi } from 'vitest';
import { lookAtTarget } from '../../lib/commands/sync-target.ts';
import { compose, readRecordedSchema } from '../../lib/migrate/compose.ts';
import type { Connection } from '../../lib/pg/connection.ts';
import { withTarget } from '../../lib/project/source.ts';
import type { TenantsReport } from '../../lib/tenants/report.ts';
import { tenantsStatus } from '../../lib/tenants/status.ts';
import { tenantsSync } from '../../lib/tenants/sync.ts';
import { userSession } from '../servers/session.ts';
import { type Fleet, openFleet } from './fleet.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

let fleet: Fleet;
afterEach(() => fleet.drop());

const all = { env: 'shops', yes: true, force: true };
const rows = <Row extends object>(sql: string) => fleet.rows<Row>('db', sql);
const states = ({ tenants }: TenantsReport) => tenants.map(({ state }) => state);
const codes = ({ tenants }: TenantsReport) => tenants.map(({ problem }) => problem?.code);

/** A database with these schemas. */
async function open(...schemas: string[]): Promise<void> {
  fleet = await openFleet(['db']);
  for (const name of schemas) await rows(`create schema ${name}`);
  fleet.configure(`url: '${fleet.url('db')}', schemas: 'tenant_*'`);
}

test('a schema or an extension that is there only within one migration is refused: it would be another one', async () => {
  await open('tenant_a', 'tenant_b');
  await rows('create schema work; create table work.kept (id int); create schema extensions');
  await rows('create extension citext schema extensions; create extension hstore schema extensions');
  fleet.want(`create schema extensions; create extension citext schema extensions;
    create table users (id int primary key, email extensions.citext);`);
  await using workspace = await fleet.open();
  expect(states(await tenantsSync(workspace, all, undefined))).toEqual(['changed', 'changed']);
  for (const [up, object] of [
    [
      'create schema if not exists work; create table if not exists work.kept (id int); drop table work.kept; drop schema work',
      'SCHEMA work',
    ],
    [
      `create extension hstore schema extensions; select ''::extensions.hstore; drop extension hstore`,
      'EXTENSION hstore',
    ],
    ['drop schema if exists work', 'SCHEMA work'],
  ] as const) {
    fleet.project.write({ 'migrations/20990101000000_meanwhile.sql': `-- Up Migration\n${up};\n` });
    const refused = await tenantsSync(workspace, { ...all, keepGoing: true }, undefined);
    expect(codes(refused)).toEqual(['outside_schema', undefined]);
    expect(refused.tenants[0]?.problem?.message).toMatch(
      new RegExp(`outside of public: ${object} \\(migrations/.*meanwhile.sql:\\d+:1\\)$`),
    );
  }
  expect(await rows(`select from pg_class where relname = 'kept'`)).toHaveLength(1);
});

test('finishing a migration that failed half-way leaves the extensions that all tenants share', async () => {
  await open('tenant_a');
  fleet.configure(`url: '${fleet.url('db')}', schemas: 'tenant_*'`, 'lockTimeout: 50');
  await rows('create schema extensions; create extension citext schema extensions');
  fleet.want(`create schema extensions; create extension citext schema extensions;
    create table users (id int primary key, email extensions.citext, name text);`);
  await using workspace = await fleet.open();
  expect(states(await tenantsSync(workspace, all, undefined))).toEqual(['changed']);
  fleet.want('create table users (id int primary key, name text); create index names on users (name);');
  fleet.project.write({
    'migrations/20990101000000_without.sql': `-- Transaction: none
-- Up Migration
create index concurrently names on users (name);
alter table users drop column email;
drop extension citext;
drop schema extensions;
-- Down Migration
create schema extensions;
create extension citext schema extensions;
alter table users drop column name, add column email extensions.citext, add column name text;
`,
  });
  const reader = await userSession({ url: fleet.url('db'), applicationName: 'reader' });
  await reader.execute('begin; lock table tenant_a.users in access share mode');
  const stopped = await tenantsSync(workspace, all, undefined);
  await reader.execute('commit');
  await reader.close();
  expect(states(stopped)).toEqual(['half_way']);
  expect(codes(await tenantsSync(workspace, all, undefined))).toEqual([undefined]);
  expect(states(await tenantsStatus(workspace, { env: 'shops' }))).toEqual(['in_sync']);
  expect(await rows(`select from pg_extension where extname = 'citext'`)).toHaveLength(1);
  expect(await rows(`select from pg_attribute where attname = 'email'`)).toEqual([]);
});

test('a state of a tenant is judged once', async () => {
  await open('tenant_a');
  await rows('create schema extensions; create extension citext schema extensions');
  fleet.want(`create schema extensions; create extension citext schema extensions;
    create table users (id int primary key, email extensions.citext);`);
  await using workspace = await fleet.open();
  const target = await workspace.world.environment('shops:tenant_a');
  const composition = await compose(workspace, {}, { given: undefined, role: null });
  const { files } = composition;
  const wanted = await readRecordedSchema(workspace, files);
  let judged = 0;
  await withTarget(workspace, target, async (connection) => {
    const counting: Connection = {
      ...connection,
      batch: (queries) => {
        if (queries.some((sql) => sql.includes('pg_opclass'))) judged += 1;
        return connection.batch(queries);
      },
    };
    const work = { composition, wanted, input: {}, author: undefined, replaces: false, reason: null };
    await lookAtTarget({ workspace, connection: counting, target, files }, work);
  });
  expect([files.length, judged]).toEqual([1, 1]);
});
