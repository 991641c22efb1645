// Syntax that newer servers brought: each rule is what the servers themselves say, and db:sync refuses before
// it does anything.
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { rollback } from '../../lib/commands/rollback.ts';
import { sync } from '../../lib/commands/sync.ts';
import { findNewerSyntax, newerSyntaxRules } from '../../lib/sql/newer-syntax.ts';
import { parseSql } from '../../lib/sql/parse.ts';
import { freshCache } from '../project/cache.ts';
import { project } from '../project/project.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';
import type { Server } from '../servers/server.ts';

const yes = { yes: true, force: true };

let cache: string;
beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));

const setup = `
  create extension btree_gist;
  create role newer_a; create role newer_b;
  create table t (id int primary key, a int, b text, j jsonb, g int generated always as (1) stored, at timestamptz,
    constraint c check (a > 0), constraint f foreign key (a) references t deferrable);
  create table span (id int, during int4range);
  create function same(int, int) returns boolean language sql immutable as 'select $1 = $2';
  create operator === (leftarg = int, rightarg = int, function = same);
  create foreign data wrapper w; create server s foreign data wrapper w;
  create function noted() returns event_trigger language plpgsql as 'begin null; end';`;

// One or more for each rule, by what it says.
const examples: Readonly<Record<string, readonly string[]>> = {
  'JSON_OBJECT(key: value)': [`create view v as select json_object('a': 1) as o`],
  'JSON_ARRAY(…)': ['create view v as select json_array(1, 2) as o'],
  'JSON_ARRAY(SELECT …)': ['create view v as select json_array(select a from t) as o'],
  JSON_OBJECTAGG: ['create view v as select json_objectagg(b: a) as o from t'],
  JSON_ARRAYAGG: ['create view v as select json_arrayagg(a) as o from t'],
  'IS JSON': ['alter table t add check (b is json)'],
  SYSTEM_USER: ['create view v as select system_user as u'],
  'a subquery in FROM without an alias': ['create view v as select * from (select a from t)'],
  'STORAGE in CREATE TABLE': ['create table n (a text storage external)'],
  'SET STORAGE DEFAULT': ['alter table t alter b set storage default'],
  'GRANT … WITH INHERIT or SET': [
    'grant newer_a to newer_b with inherit false',
    'grant newer_a to newer_b with set true',
  ],
  'GRANT … WITH ADMIN FALSE': ['grant newer_a to newer_b with admin false'],
  'CREATE STATISTICS without a name': ['create statistics on a, b from t'],
  'RULES of a collation': [`create collation n (provider = icu, locale = 'de', rules = '&a < b')`],
  'origin, password_required or run_as_owner of a subscription': [
    `create subscription n connection 'dbname=none' publication p with (connect = false, slot_name` +
      ' = none, origin = none)',
  ],
  JSON_TABLE: [`create view v as select k.x from t, json_table(j, '$' columns (x int path '$.x')) k`],
  'JSON_EXISTS, JSON_QUERY or JSON_VALUE': [`alter table t add check (json_exists(j, '$.a'))`],
  'JSON(… WITH UNIQUE KEYS)': ['create view v as select json(b with unique keys) as o from t'],
  JSON_SCALAR: ['create view v as select json_scalar(a) as o from t'],
  JSON_SERIALIZE: ['create view v as select json_serialize(j) as o from t'],
  'AT LOCAL': ['create view v as select at at local as l from t'],
  'MERGE … RETURNING': ['merge into t using span on t.id = span.id when matched then delete returning t.a'],
  'WHEN NOT MATCHED BY SOURCE': [
    'merge into t using span on t.id = span.id when not matched by source then delete',
  ],
  'SET EXPRESSION': ['alter table t alter g set expression as (2)'],
  'SET ACCESS METHOD DEFAULT': ['alter table t set access method default'],
  'SET STATISTICS DEFAULT': ['alter table t alter a set statistics default'],
  'USING of a partitioned table': ['create table n (a int) partition by list (a) using heap'],
  'the privilege MAINTAIN': ['grant maintain on t to newer_a', 'revoke maintain on t from newer_a'],
  'COMMUTATOR, NEGATOR, HASHES or MERGES in ALTER OPERATOR': [
    'alter operator === (int, int) set (commutator = ===)',
    'alter operator === (int, int) set (hashes)',
  ],
  'the collation provider builtin': [`create collation n (provider = builtin, locale = 'C')`],
  'an event trigger ON login': ['create event trigger n on login execute function noted()'],
  'failover of a subscription': [
    `create subscription n connection 'dbname=none' publication p with (connect = false, slot_name` +
      ' = none, failover = false)',
  ],
  'NOT NULL as a constraint of its table': [
    'alter table t add constraint n not null a',
    'alter table t add constraint n not null a not valid',
    'create table n (a int, constraint n not null a)',
  ],
  'NOT NULL NO INHERIT': ['create table n (a int not null no inherit)'],
  'ENFORCED or NOT ENFORCED': [
    'alter table t add check (a > 1) not enforced',
    'create table n (a int check (a > 1) not enforced)',
    'create table n (a int references t not enforced)',
    'alter table t add foreign key (a) references t not enforced',
  ],
  'ALTER CONSTRAINT … ENFORCED or INHERIT': ['alter table t alter constraint f not enforced'],
  'a VIRTUAL generated column': [
    'alter table t add n int generated always as (a) virtual',
    'create table n (a int, b int generated always as (a))',
  ],
  'WITHOUT OVERLAPS': ['alter table span add primary key (id, during without overlaps)'],
  'a foreign key with PERIOD': [
    `create table n (id int, during int4range, unique (id, during without overlaps),
      foreign key (id, period during) references n (id, period during))`,
  ],
  'RETURNING WITH (OLD AS …)': ['update t set a = 1 returning with (old as o) o.a'],
  'LIKE in CREATE FOREIGN TABLE': ['create foreign table n (like span) server s'],
  'default privileges ON LARGE OBJECTS': [
    'alter default privileges grant select on large objects to newer_a',
  ],
  'publish_generated_columns of a publication': [
    'create publication n for table t with (publish_generated_columns = stored)',
  ],
};

// Every server understands these, which are like the others.
const old = `
  create view v as select json_build_object('a', 1) as o, json('{}') as q, json_object('{a,1}') as p, timezone('UTC', at) as z from t;
  create view v2 as select x.* from (select a from t) x;
  grant newer_a to newer_b with admin option;
  revoke admin option for newer_a from newer_b;
  alter table t alter b set storage external;
  alter table t alter a set statistics 5;
  alter table t set access method heap;
  create table n (a int not null, b int generated always as (a) stored, check (a > 1), constraint u unique nulls not distinct (b));
  alter table t add constraint d check (a > 2) not valid;
  alter table t alter constraint f not deferrable;
  alter table t alter a set not null;
  alter operator === (int, int) set (restrict = none);
  create collation n (provider = icu, locale = 'de');
  create statistics n on a, b from t;
  merge into t using span on t.id = span.id when not matched then do nothing;
  update t set a = 1 returning a;
  alter default privileges grant select on tables to newer_a;
  create publication n for table t (a) where (a > 0) with (publish = 'insert');
  create view v3 with (security_invoker) as select 1 as a;
  create event trigger n on ddl_command_end execute function noted();
  create foreign table ft (a int) server s;
  create table parted (a int, primary key (a)) partition by list (a)`;

async function found(sql: string, major: number): Promise<string[]> {
  return (await findNewerSyntax(await parseSql('n.sql', sql), major)).map(({ what }) => what);
}

test('each rule has an example, which it finds for older servers alone', async () => {
  expect(Object.keys(examples).sort()).toEqual([...new Set(newerSyntaxRules.map(({ what }) => what))].sort());
  for (const { what, since } of newerSyntaxRules)
    for (const sql of examples[what] ?? []) {
      expect([sql, ...(await found(sql, since - 1))]).toContain(what);
      expect([sql, ...(await found(sql, since))]).toEqual([sql]);
    }
  expect(await found(old, 15)).toEqual([]);
});

// What each of the statements says, one by one and undone at once.
async function answers(server: Server, statements: readonly string[]): Promise<Map<string, string | null>> {
  return withDatabase(server, async ({ url }) => {
    const client = new pg.Client(url);
    await client.connect();
    try {
      await client.query(`begin; ${setup}`);
      const said = new Map<string, string | null>();
      for (const sql of statements) {
        await client.query('savepoint one');
        const refusal = await client.query(sql).then(
          () => null,
          (thrown: Error) => thrown.message,
        );
        said.set(sql, refusal);
        await client.query('rollback to one');
      }
      return said;
    } finally {
      await client.end();
    }
  });
}

for (const server of servers()) {
  test(`PostgreSQL ${server.version}: it refuses what the rules say, and takes the rest`, async () => {
    const said = await answers(server, [...Object.values(examples).flat(), old]);
    for (const { what, since } of newerSyntaxRules)
      for (const sql of examples[what] ?? [])
        expect([sql, since > server.major ? said.get(sql) !== null : said.get(sql)]).toEqual([
          sql,
          since > server.major ? true : null,
        ]);
    expect(said.get(old)).toBeNull();
  });

  test(`PostgreSQL ${server.version}: what is generated with a newer shadow runs both ways`, async () => {
    await withDatabase(server, async ({ url }) => {
      const own = project(url, cache);
      const { context } = own;
      const steps = [
        `create table p (id int generated always as identity, a int not null, b text not null check (b <> ''), primary key (a, id)) partition by list (a);
         create table p1 partition of p for values in (1);
         create table q (id int primary key, p int, g int generated always as (id + 1) stored);
         create view v as select q.x from (select id as x from q union all select null) q;`,
        `create table p (id bigint generated always as identity, a int not null, b text not null check (b <> ''), c text not null default 'x', primary key (a, id)) partition by list (a);
         create table p1 partition of p for values in (1) partition by list (id);
         create table p11 partition of p1 for values in (1);
         create table p2 partition of p for values in (2);
         create index on p (b);
         create table q (id int primary key, p int not null, g int generated always as (id + 2) stored, unique nulls not distinct (p));
         alter table q alter g set storage plain;
         create statistics on_q on id, p from q;
         create view v with (security_invoker) as select q.x, json_build_object('a', q.x) as o from (select id as x from q union all select null) q;`,
      ];
      try {
        const applied: string[] = [];
        for (const wanted of steps) {
          await writeFile(context.project.schema, wanted);
          applied.push((await sync(context, yes, undefined)).applied?.at(-1) as string);
        }
        expect(await rowsOf(url, `select 1 from pg_tables where tablename = 'p11'`)).toHaveLength(1);
        await rollback(context, { ...yes, version: applied[0] }, undefined);
        expect(await rowsOf(url, `select 1 from pg_tables where tablename = 'p11'`)).toEqual([]);
      } finally {
        own.drop();
      }
    });
  }, 120_000);

  if (server.major < 18)
    test(`PostgreSQL ${server.version}: db:sync names newer syntax with its place before it does` +
      ' anything', async () => {
      await withDatabase(server, async ({ url }) => {
        const own = project(url, cache);
        const { context } = own;
        try {
          const wanted = 'create table t (a int, b int check (b > 0) not enforced);';
          await writeFile(context.project.schema, wanted);
          await expect(sync(context, yes, undefined)).rejects.toMatchObject({
            code: 'newer_syntax',
            data: { major: server.major, since: 18 },
          });
          expect(existsSync(context.project.migrations)).toBe(false);
          const report = await generate(context, {});
          const file = report.written[0]?.file as string;
          await expect(sync(context, yes, undefined)).rejects.toMatchObject({
            code: 'newer_syntax',
            where: { file, text: expect.stringMatching(/not enforced/i) },
          });
          expect(await rowsOf(url, `select 1 from pg_tables where tablename = 't'`)).toEqual([]);
        } finally {
          own.drop();
        }
      });
    }, 60_000);
}

test('a place is counted in characters, also behind others', async () => {
  const sql = `-- é\nselect 'é€😀';\ncreate table n (\n  é text,\n  b text storage plain\n);`;
  const [one] = await findNewerSyntax(await parseSql(join('a', 'n.sql'), sql), 15);
  expect(one?.where).toMatchObject({ line: 5, column: 3, text: '  b text storage plain' });
});
