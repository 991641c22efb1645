// What the options and the configuration of data:diff and data:verify choose, and what they say of a wrong
// one.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dataDiff } from '../../lib/commands/data-diff.ts';
import { dataVerify } from '../../lib/commands/data-verify.ts';
import { checkConfig } from '../../lib/config/check.ts';
import { dataDiffText, dataVerifyText } from '../../lib/report/data-diff.ts';
import { contextOf } from '../copy/cloning.ts';
import { newest, withPair } from '../copy/ways.ts';
import { failure } from '../failure.ts';
import { rowsOf } from '../servers/databases.ts';
import { type Compared, compared, listCounts } from './comparing.ts';

const paper = { width: 80, colour: false, now: new Date('2026-11-29T12:00:00Z') };

const shop: Compared = {
  both: `create schema shop; create table users (id int primary key, email text, tenant int);
    create table shop.orders (id int primary key, note text); create table log (at text);
    insert into users values (1, 'a@x.org', 1), (2, 'b@x.org', 2); insert into shop.orders values (1, 'x')`,
  source: `update users set email = 'A@x.org' where id = 1; insert into users values (3, 'c@x.org',
    1); insert into log values ('now')`,
  target: `delete from shop.orders`,
};

test.each([
  [{ tables: ['users'] }, ['public.users']],
  [{ tables: ['shop.*', 'log'] }, ['public.log', 'shop.orders']],
  [{ exclude: ['log', 'shop.*'] }, ['public.users']],
  [{ tables: ['*'], exclude: ['users'] }, ['public.log', 'shop.orders']],
])('the options %j choose %j', async (input, names) => {
  const report = await compared({ ...shop, input });
  expect(report.tables.map(({ name }) => name)).toEqual(names);
});

test('a pattern or a configured name that nothing has is an error with the nearest name', async () => {
  const option = await failure(compared({ ...shop, input: { tables: ['user'] } }));
  expect(option.data).toMatchObject({ option: '--tables', reason: expect.stringContaining('public.users') });
  const wrong = async (data: Compared['data']) => {
    const problem = await failure(compared({ ...shop, ...(data && { data }) }));
    expect(problem.code).toBe('bad_config');
    return problem.message;
  };
  expect(await wrong({ tables: { 'public.usres': {} } })).toContain('Did you mean public.users?');
  expect(await wrong({ tables: { users: { to: 'shop.order' } } })).toContain('Did you mean shop.orders?');
  expect(await wrong({ tables: { users: { columns: { emial: 'lower(email)' } } } })).toContain(
    'Did you mean email?',
  );
  expect(await wrong({ keys: { users: ['ids'] } })).toContain('Did you mean id?');
});

test.each([
  [{ data: { tabels: {} } }, 'data.tabels is unknown; did you mean tables?'],
  [
    { data: { tables: { users: { colums: {} } } } },
    'data.tables.users.colums is unknown; did you mean columns?',
  ],
  [{ data: { keys: { users: 'id' } } }, 'data.keys.users must be a list of strings'],
  [{ data: { from: 1 } }, 'data.from must be a string'],
])('the configuration %j is refused', (config, reason) => {
  expect(() => checkConfig(config, 'pgmage.config.ts')).toThrow(reason);
});

test('a condition takes part of the rows on both sides', async () => {
  const where = (condition: string | { from?: string; to?: string }) => ({
    tables: { users: { where: condition } },
  });
  const users = { input: { tables: ['users'] } };
  expect(listCounts(await compared({ ...shop, ...users, data: where('tenant = 1') }))).toEqual({
    'public.users': '1/1/0',
  });
  expect(listCounts(await compared({ ...shop, ...users, data: where('tenant = 2') }))).toEqual({
    'public.users': '0/0/0',
  });
  // Of one side alone, all others of the target are extra.
  expect(listCounts(await compared({ ...shop, ...users, data: where({ from: 'tenant = 2' }) }))).toEqual({
    'public.users': '0/0/1',
  });
});

test('another table, and expressions over the columns of the source', async () => {
  const report = await compared({
    source: `create table customers (id int primary key, name text, email text, suffix text default '');
      insert into customers (id, name, email) values (1, 'Ann', 'ANN@x.org'), (2, 'Bob', 'b@x.org')`,
    target: `create table users (id int primary key, full_name text, email text); insert into users values (1,
      'Ann', 'ann@x.org'), (2, 'Rob', 'b@x.org')`,
    data: {
      tables: { customers: { to: 'users', columns: { full_name: 'name || suffix', email: 'lower(email)' } } },
    },
    input: { columns: true, strict: true },
  });
  expect(report.tables).toMatchObject([
    { name: 'public.users', source: 'public.customers', changed: 1, columns: { full_name: 1 } },
  ]);
});

test('SQL of the configuration that the server does not understand is told with its place', async () => {
  const wrong = async (table: NonNullable<NonNullable<Compared['data']>['tables']>[string]) =>
    (await failure(compared({ ...shop, data: { tables: { users: table } } }))).message;
  expect(await wrong({ columns: { email: 'lower(emial)' } })).toBe(
    `Invalid configuration in pgmage.config.ts: data.tables['public.users'].columns.email: column "emial" does not exist`,
  );
  expect(await wrong({ where: 'tenant == 5' })).toContain(
    `data.tables['public.users'].where: operator does not`,
  );
  expect(await wrong({ where: 'email' })).toContain(`data.tables['public.users'].where: `);
});

test('a table of another name is chosen by either, and ignored objects are left out', async () => {
  const given = {
    both: 'create schema cron; create table cron.job (id int); create table log (id int)',
    source: 'create table customers (id int primary key)',
    target: 'create table users (id int primary key)',
    data: { tables: { customers: { to: 'users' } } },
    ignore: { schemas: ['cr*n'], objects: ['public.log'] },
  };
  const names = async (input: Compared['input']) =>
    (await compared({ ...given, ...(input && { input }) })).tables.map(({ name }) => name);
  expect(await names({})).toEqual(['public.users']);
  expect(await names({ tables: ['users'] })).toEqual(['public.users']);
  expect(await names({ tables: ['customers', 'cron.job'] })).toEqual(['cron.job', 'public.users']);
  expect(await names({ exclude: ['users'] })).toEqual([]);
});

test('columns may have the names of what pgmage uses itself', async () => {
  const columns = 'k int primary key, t text, s text, n int, r int, c int, h int, b int, "only" int';
  const names = ['t', 's', 'n', 'r', 'c', 'h', 'b', 'only'];
  const report = await compared({
    both: `create table t (${columns})`,
    source: `insert into t values (1, 'a', 'b', 1, 2, 3, 4, 5, 6), (2, 'a', 'b', 1, 2, 3, 4, 5, 6)`,
    target: `insert into t values (1, 'a', 'b', 1, 2, 3, 4, 5, 6), (2, 'x', 'x', 0, 0, 0, 0, 0, 0)`,
    data: { tables: { t: { where: 'n >= 0 and k > 0', columns: { n: 'n + 0', h: 'c + 1' } } } },
    masks: { 't.r': 'r * 1', 't.s': "s || ''" },
    input: { columns: true, rows: true },
  });
  expect(report.tables[0]?.columns).toEqual(Object.fromEntries(names.map((name) => [name, 1])));
  expect(report.tables[0]?.details?.[0]?.new).toMatchObject({ n: '1', r: '2', h: '4' });
});

test('masks stay the same from run to run, and never leave the source unmasked', async () => {
  const root = mkdtempSync(join(tmpdir(), 'pgmage-masks-'));
  try {
    await withPair(newest, newest, async (source, target) => {
      for (const { url } of [source, target])
        await rowsOf(
          url,
          `create table users (id int primary key, email text) partition by range (id);
           create table users1 partition of users default; create table heirs (email text unique not null)`,
        );
      await rowsOf(
        source.url,
        `insert into users values (1, 'ann@x.org'), (2, null); insert into heirs values ('bob@x.org')`,
      );

      const workspace = contextOf(source.url, target.url, { root, masks: { 'users.email': '@email' } });
      const input = { from: 'source', to: 'target', mask: ['heirs.email=@hash'], rows: true };
      const first = await dataDiff(workspace, input);
      const shown = first.tables.flatMap(({ details = [] }) => details.map((one) => one.new?.email));
      expect(shown.filter((one) => one !== null)).toHaveLength(2);
      const note = { verdict: 'converted', reason: 'a mask takes the place of its values' };
      expect(first.notes).toEqual([
        { ...note, what: 'public.heirs.email' },
        { ...note, what: 'public.users.email' },
      ]);
      expect(JSON.stringify(first)).not.toMatch(/ann@|bob@/);
      for (const [at, { details = [] }] of first.tables.entries())
        for (const { new: values } of details)
          await rowsOf(
            target.url,
            `insert into ${first.tables[at]?.name} values (${Object.values(values ?? {})
              .map((one) => (one === null ? 'null' : `'${one}'`))
              .join(', ')})`,
          );
      expect((await dataDiff(workspace, input)).isSame).toBe(true);
      expect(statSync(join(root, '.pgmage', 'mask-secret')).mode & 0o777).toBe(0o600);
      const bad = await failure(dataDiff(workspace, { ...input, mask: ['heirs.emial=@hash'] }));
      expect(bad.code).toBe('bad_mask');
    });
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('rows, columns and a file of all rows; nothing else is left on disk', async () => {
  const root = mkdtempSync(join(tmpdir(), 'pgmage-out-'));
  try {
    await withPair(newest, newest, async (source, target) => {
      for (const { url } of [source, target])
        await rowsOf(
          url,
          `create table t (id int primary key, a text, b bytea, c int[]); insert into t select n, 'v',
            '\\x00', '{1}' from generate_series(1, 100) n`,
        );
      await rowsOf(
        source.url,
        `update t set a = E'tab\\tline\\nend' where id <= 30; update t set c = null
          where id = 1; insert into t values (200, repeat('x', 5000))`,
      );
      await rowsOf(target.url, 'insert into t values (-1)');

      const workspace = contextOf(source.url, target.url, { root });
      const report = await dataDiff(workspace, {
        from: 'source',
        to: 'target',
        rows: true,
        columns: true,
        out: 'rows.jsonl',
      });
      expect(report.tables[0]?.columns).toEqual({ a: 30, c: 1 });
      expect(report.tables[0]?.details).toHaveLength(20);
      const lines = readFileSync(join(root, 'rows.jsonl'), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(lines).toHaveLength(32);
      expect(lines).toContainEqual({
        table: 'public.t',
        kind: 'changed',
        key: { id: '1' },
        old: { a: 'v', c: '{1}' },
        new: { a: 'tab\tline\nend', c: null },
        copies: 1,
      });
      expect(lines).toContainEqual({
        table: 'public.t',
        kind: 'extra',
        key: { id: '-1' },
        old: { id: '-1', a: null, b: null, c: null },
        new: null,
        copies: 1,
      });
      expect(statSync(join(root, 'rows.jsonl')).mode & 0o777).toBe(0o600);
      expect(readdirSync(join(root, '.pgmage'))).toEqual([]);
      const text = dataDiffText(report, paper);
      expect(text).toContain('changed columns: a 30, c 1');
      expect(text).toContain('and 12 more: --out FILE writes all');
      for (const line of text.split('\n').filter((one) => !one.includes(root)))
        expect(line.length).toBeLessThanOrEqual(80);
    });
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('data:verify counts and hashes every table, and names those that differ', async () => {
  await withPair(newest, newest, async (source, target) => {
    await rowsOf(source.url, `${shop.both}; ${shop.source}`);
    await rowsOf(target.url, `${shop.both}; ${shop.target}`);
    const workspace = contextOf(source.url, target.url);
    const report = await dataVerify(workspace, { from: 'source', to: 'target' });
    expect(report.isSame).toBe(false);
    expect(report.tables).toMatchObject([
      { name: 'public.log', rows: { from: 1, to: 0 }, isSame: false },
      { name: 'public.users', rows: { from: 3, to: 2 }, isSame: false },
      { name: 'shop.orders', rows: { from: 1, to: 0 }, isSame: false },
    ]);
    expect(dataVerifyText(report, paper)).toContain('3 of 3 tables with other rows');
    const again = await dataVerify(contextOf(source.url, source.url), { from: 'source', to: 'target' });
    expect(again.isSame).toBe(true);
    expect(again.tables.map(({ hash }) => hash.from)).toEqual(again.tables.map(({ hash }) => hash.to));
  });
});
