// What the rows of a database say to a plan before it runs: counted, shown, and refused where it is certain
// to fail.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { difference } from '../../lib/commands/diff.ts';
import { sync } from '../../lib/commands/sync.ts';
import { countRows } from '../../lib/migrate/row-counts.ts';
import { connect } from '../../lib/pg/connect.ts';
import { withTarget } from '../../lib/project/source.ts';
import { differenceText } from '../../lib/report/difference.ts';
import { syncPlanText } from '../../lib/report/migrations.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, withProject } from '../project/project.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

let cache: string;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));

const paper = { width: 80, uncut: true, colour: false, now: new Date(0) };

/** A database that has a schema and rows, and another schema that is wanted. */
async function scene(
  old: string,
  rows: string,
  wanted: string,
  work: (own: Project, url: string) => Promise<void>,
): Promise<void> {
  await withDatabase(anyServer(), ({ url }) =>
    withProject(url, cache, async (own) => {
      own.want(old);
      await sync(own.context, { yes: true }, undefined);
      await rowsOf(url, rows);
      own.want(wanted);
      await work(own, url);
    }),
  );
}

const users = 'create table users (id int primary key, phone text)';
const filled = `insert into users select n, nullif('n' || n, 'n7') from generate_series(1, 5000) n`;

test('a NOT NULL that rows do not fit is refused before anything is written or changed', () =>
  scene(users, filled, `${users.replace('phone text', 'phone text not null')}`, async (own, url) => {
    const before = own.files();
    for (const online of [true, false]) {
      const problem = await failure(sync(own.context, { yes: true, online }, undefined));
      expect(problem).toMatchObject({ code: 'rows_in_the_way', exitCode: 1 });
      expect(problem.message).toContain('1 of 5,000 rows of users has no phone, for example id = 7');
      expect(own.files()).toEqual(before);
    }
    await rowsOf(url, `update users set phone = 'x' where phone is null`);
    expect((await sync(own.context, { yes: true }, undefined)).applied).toHaveLength(1);
  }));

const two =
  'create table orgs (id int primary key); create table users (id int primary key, org int, phone text)';
const pairs: readonly (readonly [what: string, old: string, rows: string, wanted: string, found: string])[] =
  [
    [
      'a new required column',
      users,
      filled,
      users.replace('text', 'text, born date not null'),
      '5,000 of 5,000 rows of users have no value for born, for example id = 1',
    ],
    [
      'a NOT NULL beside other changes of its table',
      users,
      filled,
      users.replace('phone text', 'phone text not null, born date, died date'),
      '1 of 5,000 rows of users has no phone, for example id = 7',
    ],
    [
      'a check',
      users,
      filled,
      users.replace(
        'phone text',
        `phone text constraint long check (length(phone) > 2 and phone <> 'VALUE')`,
      ),
      '8 of 5,000 rows of users have values that the check long refuses, for example id = 1',
    ],
    [
      'a foreign key',
      two,
      'insert into orgs select 1; insert into users values (1, 1), (2, 2), (3, null)',
      two.replace('org int', 'org int references orgs'),
      '1 of 3 rows of users has an org that matches no id of orgs, for example id = 2',
    ],
    [
      'a foreign key of a column that is spoken like "you"',
      two.replace('org int', 'unit_id int'),
      'insert into orgs select 1; insert into users values (1, 1), (2, 2), (3, null)',
      two.replace('org int', 'unit_id int references orgs'),
      '1 of 3 rows of users has a unit_id that matches no id of orgs, for example id = 2',
    ],
    [
      'a foreign key to a new table',
      users,
      `insert into users values (1, 'a'), (2, null)`,
      'create table phones (id text primary key); create table users (id int primary key, phone' +
        ' text references phones)',
      '1 of 2 rows of users has a phone that matches no id of phones, for example id = 1',
    ],
    [
      'a unique constraint',
      users,
      `${filled}; update users set phone = 'x' where id < 4`,
      users.replace('phone text', 'phone text unique'),
      '3 of 5,000 rows of users have a phone that is not unique, for example phone = x',
    ],
    [
      'a unique index over an expression, of some rows',
      users,
      `insert into users values (1, 'a'), (2, 'A'), (3, 'B'), (4, 'b')`,
      `${users}; create unique index on users (lower(phone) desc) where id > 2`,
      '2 of 4 rows of users have a lower(phone) that is not unique, for example lower(phone) = b',
    ],
    [
      'a primary key',
      'create table a (x int, y text)',
      `insert into a values (1, 'a'), (1, 'a'), (2, 'b')`,
      'create table a (x int, y text, primary key (x, y))',
      '2 of 3 rows of a have a x, y that is not unique, for example x, y = 1, a',
    ],
    [
      'another type, by text',
      users,
      `insert into users values (1, '1'), (2, 'two'), (3, null)`,
      users.replace('text', 'int'),
      '1 of 3 rows of users has a value of phone that does not become integer, for example id = 2',
    ],
    [
      'another type, by assignment',
      users,
      `insert into users values (1, 'short'), (2, 'much too long')`,
      users.replace('text', 'varchar(8)'),
      '1 of 2 rows of users has a value of phone that does not become character varying(8), for example id = 2',
    ],
    [
      'an enum that loses a label',
      `create type mood as enum ('sad', 'ok'); create table a (id int primary key, mood mood)`,
      `insert into a values (1, 'ok'), (2, 'sad')`,
      `create type mood as enum ('ok'); create table a (id int primary key, mood mood)`,
      "1 of 2 rows of a has a value of mood that its type no longer has: 'sad', for example id = 2",
    ],
    [
      'a check of a domain',
      'create domain d as int; create table a (id int primary key, value d)',
      'insert into a values (1, 1), (2, -1)',
      'create domain d as int constraint positive check (value > 0); create table a (id int primary' +
        ' key, value d)',
      '1 of 2 rows of a has a value that the check positive refuses, for example id = 2',
    ],
    [
      'columns that are called as its own variables',
      'create table a (n_found int primary key, answer text, "a b%c" int)',
      'insert into a values (7, null, 1)',
      'create table a (n_found int primary key, answer text not null, "a b%c" int check ("a b%c" > 1))',
      '1 of 1 row of a has no answer, for example n_found = 7',
    ],
  ];

test.each(pairs)('%s that rows do not fit is refused', async (_, old, rows, wanted, found) => {
  await scene(`${old};`, rows, `${wanted};`, async (own) => {
    const before = own.files();
    for (const online of [true, false]) {
      const problem = await failure(sync(own.context, { yes: true, force: true, online }, undefined));
      // Of a check that stands for a NOT NULL for a short time, the statement is left out.
      expect(`${problem.message}\n`.replace(/(?<= {2}.*)\n/g, ': ')).toContain(`  ${found}: `);
      expect(problem.code).toBe('rows_in_the_way');
      expect(own.files()).toEqual(before);
    }
  });
});

const hostile = `create role owner_of_it nosuperuser; create table leaks (who text, could text);
  grant all on leaks to public; grant create on schema public to owner_of_it; set role owner_of_it;
  create table target (id int primary key, v int); insert into target values (1, 1);
  create function public.spy(v int) returns boolean language plpgsql as $$ begin
    begin reset role; exception when others then null; end;
    begin execute 'reset session authorization'; exception when others then null; end;
    begin perform set_config('role', 'none', false); exception when others then null; end;
    raise exception 'runs as %, superuser %', current_user, (select rolsuper from pg_roles
    where rolname = current_user);
  end $$; reset role`;

test('code of the database runs with the rights of the owner of the table, or not at all', () =>
  withDatabase(anyServer(), async ({ url }) => {
    await rowsOf(url, hostile);
    const connection = await connect({ url, applicationName: 'pgmage tests' });
    const check = {
      outcome: 'fails',
      table: 'table:public.target',
      reads: [],
      test: { where: 'not public.spy(t.v)' },
      words: 'nothing',
      values: [],
      code: true,
    } as const;
    const place = { path: ['public', 'target'], others: [] };
    try {
      expect(await countRows(connection, check, place, { trusted: false, lockTimeout: 1000 })).toEqual({
        unknown: 'not counted: it would run functions of the database',
      });
      expect(await countRows(connection, check, place, { trusted: true, lockTimeout: 1000 })).toEqual({
        unknown: 'not counted: runs as owner_of_it, superuser f',
      });
      const same = await connection.rows(
        `select current_user::text, to_regproc('pg_temp.pgmage_answer') as f`,
      );
      expect(same).toEqual([{ current_user: 'postgres', f: null }]);
    } finally {
      await connection.close();
      await rowsOf(url, 'drop owned by owner_of_it; drop role owner_of_it');
    }
  }));

test('a check that takes too long is not counted, and refuses nothing', () =>
  scene(
    'create function slow(int) returns boolean language sql as $$select pg_catalog.pg_sleep(0.2 *' +
      ' $1) is not null$$; create table a (v int);',
    'insert into a select 100',
    'create function slow(int) returns boolean language sql as $$select pg_catalog.pg_sleep(0.2 *' +
      ' $1) is not null$$; create table a (v int check (slow(v)));',
    async (own) => {
      let text = '';
      const report = await sync(own.context, {}, async (plan) => {
        text = syncPlanText(plan, paper);
        return false;
      });
      expect(report.applied).toBeNull();
      expect(text).toContain('values that the check a_v_check refuses: not counted within 5 s');
    },
  ));

test('db:diff against a database tells what its rows say', () =>
  scene(users, filled, users.replace('phone text', 'phone text not null'), async (own) => {
    const report = await difference(own.context);
    expect(report.findings).toEqual([
      {
        outcome: 'fails',
        sql: 'ALTER TABLE public.users ALTER COLUMN phone SET NOT NULL',
        table: 'users',
        words: 'no phone',
        answer: { found: 1, total: 5000, sample: 'id = 7' },
      },
    ]);
    expect(differenceText(report, paper)).toContain(
      '  1 of 5,000 rows of users has no phone, for example id = 7\n',
    );
  }));

test('the embedded database is asked, too', () =>
  withProject(null, cache, async (own) => {
    own.want(`${users};`);
    await sync(own.context, { yes: true }, undefined);
    const target = await own.context.world.environment();
    await withTarget(own.context, target, (connection) =>
      connection.execute(`insert into users values (1, 'x')`),
    );
    own.want(`${users.replace('text', 'int')};`);
    const problem = await failure(sync(own.context, { yes: true, force: true }, undefined));
    expect(problem.message).toContain(
      '1 of 1 row of users has a value of phone that does not become integer',
    );
  }));
