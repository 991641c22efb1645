// The list of tenants: queries, patterns, and what is refused; one tenant as an environment; whose code runs.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { difference } from '../../lib/commands/diff.ts';
import { checkConfig } from '../../lib/config/check.ts';
import type { TenantsConfig } from '../../lib/config/tenants.ts';
import { findTenant, listTenants } from '../../lib/tenants/list.ts';
import type { TenantsReport } from '../../lib/tenants/report.ts';
import { failure } from '../failure.ts';
import { anyServer } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { byDatabase, type Fleet, openFleet } from './fleet.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

const server = anyServer();
let fleet: Fleet;
beforeAll(async () => {
  fleet = await openFleet(['a', 'b']);
});
afterAll(() => fleet.drop());

const list = (rule: TenantsConfig) =>
  listTenants({ target: { name: 'shops', url: fleet.url('registry'), protected: false }, rule });
const names = async (rule: TenantsConfig) => (await list(rule)).map(({ name }) => name);

test('tenants are rows of a query, with url or database, or databases of such names', async () => {
  const { prefix } = fleet;
  const each = 'select name, database from tenants order by at';
  expect(await names({ each })).toEqual(['a', 'b']);
  expect((await list({ each }))[1]?.target).toMatchObject({ name: 'shops:b', url: fleet.url('b') });
  const backwards = 'select database from tenants order by at desc';
  expect(await names({ each: backwards })).toEqual([`${prefix}_b`, `${prefix}_a`]);
  const mine = 'with mine as (select * from tenants) select at as name, database from mine order by at';
  expect(await names({ each: `${mine};  -- those in use` })).toHaveLength(2);
  const all = ['a', 'b', 'registry'].map((name) => `${prefix}_${name}`);
  expect(await names({ databases: `${prefix}_*` })).toEqual(all);
  expect(await names({ databases: `${prefix}_*`, canary: `${prefix}_b` })).toEqual([all[1], all[0], all[2]]);
  expect(await names({ databases: `${prefix}_*`, except: [`${prefix}_reg*`, `${prefix}_a`] })).toEqual([
    all[1],
  ]);
  expect(await names({ databases: `${prefix}_*`, except: ['template1', 'gone_*'] })).toEqual(all);
  const catalog = `select datname as database from pg_database where datname = '${prefix}_a'`;
  expect(await names({ each: catalog })).toEqual([`${prefix}_a`]);
  const urls = `select 'Ä ' || t.name as name, 'postgres://127.0.0.1/' || database as url
    from only "tenants" as t order by 1`;
  expect(await names({ each: urls })).toEqual(['Ä a', 'Ä b']);
  // A query may name its parts as the tables that they read.
  const filter = `with tenants as (select * from tenants where at > 1), more as (select * from tenants)
    select name, database from more`;
  expect(await names({ each: filter })).toEqual(['b']);
  const twice = `with recursive t as (select name, database from tenants union select * from t)
    select name, database from (with tenants as (select * from t) select * from tenants) one order by 1`;
  expect(await names({ each: twice })).toEqual(['a', 'b']);
});

test('databases that pgmage makes or keeps are no tenants of a pattern', async () => {
  const own = [`${fleet.prefix}_a_old_20261130t033917`, `pgmage_drill_${randomBytes(8).toString('hex')}`];
  const alike = `${fleet.prefix}_b_old_20261130t033917`;
  try {
    for (const name of [...own, alike]) await query(server.socket(), `create database ${name}`);
    const words = 'Kept by pgmage db:clone --swap, now: it was a. db:clone --drop-old drops it';
    await query(server.socket(), `comment on database ${own[0]} is '${words}'`);
    const found = await names({ databases: '*' });
    expect(found).toEqual(expect.arrayContaining([`${fleet.prefix}_a`, alike]));
    expect(found.filter((name) => own.includes(name))).toEqual([]);
  } finally {
    for (const name of [...own, alike]) await query(server.socket(), `drop database if exists ${name}`);
  }
});

test.each([
  [{ each: 'selec' }, /^Cannot list the tenants of shops: Invalid SQL in the query at line 1/],
  [{ each: 'select name from nowhere' }, /its query failed: relation "public\.nowhere" does not exist/],
  [{ each: 'select name from tenants' }, /gives neither a column url nor a column database/],
  [{ each: 'select name, database from tenants where false' }, /its query gives no row/],
  [{ each: 'select 1; select 2' }, /it is not one SELECT/],
  [{ each: 'drop table tenants' }, /it is not one SELECT/],
  [{ each: 'with t as (delete from public.tenants returning *) select * from t' }, /read-only transaction/],
  [{ each: `select 'x' as name, database from tenants` }, /two tenants have the name x/],
  [
    {
      each: `select name, 'postgres://' || case name when 'a' then 'LOCALHOST' else '127.0.0.1' end ||
        ':5432/x' as url from tenants order by at`,
    },
    /a and b are the same database/,
  ],
  [{ each: 'select name, null as url from tenants' }, /a tenant without url and database/],
  [{ each: `select 'mysql://x' as url, name from tenants` }, /does not begin with postgres:/],
  [{ each: `select repeat('x', 201) as name, database from tenants` }, /longer than 200 characters/],
  [{ each: 'select * from listed' }, /access to non-system view "listed" is restricted/],
  [{ each: 'select name, database from tenants', canary: 'z' }, /the canary z is none of its 2 tenants/],
  [{ databases: 'nothing_*' }, /no database is named nothing_\*/],
] as const)('a bad list is one problem: %j', async (rule, words) => {
  await query(fleet.url('registry'), 'create or replace view listed as select * from tenants');
  const problem = await failure(list(rule));
  expect(problem).toMatchObject({ code: 'bad_tenants', exitCode: 64 });
  expect(problem.message).toMatch(words);
  expect(await fleet.rows('registry', 'select from tenants')).toHaveLength(2);
});

test('databases that except names', async () => {
  const [databases, a, b] = [`${fleet.prefix}_*`, `${fleet.prefix}_a`, `${fleet.prefix}_b`];
  const near = `${fleet.prefix}_registri`;
  for (const [rule, words] of [
    [
      { databases, except: near },
      `except has ${near}, but no database has this name. Did you mean ${fleet.prefix}_registry?`,
    ],
    [{ databases, except: [a, 'unlike any'] }, 'except has unlike any, but no database has this name'],
    [{ databases: a, except: a }, `each database named ${a} is in except`],
    [{ databases, except: [a], canary: a }, `the canary ${a} is in except`],
    [{ databases: b, except: a, canary: 'c' }, 'the canary c is none of its 1 tenant'],
  ] as const) {
    const { code, message } = await failure(names(rule));
    expect([code, message]).toEqual(['bad_tenants', `Cannot list the tenants of shops: ${words}`]);
  }
});

const lists = 'environments.shops must have only one of each, databases and schemas';

test.each([
  [{ each: 'select 1', databases: 'x' }, lists],
  [{ schemas: ['x'], databases: 'x' }, lists],
  [{ schemas: 1 }, 'environments.shops.schemas must be a string, or must be a list of strings'],
  [
    { each: 'select 1', except: 'x' },
    'environments.shops must have except only with databases or schemas: a query leaves tenants out itself',
  ],
  [{ canary: 'x' }, 'environments.shops must have canary only with each, databases or schemas'],
])('a configuration of tenants is checked: %j', (shops, reason) => {
  const check = () => checkConfig({ environments: { shops } }, 'pgmage.config.ts');
  expect(check).toThrow(`Invalid configuration in pgmage.config.ts: ${reason}`);
});

test('a url that is not encoded names no tenant by a part of its password', async () => {
  const each = `select 'postgres://app:pa/ss@127.0.0.1/shop' as url`;
  const problem = await failure(list({ each }));
  expect(problem.code).toBe('bad_tenants');
  expect(problem.message).toMatch(/the url of a tenant without a name is wrong: .* are percent-encoded/);
  expect(problem.message).not.toContain('ss@');
  const plain = `select 'postgres://app:pa%2Fss@127.0.0.1/my%20shop?sslmode=disable' as url`;
  expect(await names({ each: plain })).toEqual(['my shop']);
});

test('one tenant is an environment; commands for one database name what to do', async () => {
  fleet.configure(byDatabase);
  const one = await fleet.pgmage('db:status --env shops:a');
  expect(one.out).toContain(`Remote Schema: shops:a  (postgres://postgres@127.0.0.1:${server.port}/`);
  expect((await fleet.pgmage('db:diff --from shops:a --to shops:b --check')).code).toBe(0);
  // As the action runs them for `environment: shops:a`.
  const comment = await fleet.pgmage('db:plan --env shops:a --format markdown');
  expect([comment.code, comment.out]).toEqual([
    0,
    expect.stringContaining('plan for <code>shops&#58;a</code>'),
  ]);
  expect((await fleet.pgmage('db:lint --env shops:a --format github')).code).toBe(0);
  for (const words of [
    'db:plan --env shops',
    'db:clone --from shops --to local',
    'db:verify --repair --env shops',
  ]) {
    const { code, out, log } = await fleet.pgmage(words);
    expect([words, code, out]).toEqual([words, 64, '']);
    expect(log).toContain('shops is many databases, one for each tenant\nHint: Name one tenant: shops:NAME.');
  }
  fleet.configure(`schemas: 'tenant_*'`);
  const schemas = await fleet.pgmage('db:types --from shops');
  expect(schemas.log).toContain('shops is many schemas, one for each tenant\nHint: Name one tenant');
  fleet.configure(byDatabase);
  const unknown = await fleet.pgmage('db:status --env shops:aa');
  expect(unknown.code).toBe(64);
  expect(unknown.log).toContain(
    'Unknown environment shops:aa\nHint: Did you mean shops:a or shops:b? Tenants of shops: shops:a,' +
      ' shops:b.',
  );
  const far = await fleet.pgmage('db:status --env shops:quite-another');
  expect(far.log).toContain('shops:quite-another\nHint: Tenants of shops: shops:a, shops:b.');
  const some = { target: { name: 'shops', url: fleet.url('registry'), protected: false } };
  const rows = Array.from({ length: 23 }, (_, i) => `('n${i + 1}', 'x${i + 1}')`);
  const each = `select name, database from (values ${rows.join()}) as t (name, database)`;
  const many = await failure(findTenant({ ...some, rule: { each } }, 'quite-another'));
  expect(many.hint).toMatch(/^Tenants of shops: shops:n1, .*, shops:n20, and 3 more\.$/);
  const jobs = await fleet.pgmage('db:status --env shops --jobs 0');
  expect(jobs.log).toContain('it is a number from 1 to 64');
  const single = await fleet.pgmage('db:status --env shops:a --jobs 2');
  expect(single.log).toContain('the environment has no tenants');
});

test('a tenant whose name looks like a path is a source, too', async () => {
  fleet.configure(byDatabase);
  await fleet.list([
    { name: 'eu/a', database: `${fleet.prefix}_a` },
    { name: 'b.sql', database: `${fleet.prefix}_b` },
  ]);
  try {
    await using workspace = await fleet.open();
    const found = await difference(workspace, { from: 'shops:eu/a', to: 'shops:b.sql' });
    expect(found).toMatchObject({ from: 'shops:eu/a', to: 'shops:b.sql' });
    const path = await failure(difference(workspace, { from: 'shop:eu/a', to: 'shops:b.sql' }));
    expect(path.code).toBe('missing_file');
    const unknown = await failure(difference(workspace, { from: 'shops:eu/b', to: 'shops:b.sql' }));
    expect(unknown.code).toBe('unknown_environment');
  } finally {
    await fleet.list(['a', 'b'].map((name) => ({ name, database: `${fleet.prefix}_${name}` })));
  }
});

test('protected tenants need the name of their environment', async () => {
  fleet.configure(`${byDatabase}, protected: true`, `environment: 'shops'`);
  const refused = await fleet.pgmage('db:sync --yes');
  expect(refused).toMatchObject({ code: 1, out: '' });
  expect(refused.log).toContain('shops is protected');
  expect((await fleet.pgmage('db:sync --yes --confirm shops')).code).toBe(0);
  const one = await fleet.pgmage('db:rollback --yes --force --env shops:a');
  expect(one.code).toBe(0);
  const alias = `copy: { url: '${fleet.url('b')}' }`;
  fleet.project.write({
    'pgmage.config.mjs': `export default { environments: { shops: { url: '${fleet.url('registry')}', protected:
      true, ${byDatabase} }, ${alias} } };`,
  });
  const other = await fleet.pgmage('db:rollback --yes --force --env copy');
  expect(other.code).toBe(1);
  expect(other.log).toContain('shops:b');
});

test('a tenant that is not there or refuses is one line, and its password is nowhere', async () => {
  const url = (user: string, database: string) =>
    `postgres://${user}:hunter2@127.0.0.1:${server.port}/${fleet.prefix}_${database}`;
  await fleet.list([
    { name: 'a', database: `${fleet.prefix}_a` },
    { name: 'gone', database: `${fleet.prefix}_gone` },
    { name: 'wrong', url: url('postgres', 'registry') },
    { name: 'closed', url: 'postgres://postgres:hunter2@127.0.0.1:1/shop' },
    { name: 'evil\u001b[31m\nname', database: `${fleet.prefix}_b` },
  ]);
  fleet.configure(`each: 'select name, database, url from tenants order by at'`);
  const { code, out } = await fleet.pgmage('db:status --env shops');
  expect(code).toBe(1);
  expect(out).toMatch(
    /gone +failed +Cannot connect to shops:gone\. Check the URL of shops \(.*database ".*" does not exist\)/,
  );
  expect(out).toMatch(/wrong +failed +Cannot connect to shops:wrong/);
  expect(out).toMatch(/closed +failed +Cannot connect to shops:closed/);
  expect(out).toContain('evil\ufffd[31m\ufffdname');
  const json = await fleet.json<TenantsReport>('db:status --env shops --check');
  expect(json.code).toBe(1);
  expect(json.facts.tenants.map(({ state }) => state === 'failed')).toEqual([false, true, true, true, false]);
  expect(JSON.stringify(json.facts)).not.toContain('hunter2');
});

test('an unprivileged role syncs its tenants, and code of a hostile owner never runs', async () => {
  const role = `${fleet.prefix}_role`;
  const other = await openFleet(['own', 'evil']);
  try {
    await query(server.socket(), `create role ${role} login password 'hunter2'`);
    for (const name of ['own', 'evil'])
      await query(server.socket(), `alter database ${other.prefix}_${name} owner to ${role}`);
    // In the evil one, each name that pgmage could look up without a schema is its owner's.
    await query(
      other.url('evil'),
      `create schema evil; create table evil.ran (who text);
       create function evil.set_config(text, text, boolean) returns text language sql as
         'insert into evil.ran select session_user; select $2';
       create function evil.pg_try_advisory_lock(bigint) returns boolean language sql as
         'insert into evil.ran select session_user; select true';
       create function evil.current_database() returns name language sql as
         'insert into evil.ran select session_user; select ''x''::name';
       grant all on schema evil to public; grant all on evil.ran to public;
       alter database ${other.prefix}_evil set search_path = evil, public, pg_catalog`,
    );
    const own = (name: string) =>
      `postgres://${role}:hunter2@127.0.0.1:${server.port}/${other.prefix}_${name}`;
    await other.list(['own', 'evil'].map((name) => ({ name, url: own(name) })));
    other.configure(`each: 'select name, url from tenants order by at'`, `ignore: { schemas: ['evil'] }`);
    expect((await other.pgmage('db:status --env shops')).code).toBe(0);
    const synced = await other.pgmage('db:sync --env shops --yes');
    expect([synced.code, synced.log.includes('hunter2')]).toEqual([0, false]);
    expect(await other.rows('evil', 'select * from evil.ran')).toEqual([]);
    const owner = `select pg_get_userbyid(relowner)::text as owner from pg_class where relname = 'users'`;
    expect(await other.rows('own', owner)).toEqual([{ owner: role }]);
  } finally {
    await other.drop();
    await query(server.socket(), `drop role if exists ${role}`);
  }
});
