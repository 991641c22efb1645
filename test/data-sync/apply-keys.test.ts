// Foreign keys and unique values: what one statement has to cope with, as a role that is not a superuser.
import { expect, test } from 'vitest';
import { dataDiff } from '../../lib/commands/data-diff.ts';
import { dataSync } from '../../lib/commands/data-sync.ts';
import { contextOf } from '../copy/cloning.ts';
import { withPair } from '../copy/ways.ts';
import { rowsOf } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';

const family = (action: string) => `create table p (id int primary key, code text unique);
  create table c (id int primary key, p int references p ${action});
  insert into p values (1, 'a'), (2, 'b'), (3, 'c'); insert into c values (1, 1), (2, 2), (3, 3)`;
const actions = ['no action', 'restrict', 'cascade', 'set null', 'set default'];
const unique = (column: string, more = '') =>
  `create table u (id int primary key, ${column}); insert into u values (1, 1), (2, 2), (3, 3), (4, 4); ${more}`;
const rotated = 'update u set v = v + 10; update u set v = case id when 4 then 1 else id + 1 end';
const referred =
  'create table r (id int primary key, u int references u on delete cascade); insert into r values (1, 1)';

/** Each in a schema of its own: rows of both sides, then the change of the source. */
const questions: Readonly<Record<string, readonly [both: string, source: string]>> = {
  ...Object.fromEntries(
    actions.flatMap((action) => [
      [
        `parent and child go, ${action}`,
        [family(`on delete ${action}`), 'delete from c where id = 2; delete from p where id = 2'],
      ],
      [
        `child leaves a parent that goes, ${action}`,
        [family(`on delete ${action}`), 'update c set p = 3 where id = 2; delete from p where id = 2'],
      ],
      [
        `referenced value changes, ${action}`,
        [
          `create table p (id int primary key, code text unique);
         create table c (id int primary key, p text references p (code) on update ${action});
         insert into p values (1, 'a'), (2, 'b'); insert into c values (1, 'a'), (2, 'b')`,
          `update c set p = null; update p set code = 'z' where id = 1; update c set p = case id when 1 then 'z' else 'b' end`,
        ],
      ],
    ]),
  ),
  'child before its parent': [family(''), `insert into p values (9, 'n'); insert into c values (0, 9)`],
  'a cycle that is NOT NULL': [
    `create table a (id int primary key, b int not null); create table b (id int primary key, a int not null references a);
     alter table a add constraint ab foreign key (b) references b deferrable`,
    `begin; set constraints all deferred; insert into a values (1, 1), (2, 2); insert into b values (1, 1), (2, 2); commit`,
  ],
  'a ring of new rows in one table': [
    'create table t (id int primary key, next int references t deferrable)',
    'begin; set constraints all deferred; insert into t values (1, 2), (2, 3), (3, 1); commit',
  ],
  'a tree that goes': [
    'create table t (id int primary key, boss int references t on delete restrict); insert into t values (1, null), (2, 1), (3, 2)',
    'delete from t where id = 3; delete from t where id = 2; delete from t',
  ],
  'a deferred key': [
    family('deferrable initially deferred'),
    'delete from c where id = 1; delete from p where id = 1',
  ],
  'unique values in a ring': [unique('v int unique'), rotated],
  'unique values in a ring, deferrable': [unique('v int unique deferrable'), rotated],
  'unique values in a ring, referenced, nullable': [unique('v int unique', referred), rotated],
  'unique values in a ring, referenced, NOT NULL': [unique('v int not null unique', referred), rotated],
  'a unique index by an expression': [unique('v int', 'create unique index on u ((v * 2))'), rotated],
  'a partial unique index': [unique('v int', 'create unique index on u (v) where v > 0'), rotated],
  'an exclusion constraint': [
    unique('v int, exclude using btree (v with =)'),
    'update u set v = v + 10; update u set v = case id when 4 then 1 else id + 1 end',
  ],
  'a unique value of a row that goes': [
    unique('v int unique'),
    'delete from u where id = 1; insert into u values (9, 1)',
  ],
  'a unique value that an updated row gives to a new one': [
    unique('v int unique'),
    'update u set v = 9 where id = 1; insert into u values (8, 1)',
  ],
  'unique values of two columns in a ring': [
    unique('v int, w int default 1, unique (v, w)'),
    'update u set w = 2; update u set v = case id when 4 then 1 else id + 1 end, w = 1',
  ],
  'unique values in a ring, NULLS NOT DISTINCT, referenced': [
    unique('v int, unique nulls not distinct (v)', referred),
    rotated,
  ],
  'a key of two columns to a partitioned table': [
    `create table p (a int, b int, v int, primary key (a, b)) partition by list (b);
     create table p1 partition of p for values in (1); create table p2 partition of p for values in (2);
     create table c (id int primary key, a int, b int, foreign key (a, b) references p on delete cascade);
     insert into p values (1, 1, 1), (2, 2, 2); insert into c values (1, 1, 1), (2, 2, 2)`,
    `insert into p values (3, 2, 3); update c set a = 3, b = 2 where id = 1; delete from p where a = 1;
     insert into c values (9, 3, 2)`,
  ],
  'a partition move': [
    `create table t (id int, part int, primary key (id, part)) partition by list (part);
     create table t1 partition of t for values in (1); create table t2 partition of t for values in (2);
     create table plain (id int primary key, k int, v int) partition by hash (id);
     create table plain0 partition of plain for values with (modulus 2, remainder 0);
     create table plain1 partition of plain for values with (modulus 2, remainder 1);
     insert into t values (1, 1), (2, 2); insert into plain select n, n, n from generate_series(1, 9) n`,
    'update t set part = 2 where id = 1; update plain set v = 7',
  ],
  'identity and generated columns': [
    `create table t (id int generated always as identity primary key, v int, w int generated always as (v * 2) stored);
     create table o (k text primary key, n int generated always as identity); insert into t (v) values (1), (2);
     insert into o (k) values ('a'), ('b')`,
    `update t set v = 5 where id = 1; insert into t (v) values (9); delete from o where k = 'a'; insert into o (k) values ('a')`,
  ],
  'no key': [
    'create table t (v int, w text); insert into t select n % 3, null from generate_series(1, 9) n',
    'delete from t where v = 0; insert into t values (1, null), (5, null)',
  ],
  'keys that a collation takes for one': [
    `create collation ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
     create table t (id text collate ci primary key, v int); create table c (id int primary key, t text collate ci references t on delete cascade);
     insert into t values ('Ä', 1), ('b', 2); insert into c values (1, 'Ä')`,
    `delete from c; update t set id = 'ä' where v = 1; delete from t where v = 2; insert into c values (1, 'ä')`,
  ],
  'numbers that are equal': [
    'create table t (id numeric primary key, v int); insert into t values (1.0, 1), (2, 2)',
    'update t set id = 1.00 where v = 1',
  ],
  'a key that can be null': [
    'create table t (a int, v int, unique nulls not distinct (a)); insert into t values (null, 1), (2, 2)',
    'update t set v = 9',
  ],
};

test.each(servers())('$major: all questions in one run, as a role that owns the tables', async (server) => {
  await withPair(server, server, async (source, target) => {
    const role = `asker_${server.major}_${process.pid}`;
    await rowsOf(
      target.url,
      `create role ${role} login password 'x'; grant create on database ${target.name} to ${role}`,
    );
    const names = Object.keys(questions);
    const both = names.map((name, at) => {
      const schema = `q${at}`;
      return `create schema ${schema}; set search_path = ${schema}; ${questions[name]?.[0]}; set search_path = public`;
    });
    await rowsOf(source.url, both.join(';\n'));
    const as = new URL(target.url);
    as.username = role;
    as.password = 'x';
    await rowsOf(as.href, both.join(';\n'));
    for (const [at, name] of names.entries())
      await rowsOf(source.url, `set search_path = q${at}; ${questions[name]?.[1]}`).catch((thrown: Error) => {
        throw new Error(`${name}: ${thrown.message}`);
      });
    await using workspace = contextOf(source.url, as.href);
    const before = await constraintsOf(target.url);
    const options = { from: 'source', to: 'target', yes: true, force: true, jobs: 2 };
    const report = await dataSync(workspace, options, undefined);
    expect(report.run).toMatchObject({ skipped: 0, sideEffects: [] });
    const left = await dataDiff(workspace, { from: 'source', to: 'target', jobs: 2, rows: true });
    const wrong = left.tables.filter((one) => one.missing + one.changed + one.extra > 0);
    expect(wrong.map(({ name }) => [names[Number(/^q(\d+)/.exec(name)?.[1])], name])).toEqual([]);
    expect(await constraintsOf(target.url)).toEqual(before);
    await rowsOf(target.url, `drop owned by ${role} cascade; drop role ${role}`);
  });
});

const constraintsOf = (url: string) =>
  rowsOf(
    url,
    `select conrelid::regclass::text as t, conname, pg_get_constraintdef(oid) as d from pg_constraint
     where connamespace::regnamespace::text ~ '^q' order by 1, 2, 3`,
  );
