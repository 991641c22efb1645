// The ready rules, each with a case both ways, and own rules; comments that allow; levels and sizes.
import { expect, test } from 'vitest';
import type { PolicyConfig } from '../../lib/config/policy.ts';
import { levelOfHazard, parseSize } from '../../lib/lint/level.ts';
import { lintFiles } from '../../lib/lint/lint.ts';
import { statementRules } from '../../lib/lint/rules.ts';
import { type LintFinding, weighFindings } from '../../lib/lint/verdict.ts';
import { hazards } from '../../lib/model/step.ts';
import { bothWays } from './ready-cases.ts';
import { cases } from './squawk-cases.ts';

async function find(
  text: string,
  policy: PolicyConfig = {},
  is: 'schema' | 'migration' = 'migration',
): Promise<LintFinding[]> {
  const files = [{ file: 'a.sql', text, is, transactional: false }];
  const found = await lintFiles(files, policy);
  return weighFindings(found, { policy, files, sizes: new Map(), isWhole: true });
}

const rulesOf = (found: readonly LintFinding[]) => found.map(({ rule }) => rule);

test.each(bothWays)('%s: %s', async (rule, bad, good) => {
  const policy: PolicyConfig = { rules: { [rule]: 'deny' } };
  expect(rulesOf(await find(bad, policy))).toContain(rule);
  expect(rulesOf(await find(good, policy))).not.toContain(rule);
});

test('a policy about a hazard finds statements of users, whichever hazard it is', () => {
  const found = new Set(statementRules.flatMap((rule) => rule.hazards));
  // A way down tells this.
  expect(hazards.filter((one) => !found.has(one))).toEqual(['irreversible']);
});

test('what the file itself created has no rows that others use', async () => {
  const text = `create table t (a bigint primary key); create index i on t (a);
    alter table t add constraint c check (a > 0); alter table t alter column a type numeric; drop table t;`;
  expect(await find(text)).toEqual([]);
});

test('a schema file says what is wanted, so that nothing of it blocks or deletes', async () => {
  const text = 'create table t (a bigint primary key); create index i on t (a); create table u (b json);';
  expect(await find(text, {}, 'schema')).toMatchObject([
    { rule: 'no_json', where: { file: 'a.sql', line: 1, column: 81 }, object: 'public.u.b' },
  ]);
});

test('places are those of the column, also behind other characters', async () => {
  const text = `-- ä\ncreate table "ö" (\n  "é" text, b json\n);`;
  const found = await find(text, { rules: { naming: 'allow' } });
  expect(found).toMatchObject([{ rule: 'no_json', where: { line: 3, column: 13 } }]);
});

test('the level is that of the rule, else of its hazards, else the usual one', async () => {
  const drop = 'alter table t drop column a;';
  const levels = async (policy: PolicyConfig) => (await find(drop, policy)).map(({ level }) => level);
  expect(await levels({})).toEqual(['deny']);
  expect(await levels({ deletes_data: 'warn' })).toEqual(['warn']);
  expect(await levels({ deletes_data: 'allow' })).toEqual([]);
  expect(await levels({ deletes_data: 'allow', breaks_clients: 'deny' })).toEqual(['deny']);
  expect(await levels({ deletes_data: 'deny', rules: { drop_column: 'warn' } })).toEqual(['warn']);
  expect(await levels({ rules: { drop_column: { level: 'allow' } } })).toEqual([]);
  expect(
    rulesOf(await find('create table "A" (a bigint);', { rules: { naming: { pattern: '^[A-Za-z]+$' } } })),
  ).toEqual([]);
});

test('a level for one hazard does not weaken a rule whose main hazard is another', async () => {
  const levels = async (sql: string, policy: PolicyConfig) =>
    (await find(sql, policy)).map(({ level }) => level);
  const check = 'alter table t add constraint c check (a > 0);';
  expect(await levels(check, { blocks_writes: { over: '100MB', level: 'warn' } })).toEqual(['deny']);
  expect(await levels(check, { may_fail_on_existing_rows: 'allow' })).toEqual(['deny']);
  expect(await levels('drop table t;', { breaks_clients: 'allow' })).toEqual(['deny']);
  expect(await levels('drop table t;', { deletes_data: 'warn', breaks_clients: 'deny' })).toEqual(['deny']);
  expect(await levels('delete from t;', { deletes_data: 'deny' })).toEqual(['deny']);
});

test('a size counts as PostgreSQL counts it; an unknown one is a warning', () => {
  expect(['1kB', '1.5 MB', '2GB', '7B'].map(parseSize)).toEqual([1024, 1572864, 2147483648, 7]);
  const policy: PolicyConfig = { rewrites_table: { over: '1MB', level: 'deny' }, blocks_writes: 'warn' };
  const level = (bytes: number | null) => levelOfHazard(policy, 'rewrites_table', bytes);
  expect([level(2 ** 20), level(2 ** 20 + 1), level(null)]).toEqual(['allow', 'deny', 'warn']);
  expect(levelOfHazard(policy, 'blocks_writes', 1)).toBe('warn');
  expect(levelOfHazard(policy, 'deletes_data', 1)).toBe(undefined);
});

test('a level without a size holds for every table; a size without a level denies', async () => {
  const policy: PolicyConfig = {
    rewrites_table: { level: 'deny' },
    blocks_writes: { level: 'warn' },
    deletes_data: { over: '1MB' },
  };
  for (const bytes of [null, 0, 2 ** 40])
    expect([
      levelOfHazard(policy, 'rewrites_table', bytes),
      levelOfHazard(policy, 'blocks_writes', bytes),
    ]).toEqual(['deny', 'warn']);
  const level = (bytes: number | null) => levelOfHazard(policy, 'deletes_data', bytes);
  expect([level(2 ** 20), level(2 ** 20 + 1), level(null)]).toEqual(['allow', 'deny', 'warn']);
  const change = 'alter table t alter column a type bigint;';
  const levels = async (own: PolicyConfig) => (await find(change, own)).map((one) => one.level);
  expect(await levels({ rewrites_table: { level: 'deny' } })).toEqual(['deny']);
  expect(await levels({ rewrites_table: { level: 'warn' } })).toEqual(['warn']);
});

test('a comment allows the statement below it, and only the rule or hazard that it names', async () => {
  const statement = 'alter table t drop column a;';
  const under = async (comment: string) => rulesOf(await find(`${comment}\n${statement}\n${statement}`));
  expect(await under('-- pgmage:allow drop_column')).toEqual(['drop_column']);
  expect(await under('-- pgmage:allow deletes_data: unused since May')).toEqual(['drop_column']);
  expect(await under('-- pgmage:allow renames, deletes_data')).toEqual(['drop_column']);
  expect(await under('-- pgmage:allow deletes_data t.a')).toEqual([]);
  expect(await under('-- pgmage:allow deletes_data public.t')).toEqual([]);
  expect(await under('-- pgmage:allow column_type')).toEqual(['unused_allow', 'drop_column', 'drop_column']);
  expect(await under('-- pgmage:allow drop_colum')).toEqual(['unknown_allow', 'drop_column', 'drop_column']);
  expect(await under('-- pgmage:allow deletes_data other.a')).toEqual([
    'unused_allow',
    'drop_column',
    'drop_column',
  ]);
  expect(rulesOf(await find(`select '-- pgmage:allow drop_column';\n${statement}`))).toEqual(['drop_column']);
});

test('a comment that names one hazard does not cover the others', async () => {
  const under = async (comment: string, policy: PolicyConfig = {}) =>
    rulesOf(await find(`-- pgmage:allow ${comment}\ndrop table t;`, policy));
  expect(await under('breaks_clients')).toEqual(['drop_table']);
  expect(await under('deletes_data')).toEqual([]);
  expect(await under('deletes_data', { breaks_clients: 'deny' })).toEqual(['drop_table']);
  expect(await under('deletes_data', { breaks_clients: 'deny', rules: { drop_table: 'warn' } })).toEqual([
    'drop_table',
  ]);
  expect(await under('deletes_data, breaks_clients', { breaks_clients: 'deny' })).toEqual([]);
  expect(await under('breaks_clients', { deletes_data: 'allow', breaks_clients: 'deny' })).toEqual([]);
  expect(await under('drop_table', { deletes_data: 'deny', breaks_clients: 'deny' })).toEqual([]);
});

test('the hint for an unknown name leads to the list of the rules', async () => {
  const [found] = await find('-- pgmage:allow drop_colum\nselect 1;');
  expect(found).toMatchObject({ rule: 'unknown_allow', hint: expect.stringContaining('policy.md') });
});

test('a comment beside a column allows that column alone', async () => {
  const text = `create table t (\n  a json, -- pgmage:allow no_json\n  b json\n);`;
  expect(await find(text, {}, 'schema')).toMatchObject([{ rule: 'no_json', object: 'public.t.b' }]);
});

test('rules skip only what the file surely makes anew', async () => {
  const truncates = async (first: string, table = 'orders') =>
    rulesOf(await find(`${first}\ntruncate ${table};`)).includes('truncate');
  for (const sql of [
    'create table if not exists orders (a bigint);',
    'create table if not exists orders as select 1 as a;',
    'create temp table orders (a bigint);',
    'create temp table orders as select 1 as a;',
    'select 1 as a into temp orders;',
    'create or replace view orders as select 1 as a;',
    'create foreign table if not exists orders (a bigint) server s;',
    'create table tmp (a bigint); alter table tmp rename column a to orders;',
    'create table orders (a bigint); alter table orders rename to new; alter table old rename to orders;',
  ])
    expect([sql, await truncates(sql)]).toEqual([sql, true]);
  for (const sql of [
    'create table orders (a bigint);',
    'create unlogged table orders as select 1 as a;',
    'create table tmp (a bigint); alter table tmp rename to orders;',
  ])
    expect([sql, await truncates(sql)]).toEqual([sql, false]);
  expect(await truncates('create temp table orders (a bigint);', 'pg_temp.orders')).toBe(false);
  const index = 'create index if not exists i on orders (a); drop index i;';
  expect((await find(index)).map(({ object }) => object)).toContain('public.i');
});

test('rows are deleted by DELETE in WITH, by MERGE and in DO, too', async () => {
  const objects = async (sql: string) =>
    (await find(sql)).flatMap(({ rule, object }) =>
      /^(delete_rows|truncate)$/.test(rule) ? [`${rule} ${object}`] : [],
    );
  const orders = ['delete_rows public.orders'];
  expect(await objects('with d as (delete from orders returning 1) select count(*) from d;')).toEqual(orders);
  expect(
    await objects('with d as (delete from orders returning *) insert into old select * from d;'),
  ).toEqual(orders);
  expect(await objects('create table x as with d as (delete from orders returning *) table d;')).toEqual(
    orders,
  );
  expect(await objects('with d as (delete from a) delete from b;')).toEqual([
    'delete_rows public.b',
    'delete_rows public.a',
  ]);
  const merge = (action: string) => `merge into orders o using n on n.id = o.id when matched then ${action};`;
  expect(await objects(merge('delete'))).toEqual(orders);
  expect(await objects(merge('update set a = 1'))).toEqual([]);
  const block = (body: string) => objects(`do $$ begin\n${body}\nend $$;`);
  expect(await block('delete -- all\nfrom only app."Orders";')).toEqual(['delete_rows app."Orders"']);
  expect(await block(merge('delete'))).toEqual(orders);
  expect(await block('truncate table orders, b;')).toEqual(['truncate public.orders', 'truncate public.b']);
  expect(await block(`execute format('delete from %I', 'orders');`)).toEqual(['delete_rows null']);
  expect(await block(`raise notice '--'; delete from orders;`)).toEqual(orders);
  // Names are as the server folds them.
  expect(await block('DELETE FROM Orders;')).toEqual(orders);
  expect(await block('-- delete from orders\nperform 1;')).toEqual([]);
  const body = 'create function f() returns void begin atomic delete from orders; end;';
  expect(await objects(body)).toEqual([]);
  expect(await objects('create table orders (a bigint); with d as (delete from orders) select 1;')).toEqual(
    [],
  );
});

test('values are overwritten by UPDATE, also in WITH, MERGE, ON CONFLICT and DO', async () => {
  const messages = async (sql: string) =>
    (await find(sql)).flatMap(({ rule, object, hazards, message }) =>
      rule === 'overwrite_values' && hazards.includes('loses_values')
        ? [`${object}: ${/^Values(?: of (.*))? are/.exec(message)?.[1] ?? 'any'}`]
        : [],
    );
  const emails = ['public.users: email'];
  for (const sql of [
    `update users set email = 'x';`,
    `update only users as u set email = 'x' where u.id > 7;`,
    'update users set email = null where email is not null;',
    `update users set email = 'x' where id is null;`,
    `update users set email = 'x' where email is null or id = 1;`,
    `update users u set email = 'x' from other o where o.email is null and o.id = u.id;`,
    `with u as (update users set email = 'x' returning 1) select count(*) from u;`,
    `insert into users (id, email) values (1, 'x') on conflict (id) do update set email = excluded.email;`,
    `merge into users u using n on n.id = u.id when matched then update set email = n.email;`,
    `do $$ begin\nUPDATE Users -- all\nSET email = 'x';\nend $$;`,
    `do $$ begin insert into users values (1) on conflict (id) do update set email = 'x'; end $$;`,
    `do $$ begin execute 'update users set email = null'; end $$;`,
    // The column of this name has old values.
    `alter table users add column fresh text; alter table users rename column fresh to kept;
     alter table users rename column email to fresh; alter table users rename column fresh to email;
     update users set email = 'x';`,
    `alter table users add column if not exists email text; update users set email = 'x';`,
    `alter table other add column email text; update users set email = 'x';`,
    `create table fresh (email text); alter table fresh rename to gone; alter table old rename to users;
     update users set email = 'x';`,
  ])
    expect([sql, await messages(sql)]).toEqual([sql, emails]);
  expect(await messages(`update app."Users" set (a, "B") = (1, 2), a = 3;`)).toEqual(['app."Users": a, B']);
  const merge = 'do $$ begin merge into users u using n on true when matched then update set a = 1; end $$;';
  expect(await messages(merge)).toEqual(['public.users: a']);
});

test('what fills in NULL, new columns or new tables overwrites nothing', async () => {
  for (const sql of [
    `update users u set email = 'x' where u.email is null;`,
    `update users set email = 'x' where id > 7 and (email is null and name = 'y');`,
    `insert into users values (1, 'x') on conflict (id) do nothing;`,
    `insert into users values (1, 'x') on conflict (id) do update set email = 'x' where users.email is null;`,
    `merge into users u using n on n.id = u.id when matched and u.email is null then update set email = 'x'
       when not matched then insert (id) values (n.id);`,
    `alter table users add column email text; update users set email = 'x';`,
    `alter table users add column fresh text; alter table users rename column fresh to email;
     update users set email = 'x';`,
    `alter table users add column email text; alter table users rename to people;
     update people set email = 'x';`,
    `alter table users add column email text; do $$ begin update users set email = 'x'; end $$;`,
    `create table users (id bigint, email text); update users set email = 'x';`,
    `do $$ begin update users set email = 'x' where email is null; end $$;`,
    'do $$ begin perform 1 from users for update; end $$;',
    `create function f() returns void begin atomic update users set email = 'x'; end;`,
    'select * from users for update;',
  ])
    expect([sql, rulesOf(await find(sql)).includes('overwrite_values')]).toEqual([sql, false]);
});

test('every ready rule has a case both ways', () => {
  const known = new Set<string>([...bothWays.map(([rule]) => rule), ...cases.map(({ ours }) => ours)]);
  expect(statementRules.map(({ name }) => name).filter((name) => !known.has(name))).toEqual([]);
});

test('every ready rule says what it flags and what to do', () => {
  for (const { name, flags, hint } of statementRules)
    expect([name, flags, hint].every((one) => one.length > 0)).toBe(true);
  expect(new Set(statementRules.map(({ name }) => name)).size).toBe(statementRules.length);
});

test('what CREATE SCHEMA makes is judged as other statements are, in the new schema', async () => {
  const text = `create schema s create table a (id bigint primary key, b json, "Name" text)
    create table c (id bigint primary key, a bigint references a)
    create index on a (id) create view v as select id from a;
    alter table s.a add constraint k check (id > 0); alter table a add constraint k check (id > 0);`;
  expect(await find(text)).toMatchObject([
    { rule: 'no_json', where: { line: 1, column: 56 }, object: 's.a.b' },
    { rule: 'naming', where: { line: 1 }, object: expect.stringContaining('s.a') },
    { rule: 'constraint_not_valid', object: 'public.a' },
  ]);
  const own = await find('create schema authorization r create table t (b json);');
  expect(own).toMatchObject([{ rule: 'no_json', object: 'r.t.b' }]);
});
