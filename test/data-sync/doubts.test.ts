// Tables and values that a sync could take for something else: all in one run, between versions.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dataDiff } from '../../lib/commands/data-diff.ts';
import { dataSync } from '../../lib/commands/data-sync.ts';
import { dataUndo } from '../../lib/commands/data-undo.ts';
import { contextOf } from '../copy/cloning.ts';
import { newest, oldest, ways, withPair } from '../copy/ways.ts';
import { rowsOf } from '../servers/databases.ts';
import { isFull } from '../servers/running.ts';
import { type OracleTable, readRows } from './scenarios/oracle.ts';

interface Doubt {
  readonly both?: string;
  readonly source?: string;
  readonly target?: string;
  /** The first version that has it. */
  readonly since?: number;
}

const keyed = (type: string, rows: string, more = '') =>
  `create table t (k ${type} primary key, v int${more}); insert into t values ${rows}`;

/** Each in a schema of its own; both sides first, then each alone. */
const doubts: Readonly<Record<string, Doubt>> = {
  'inherited tables, which have the same keys': {
    both: `create table a (id int primary key, v text); create table b (primary key (id)) inherits (a);
      create table c (own int, unique (v)) inherits (a); insert into a values (1, 'a'), (2, 'a'); insert into b values (1, 'b'), (3, 'b');
      insert into c values (1, 'c', 1), (1, 'd', 2)`,
    source: `update only a set v = 'new' where id = 1; delete from only b where id = 1; insert into b values (9, 'n');
      update only c set own = 5 where v = 'd'; insert into a values (3, 'x')`,
  },
  'partitions with columns in another order, and dropped ones': {
    both: `create table t (id int, v text, w numeric(9,2), primary key (id)) partition by range (id);
      create table t1 partition of t for values from (0) to (100)`,
    source: `create table t2 (gone int, w numeric(9,2), id int not null, v text); alter table t2 drop gone;
      alter table t attach partition t2 for values from (100) to (200); insert into t values (1, 'a', 1.5), (101, 'b', 2), (102, 'c', 3)`,
    target: `create table t2 (v text, gone int, id int not null, gone2 text, w numeric(9,2)); alter table t2 drop gone, drop gone2;
      alter table t attach partition t2 for values from (100) to (300); insert into t values (1, 'x', 1.5), (101, 'b', 2.5), (103, 'd', 3)`,
  },
  'composite types with dropped attributes': {
    both: `create type pair as (a int, gone text, b text); create table t (id int primary key, p pair, l pair[]);
      insert into t values (1, (1, 'x', 'y'), null), (2, (2, 'x', 'y'), array[(3, 'x', 'z')::pair]); alter type pair drop attribute gone`,
    source: `update t set p = (1, 'other') where id = 1; update t set l = array[(3, 'Z')::pair, null] where id = 2; insert into t values (3, null, '{}'), (4, (null, null), null)`,
  },
  'domains over arrays and composites, and arrays of domains': {
    both: `create type pair as (a int, b text); create domain list as int[] check (array_length(value, 1) < 5);
      create domain both_ as pair check ((value).a > 0); create domain pos as int check (value > 0); create domain pos2 as pos;
      create table t (id pos2 primary key, l list, p both_, n pos2[]); insert into t values (1, '{1}', '(1,a)', '{1}'), (2, '{2}', '(2,b)', '{2,3}')`,
    source: `update t set l = '{1,null}' where id = 1; update t set p = '(2,B)', n = '{3,2}' where id = 2; insert into t values (3, null, null, '{}')`,
  },
  'zeros, NaN and infinities in keys of float8': {
    both: keyed('float8', `('0', 1), ('NaN', 2), ('Infinity', 3), ('1e-300', 4)`),
    source: `update t set k = '-0' where v = 1; update t set v = 9 where k = 'NaN'; delete from t where k = 'Infinity'; insert into t values ('-Infinity', 7)`,
  },
  'numbers in keys that differ by their scale': {
    both: keyed('numeric', '(1.0, 1), (2, 2), (3.10, 3)'),
    source: `update t set k = 1.000, v = 5 where v = 1; delete from t where k = 2; insert into t values (2.0, 7), ('NaN', 1)`,
  },
  'intervals in keys that are equal': {
    both: keyed('interval', `('1 day', 1), ('2 mons', 2)`),
    source: `update t set k = '24 hours' where v = 1; update t set k = '60 days', v = 8 where v = 2`,
  },
  'documents in keys that are equal': {
    both: keyed('jsonb', `('1', 1), ('{"a":1.0}', 2)`),
    source: `update t set k = '1.00' where v = 1; update t set k = '{"a":1}', v = 8 where v = 2`,
  },
  'blanks in keys of char': {
    both: keyed('char(6)', `('a', 1), ('b ', 2)`),
    source: `delete from t where k = 'a'; insert into t values ('a    ', 3), (' a', 4)`,
  },
  'ranges and dates without an end in keys': {
    both: `create table t (d date, r int4range, v int, primary key (d, r)); insert into t values ('infinity', 'empty', 1), ('-infinity', '[1,)', 2), ('2026-01-01', '(,)', 3)`,
    source: `update t set v = 9 where d = 'infinity'; delete from t where r = '(,)'; insert into t values ('infinity', '[1,2]', 4)`,
  },
  'nulls in a key of two columns': {
    both: `create table t (a int, b text, v int, unique nulls not distinct (a, b)); insert into t values (null, null, 1), (1, null, 2), (null, 'x', 3), (2, 'y', 4)`,
    source: `update t set v = 9 where a is null and b is null; delete from t where a = 1; insert into t values (2, null, 5); update t set v = 8 where b = 'x'`,
  },
  'a unique index by another collation than its column': {
    both: `create collation ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      create table t (id int primary key, v text); create unique index on t (v collate ci); insert into t values (1, 'a'), (2, 'b'), (3, 'c')`,
    source: `update t set v = v || '!'; update t set v = case id when 1 then 'B' when 2 then 'C' else 'A' end`,
  },
  'unique indexes that include columns, descend, and have other operators': {
    both: `create table t (id int primary key, v text, w int, x int); create unique index on t (v text_pattern_ops desc) include (x);
      create unique index on t (w desc nulls first); insert into t select n, n, n, n from generate_series(1, 5) n`,
    source: `update t set v = v || '!', w = w + 10; update t set v = 6 - id, w = 6 - id, x = -x`,
  },
  'ranges that may not overlap and change their places': {
    both: `create table t (id int primary key, r int4range, exclude using gist (r with &&)); insert into t values (1, '[1,5)'), (2, '[5,9)'), (3, '[9,12)')`,
    source: `update t set r = int4range(lower(r) + 100, upper(r) + 100); update t set r = case id when 1 then int4range(4, 8) when 2 then int4range(8, 12) else int4range(1, 4) end`,
  },
  'ranges that may not overlap, of rows that others refer to': {
    both: `create table t (id int primary key, r int4range not null, exclude using gist (r with &&)); create table c (id int primary key, t int references t on delete cascade);
      insert into t values (1, '[1,5)'), (2, '[5,9)'); insert into c values (1, 1), (2, 2)`,
    source: `update t set r = int4range(lower(r) + 100, upper(r) + 100); update t set r = case id when 1 then int4range(4, 8) else int4range(1, 4) end`,
  },
  'keys with a time in which they hold': {
    since: 18,
    both: `create table p (id int4range, valid daterange, v int, primary key (id, valid without overlaps));
      create table c (id int primary key, p int4range, valid daterange, foreign key (p, period valid) references p (id, period valid));
      insert into p values ('[1,2)', '[2026-01-01,2026-06-01)', 1), ('[1,2)', '[2026-06-01,2027-01-01)', 2); insert into c values (1, '[1,2)', '[2026-03-01,2026-09-01)')`,
    source: `delete from c; delete from p; insert into p values ('[1,2)', '[2026-01-01,2026-07-01)', 1), ('[1,2)', '[2026-07-01,2027-01-01)', 2), ('[2,3)', '[2026-01-01,)', 3);
      insert into c values (1, '[1,2)', '[2026-03-01,2026-09-01)'), (2, '[2,3)', '[2026-02-01,2026-03-01)')`,
  },
  'keys that are checked at the end of the transaction': {
    both: `create table p (id int primary key, code int unique deferrable initially deferred);
      create table c (id int primary key, p int references p on update cascade deferrable initially deferred);
      create function f() returns trigger language plpgsql as 'begin raise ''called''; end';
      insert into p values (1, 1), (2, 2), (3, 3); insert into c values (1, 1), (2, 2)`,
    source: `begin; update p set code = 6 - code; insert into c values (3, 9), (4, 1); insert into p values (9, 9); delete from p where id = 3; delete from c where id = 1; commit`,
    target: `create constraint trigger late after insert or update or delete on p deferrable initially deferred for each row execute function f()`,
  },
  'columns of the target alone keep their values, also in rows that move': {
    both: 'create table t (id int primary key, u int unique, part int) ; insert into t select n, n, 1 from generate_series(1, 4) n',
    source: `update t set u = u + 10; update t set u = (id % 4) + 1; insert into t values (9, 9, 2)`,
    target: `alter table t add mine text default 'by default ' || random(), add more int not null default 5; update t set mine = 'own ' || id, more = -id`,
  },
  'tables without columns in common, and without columns': {
    both: 'create table none (); create table only_generated (g int generated always as (1) stored)',
    source: `create table t (a int); insert into t values (1), (2), (3); insert into none default values; insert into none default values; insert into only_generated default values`,
    target: `create table t (b int default 7); insert into t values (1)`,
  },
  'rows without a key, with values of every size': {
    both: `create table t (a text, b float8, c numeric); insert into t values (null, '-0', 1.0), ('', 'NaN', null), ('x', 0, 1.00), ('x', 0, 1.00)`,
    source: `insert into t values ('x', 0, 1.0), ('x', '-0', 1.00), (null, null, null); delete from t where b = 'NaN'; insert into t select repeat('y', 100000), n, n from generate_series(1, 3) n`,
  },
  'values that a text protocol could spoil': {
    both: `create table t (id text primary key, v text, x xml, j json, b bytea); insert into t values ('', '', null, null, ''), ('\\N', '\\N', '<a/>', 'null', '\\x5c4e')`,
    source: `insert into t values (E'\\\\.', E'\\\\.', null, '{"b":1, "a":2,"a":3}', '\\x0a5c2e0a'), (E'\\r', E'a\\r\\nb', '<a b="c" />', null, '\\x0d'), (E'\\u00a0', E'\\u2028', null, '[1,  2]', null);
      update t set v = null where id = ''; update t set x = '<a></a>', j = ' null' where id = '\\N'`,
  },
  'a unique index of one partition': {
    both: `create table t (id int primary key, v int) partition by range (id); create table t1 partition of t for values from (0) to (10);
      create table t2 partition of t default; create unique index on t1 (v); insert into t values (1, 1), (2, 2), (3, 3), (11, 1)`,
    source: `update t set v = v + 10; update t set v = id % 3 + 1 where id < 10`,
  },
  'an index by an expression of a partitioned table': {
    both: `create table t (id int, v int, part int, primary key (id, part)) partition by list (part); create table t1 partition of t for values in (1);
      create table t2 partition of t for values in (2); create unique index on t (part, (v * 2)); insert into t values (1, 1, 1), (2, 2, 1), (3, 3, 2)`,
    source: `update t set v = v + 10; update t set v = 3 - id where part = 1; update t set part = 1, v = 9 where id = 3`,
  },
};

const chosen = Object.entries(doubts);
const schemaOf = (at: number) => `d${at}`;
const inSchema = (at: number, sql = '') => `set search_path = ${schemaOf(at)}, public; ${sql}`;

const every = ways.flatMap((way) => [undefined, 3].map((batch) => ({ ...way, batch })));
// Between versions in one transaction, and in batches on one.
const tried = isFull
  ? every
  : every.filter(({ from, to, batch }) => to === newest && (batch ? from === to : from === oldest));

test.each(tried)('made equal and taken back: $name, batch $batch', async ({ from, to, batch }) => {
  const root = mkdtempSync(join(tmpdir(), 'pgmage-doubts-'));
  const asked = [...chosen.entries()].filter(
    ([, [, { since = 0 }]]) => since <= Math.min(from.major, to.major),
  );
  try {
    await withPair(from, to, async (source, target) => {
      for (const [at, [name, { both, source: here, target: there }]] of asked)
        for (const [url, own] of [
          [source.url, here],
          [target.url, there],
        ] as const)
          await rowsOf(
            url,
            `create schema ${schemaOf(at)}; ${inSchema(at, `${both ?? ''}; ${own ?? ''}`)}`,
          ).catch((thrown: Error) => {
            throw new Error(`${name}: ${thrown.message}`);
          });
      await using workspace = contextOf(source.url, target.url, { root });
      const [common, all] = [await tablesOf(source.url, target.url), await tablesOf(target.url, target.url)];
      const named = (tables: readonly OracleTable[], rows: readonly string[][]) =>
        tables.map(({ name }, at) => [chosen[Number(/d(\d+)\./.exec(name)?.[1])]?.[0], name, rows[at]]);
      const before = await readRows(target.url, all, false);
      const wanted = await readRows(source.url, common, true);
      const input = {
        from: 'source',
        to: 'target',
        yes: true,
        force: true,
        jobs: 2,
        ...(batch && { batch }),
      };
      const { run } = await dataSync(workspace, input, undefined);
      expect(run).toMatchObject({ skipped: 0, sideEffects: [] });
      expect(named(common, await readRows(target.url, common, false))).toEqual(named(common, wanted));
      const left = await dataDiff(workspace, { from: 'source', to: 'target', jobs: 2 });
      expect(left.tables.filter((one) => one.missing + one.changed + one.extra > 0)).toEqual([]);
      await dataUndo(workspace, run?.id ?? '', { env: 'target', yes: true, force: true }, undefined);
      expect(named(all, await readRows(target.url, all, false))).toEqual(named(all, before));
    });
  } finally {
    rmSync(root, { recursive: true });
  }
});

/** The tables of a database, by the columns that another one has, too. */
async function tablesOf(url: string, other: string): Promise<OracleTable[]> {
  const columns = `select case c.relkind when 'r' then 'only ' else '' end || c.oid::regclass::text as name,
      array(select quote_ident(a.attname) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        and a.attgenerated = '' order by a.attname) as columns
    from pg_class c where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace::regnamespace::text ~ '^d[0-9]' order by 1`;
  type Row = { name: string; columns: string[] };
  const [here, there] = await Promise.all([rowsOf<Row>(url, columns), rowsOf<Row>(other, columns)]);
  return here.map(({ name, columns: own }) => {
    const known = there.find((one) => one.name === name)?.columns ?? [];
    return { name, key: [], columns: own.filter((one) => known.includes(one)), casts: new Map() };
  });
}
