// Who owns what and who may do what: a schema file that leaves it open agrees with every database.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCatalog } from '../../lib/catalog/read.ts';
import { kinds } from '../../lib/kinds/index.ts';
import { type Catalog, shadowRole } from '../../lib/model/catalog.ts';
import { diff, makeDifference } from '../../lib/model/diff.ts';
import { emptyCatalog } from '../../lib/model/empty-catalog.ts';
import type { Fact } from '../../lib/model/fact.ts';
import { snapshot } from '../../lib/pg/snapshot.ts';
import { plan } from '../../lib/plan/plan.ts';
import { readState } from '../../lib/project/shadow-catalog.ts';
import { loadFiles } from '../../lib/shadow/load.ts';
import { openShadow } from '../../lib/shadow/open.ts';
import type { Shadow } from '../../lib/shadow/shadow.ts';
import { parseSql } from '../../lib/sql/parse.ts';
import { freshCache } from '../project/cache.ts';
import { apply, load as loadLive, withSession } from '../proof/session.ts';
import { withDatabase } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';

let folder: string;
let shadow: Shadow;

beforeAll(async () => {
  folder = await freshCache();
  shadow = await openShadow({ cacheDir: folder, url: null, extensions: ['hstore'] });
});
afterAll(async () => {
  await shadow.close();
  await rm(folder, { recursive: true });
});

function wanted(text: string): Promise<Catalog> {
  return shadow.state(async (connection) => {
    await loadFiles(connection, [await parseSql('schema.sql', text)]);
    return readState(connection);
  });
}

const nothing = { added: [], removed: [], changed: [] };
const roles = `create role anna; create role "Reader"; create role migrator superuser;`;

describe.each(servers().map((server) => [server.major, server] as const))('PostgreSQL %i', (_, server) => {
  const actual = (text: string, role = 'postgres') =>
    withDatabase(server, ({ socket }) =>
      withSession(socket, async (session) => {
        await loadLive(session, roles);
        await session.execute(`set role ${role}`);
        await loadLive(session, text);
        await session.execute(`set role ${role}`);
        return snapshot(session, (reader) => readCatalog(reader, kinds));
      }),
    );
  const sql = (before: Catalog, after: Catalog) =>
    plan({ difference: makeDifference(before, after, kinds), kinds }).map((step) => step.sql);

  test('owners that nobody asked for are no difference, and outlive what has to be made anew', async () => {
    const schema =
      'create extension hstore; create table t (id serial, a int); create view v as select 1 as a, 2 as b;';
    const owned =
      'alter table t owner to anna; alter view v owner to anna; alter schema public owner to migrator;';
    const live = await actual(schema + owned);
    expect(diff(live, await wanted(schema), kinds)).toEqual(nothing);
    expect(sql(await wanted(schema), live)).toEqual([]);
    const other = await wanted(schema.replace('1 as a, 2 as b', '2 as b, 1 as a'));
    expect(sql(live, other).slice(-1)).toEqual(['ALTER VIEW public.v OWNER TO anna']);
    expect(sql(live, await wanted(`${schema} alter table t owner to "Reader";`))).toEqual([
      'ALTER TABLE public.t OWNER TO "Reader"',
    ]);
  });

  test('an owner that is asked for is compared, and whoever makes an object owns it already', async () => {
    const schema = 'create table t (id int); alter table t owner to migrator;';
    const live = await actual('', 'migrator');
    expect(sql(live, await wanted(schema))).toEqual(['CREATE TABLE public.t (\n  id integer\n)']);
    const postgres = await actual('');
    expect(sql(postgres, await wanted(schema))).toContain('ALTER TABLE public.t OWNER TO migrator');
  });

  test('a role may create objects in a schema before it owns one there', async () => {
    const [before, rights] = ['create schema s;', 'grant create on schema s to anna;'];
    const table = 'create table s.t (id int);';
    const after = `${before}${table} alter table s.t owner to anna;${rights}`;
    const steps = plan({
      difference: makeDifference(await actual(''), await wanted(after), kinds),
      kinds,
      role: 'deploy',
    });
    await withDatabase(server, ({ socket }) =>
      withSession(socket, async (session) => {
        await loadLive(session, `${roles} create role deploy in role anna;`);
        await session.execute(`do 'begin execute format(''grant create on database %I to deploy'',
          current_database()); end'; set role deploy`);
        await apply(session, steps);
      }),
    );
    expect(sql(await actual(before + table), await wanted(after))).toEqual([
      'GRANT CREATE ON SCHEMA s TO anna',
      'ALTER TABLE s.t OWNER TO anna',
    ]);
    // Both are changed.
    const other = after.replace('owner to anna', 'owner to "Reader"').replace('create on', 'usage on');
    expect(sql(await actual(other), await wanted(after)).slice(-2)).toEqual([
      'GRANT CREATE ON SCHEMA s TO anna',
      'ALTER TABLE s.t OWNER TO anna',
    ]);
  });

  test('all privileges are all of them on every version', async () => {
    const schema = `create table t (id int); grant all on t to "Reader"; revoke truncate on t
      from current_user;
      create schema s; grant all on all tables in schema public to anna with grant option;`;
    const live = await actual(schema);
    expect(diff(live, await wanted(schema), kinds)).toEqual(nothing);
    const create = sql(await actual(''), await wanted(schema));
    expect(create).toContain('GRANT ALL ON TABLE public.t TO "Reader"');
    expect(create).toContain('REVOKE TRUNCATE ON TABLE public.t FROM CURRENT_USER');
  });

  test('a privilege that one of the sides does not know is in no statement', async () => {
    const table = 'create table t (id int);';
    const taken = `${table} revoke select on t from current_user; grant insert on t to "Reader";
      alter default privileges grant insert, delete on tables to "Reader";`;
    const [live, none] = [await actual(taken), await actual(table)];
    const older = sql(await wanted(table), live);
    expect(older).toContain('REVOKE SELECT ON TABLE public.t FROM postgres');
    expect(sql(live, await wanted(table))).toContain('GRANT SELECT ON TABLE public.t TO postgres');
    expect([...older, ...sql(live, await wanted(table))].join()).not.toContain('MAINTAIN');
    // The statements lead to the same on this server and in the shadow.
    expect(
      sql(live, await wanted(`${table}${older.join(';').replaceAll('postgres', 'current_user')};`)),
    ).toEqual([]);
    expect(diff(none, await wanted(table), kinds)).toEqual(nothing);
  });

  test("the shadow's default privileges stand for those of the role that runs the plan", async () => {
    const schema = `alter default privileges grant select on tables to "Reader";
      alter default privileges revoke execute on functions from public;`;
    const live = await actual(schema, 'migrator');
    expect(diff(live, await wanted(schema), kinds)).toEqual(nothing);
    const tables = 'create table t (id int); create table u (id int); revoke all on u from "Reader";';
    expect(sql(live, await wanted(schema + tables)).filter((text) => !text.startsWith('CREATE'))).toEqual([
      'REVOKE SELECT ON TABLE public.u FROM "Reader"',
    ]);
    expect(sql(await actual('', 'migrator'), await wanted(schema))).toContain(
      'ALTER DEFAULT PRIVILEGES FOR ROLE migrator GRANT SELECT ON TABLES TO "Reader"',
    );
  });

  test('what is granted to whoever owns it is part of what an owner may do', async () => {
    const schema = `create table t (id int, a text); create table u (id int);
      grant select on t to migrator with grant option; grant update (a) on t to migrator; grant all
      on u to migrator;
      create table y (id int); revoke truncate on y from current_user;
      create table v (id int); alter table v owner to anna; grant insert on v to anna with grant option;
      create table w (id int); grant select on w to anna;
      alter default privileges in schema public grant all on tables to migrator;
      alter default privileges grant usage on types to migrator; create function f() returns int return 1;
      create table x (id int);`;
    const live = await actual(schema, 'migrator');
    expect(diff(live, await wanted(schema), kinds)).toEqual(nothing);
    const owned = await actual(`${schema} alter table w owner to anna;`, 'migrator');
    expect(diff(owned, await wanted(schema), kinds)).toEqual(nothing);
    expect(sql(live, await wanted(schema.replace('grant select on t', 'grant select, delete on t')))).toEqual(
      ['GRANT DELETE ON TABLE public.t TO migrator WITH GRANT OPTION'],
    );
    expect(sql(live, await wanted(schema.replace('select on t to', 'select on u to')))).toEqual([
      'REVOKE GRANT OPTION FOR SELECT ON TABLE public.t FROM migrator',
      'GRANT SELECT ON TABLE public.u TO migrator WITH GRANT OPTION',
    ]);
  });

  test('a policy for whoever runs the migration is for the role that does', async () => {
    const schema = 'create table t (id int); create policy p on t to current_user, "Reader" using (true);';
    const live = await actual(schema, 'migrator');
    expect(diff(live, await wanted(schema), kinds)).toEqual(nothing);
    expect(sql(await actual('', 'migrator'), await wanted(schema)).at(-1)).toContain('TO migrator, "Reader"');
    const nobody = emptyCatalog(18, kinds);
    expect(sql(nobody, await wanted(schema)).at(-1)).toContain('TO CURRENT_USER, "Reader"');
  });

  test('comments that come by themselves are no facts', async () => {
    const live = await actual('create extension hstore;');
    expect([...live.facts.keys()].filter((id) => id.startsWith('comment:'))).toEqual([
      'comment:@schema:public',
    ]);
  });

  test('how a subscription streams is left to the server, whose version decides', async () => {
    const open =
      `create subscription s connection 'host=x' publication p with (connect = false,` +
      ' slot_name = none);';
    const live = await actual(open);
    expect(diff(live, await wanted(open), kinds)).toEqual(nothing);
    expect(sql(live, await wanted(open.replace(');', ', streaming = on);')))).toEqual([
      "ALTER SUBSCRIPTION s SET (streaming = 'on')",
    ]);
    expect(sql(await actual(''), await wanted(open)).at(-1)).not.toContain('streaming');
  });

  test('a schema public that was made anew differs from that of a new database', async () => {
    const schema = 'drop schema public; create schema public; create table t (id int);';
    const live = await actual(schema);
    expect(diff(live, await wanted(schema), kinds)).toEqual(nothing);
    expect(
      sql(await actual(''), await wanted(schema))
        .slice(0, -1)
        .sort(),
    ).toEqual([
      'ALTER SCHEMA public OWNER TO postgres',
      "COMMENT ON SCHEMA public IS ''",
      'CREATE TABLE public.t (\n  id integer\n)',
    ]);
    expect(sql(emptyCatalog(18, kinds), await wanted(schema))).toContain(
      'ALTER SCHEMA public OWNER TO CURRENT_USER',
    );
    // A file that does not mention it leaves owner and comment open, but not who may use it.
    expect(sql(live, await wanted('create table t (id int);'))).toEqual([
      'GRANT USAGE ON SCHEMA public TO PUBLIC',
    ]);
  });
});

test('between two schema files, whoever runs the migration is the owner', async () => {
  const before = await wanted('create table t (id int);');
  const after = await wanted('create table t (id int); revoke insert on t from current_user;');
  expect(before.role).toBe(shadowRole);
  expect(plan({ difference: makeDifference(before, after, kinds), kinds }).map((step) => step.sql)).toEqual([
    'REVOKE INSERT ON TABLE public.t FROM CURRENT_USER',
  ]);
});

test('security labels are set, changed and taken away', () => {
  const empty = emptyCatalog(18, kinds);
  const labelled = (label: string): Catalog => {
    const id = 'security label:"My Provider"@schema:public';
    const base = {
      kind: 'security label',
      path: ['public', 'My Provider'],
      signature: '',
      origins: [],
      position: 0,
    };
    const fact: Fact = { ...base, id, parent: 'schema:public', payload: { label } };
    return { ...empty, facts: new Map([...empty.facts, [id, fact]]) };
  };
  const sql = (before: Catalog, after: Catalog) =>
    plan({ difference: makeDifference(before, after, kinds), kinds }).map((step) => step.sql);
  const start = 'SECURITY LABEL FOR "My Provider" ON SCHEMA public IS';
  expect(sql(empty, labelled("it's"))).toEqual([`${start} 'it''s'`]);
  expect(sql(labelled('a'), labelled('b'))).toEqual([`${start} 'b'`]);
  expect(sql(labelled('a'), empty)).toEqual([`${start} NULL`]);
});
