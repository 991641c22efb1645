// The types of values fit what the client pg makes of them: every type of the server, and its array.
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import type { Description } from '../../lib/describe/description.ts';
import { readDescription } from '../../lib/describe/read.ts';
import { snapshot } from '../../lib/pg/snapshot.ts';
import { renderTypeFile } from '../../lib/schema-types/render.ts';
import { ClientTypes } from '../../lib/schema-types/values.ts';
import { withSession } from '../proof/session.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';

// A value of each type of pg_catalog whose input is not a number.
const samples: Readonly<Record<string, string>> = {
  aclitem: 'postgres=r/postgres',
  bit: '1',
  bool: 't',
  box: '(1,1),(0,0)',
  bytea: '\\x6162',
  cidr: '10.0.0.0/8',
  circle: '<(1,2),3>',
  date: '2026-01-02',
  datemultirange: '{[2026-01-01,2026-02-01)}',
  daterange: '[2026-01-01,2026-02-01)',
  inet: '10.0.0.1',
  int4multirange: '{[1,3)}',
  int4range: '[1,3)',
  int8multirange: '{[1,3)}',
  int8range: '[1,3)',
  interval: '1 day 2 hours',
  json: '{"a": 1}',
  jsonb: '{"a": 1}',
  jsonpath: '$.a',
  line: '{1,2,3}',
  lseg: '[(0,0),(1,1)]',
  macaddr: '08:00:2b:01:02:03',
  macaddr8: '08:00:2b:01:02:03:04:05',
  nummultirange: '{[1,3)}',
  numrange: '[1,3)',
  path: '((0,0),(1,1))',
  pg_lsn: '0/1',
  pg_snapshot: '10:20:10',
  point: '(1,2)',
  polygon: '((0,0),(1,1))',
  regclass: 'pg_class',
  regcollation: '"C"',
  regconfig: 'simple',
  regdictionary: 'simple',
  regnamespace: 'public',
  regoper: 'pg_catalog.||/',
  regoperator: '+(integer,integer)',
  regproc: 'now',
  regprocedure: 'now()',
  regrole: 'postgres',
  regtype: 'integer',
  tid: '(0,1)',
  time: '12:00',
  timestamp: '2026-01-02 03:04:05',
  timestamptz: '2026-01-02 03:04:05+00',
  timetz: '12:00+00',
  tsmultirange: '{[2026-01-01,2026-02-01)}',
  tsquery: 'a',
  tsrange: '[2026-01-01,2026-02-01)',
  tstzmultirange: '{[2026-01-01,2026-02-01)}',
  tstzrange: '[2026-01-01,2026-02-01)',
  tsvector: 'a',
  txid_snapshot: '10:20:10',
  uuid: '00000000-0000-0000-0000-000000000001',
  varbit: '1',
  xml: '<a/>',
};

// Only the server itself makes values of these.
const unreadable = /^(gtsvector|pg_(node_tree|ndistinct|dependencies|mcv_list|brin_\w+))$/;

/** The type that a value has, in the words of the type files. */
function typeOf(value: unknown): string {
  if (value instanceof Date) return 'Date';
  if (Buffer.isBuffer(value)) return 'Buffer';
  if (Array.isArray(value)) return `(${typeOf(value[0])} | null)[]`;
  if (typeof value !== 'object' || value === null) return typeof value;
  if ('toPostgres' in value) return 'Interval';
  if ('x' in value) return 'radius' in value ? 'Circle' : 'Point';
  return 'a' in value ? 'JsonValue' : JSON.stringify(value);
}

const described = (url: string): Promise<Description> =>
  withSession(url, (session) => snapshot(session, readDescription));

async function withClient<T>(connectionString: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

describe.each(servers())('PostgreSQL $major', (server) => {
  test('every type of the server and its array is read and written as its type says', async () => {
    await withDatabase(server, async ({ url }) => {
      const found = await rowsOf(
        url,
        `select t.oid::text, t.typname as name, t.typarray::text as array from pg_type t
         where t.typtype in ('b', 'r', 'm') and t.typarray <> 0 and t.oid < 16384
           and t.typnamespace = 'pg_catalog'::regnamespace and t.typname !~ '^_' order by 2`,
      );
      const known = found.filter(({ name }) => !unreadable.test(String(name)));
      expect(known.length).toBeGreaterThan(70);
      const types = new ClientTypes((await described(url)).values, new Map());
      const wrong: string[] = [];
      await withClient(url, async (client) => {
        for (const { oid, name, array } of known) {
          const quoted = `pg_catalog."${name}"`;
          const sample = samples[String(name)] ?? '1';
          const read = async (value: unknown, type: string) =>
            (await client.query(`select $1::text::${type} as value`, [value])).rows[0].value as unknown;
          const one = await read(sample, quoted);
          const several = (await client.query(`select array[$1::text::${quoted}] as value`, [sample])).rows[0]
            .value as unknown;
          for (const [key, value, type] of [
            [String(oid), one, quoted],
            [String(array), several, `${quoted}[]`],
          ] as const) {
            const { read: told, write } = types.of(key);
            if (typeOf(value) !== told) wrong.push(`${type}: ${typeOf(value)}, not ${told}`);
            if (!write.split(' | ').includes(told)) continue;
            const again = (await client.query(`select $1::${type} as value`, [value])).rows[0].value;
            expect(again, type).toEqual(value);
          }
        }
      });
      expect(wrong).toEqual([]);
    });
  });

  test('domains come as their base type, all other types of the user as text', async () => {
    await withDatabase(server, async ({ url }) => {
      await rowsOf(
        url,
        `create type mood as enum ('sad', 'ok');
         create type pair as (a int, b text);
         create type span as range (subtype = float8);
         create domain amount as bigint;
         create domain tags as text[];
         create domain score as amount;
         create table t (mood mood, moods mood[], pair pair, pairs pair[], span span, amount amount,
           amounts amount[], tags tags, score score, grid int[][], numbers numeric(8,2)[], code varchar(3)[]);
         insert into t values ('ok', '{ok}', (1, 'x'), array[(1, 'x')::pair], '[1,2]', 5, '{5}', '{a}', 6,
           '{{1,2},{3,4}}', '{1.5}', '{a}')`,
      );
      const text = renderTypeFile(await described(url), { source: 'test', kysely: false });
      const members = text.split('export interface T {')[1]?.split('}')[0] ?? '';
      expect(members.trim().split(/;\s+/)).toEqual([
        'mood: Mood | null',
        'moods: string | null',
        'pair: string | null',
        'pairs: string | null',
        'span: string | null',
        'amount: Amount | null',
        'amounts: string | null',
        'tags: Tags | null',
        'score: Score | null',
        'grid: (number | null)[][] | null',
        'numbers: (number | null)[] | null',
        'code: (string | null)[] | null;',
      ]);
      expect(text).toContain("export type Mood = 'sad' | 'ok';");
      expect(text).toContain('export type Tags = (string | null)[];');
      expect(text).toContain('export type Score = Amount;');
      const [row] = await withClient(url, async (client) => (await client.query('select * from t')).rows);
      expect(row).toEqual({
        mood: 'ok',
        moods: '{ok}',
        pair: '(1,x)',
        pairs: '{"(1,x)"}',
        span: '[1,2]',
        amount: '5',
        amounts: '{5}',
        tags: ['a'],
        score: '6',
        grid: [
          [1, 2],
          [3, 4],
        ],
        numbers: [1.5],
        code: ['a'],
      });
    });
  });

  test('the rows of functions have the columns and types that the client reads', async () => {
    await withDatabase(server, async ({ url }) => {
      await rowsOf(
        url,
        `create table users (id int primary key, name text not null);
         insert into users values (1, 'Ann');
         create function add(a int, b int default 1) returns bigint language sql as 'select $1 + $2';
         create function pairs(out n int, out text) language sql as $$ select 1, 'a' $$;
         create function one(out moment timestamptz) language sql as 'select now()';
         create function everyone() returns setof users language sql as 'select * from users';
         create function listed(variadic names text[]) returns table (name text) language sql
           as 'select unnest(names)';
         create function nothing() returns void language plpgsql as 'begin end';
         create function touched() returns trigger language plpgsql as 'begin return new; end';
         create procedure cleaned() language plpgsql as 'begin end'`,
      );
      const text = renderTypeFile(await described(url), { source: 'test', kysely: false });
      const functions = text.split('export interface Functions {')[1] ?? '';
      const calls = { add: '1', pairs: '', one: '', everyone: '', listed: `'a'`, nothing: '' };
      for (const [name, values] of Object.entries(calls)) {
        const [, told = ''] = new RegExp(`  ${name}: \\{[^]*?row: \\{ (.*) \\};`).exec(functions) ?? [];
        const [row] = await withClient(
          url,
          async (client) => (await client.query(`select * from ${name}(${values})`)).rows,
        );
        const read = Object.entries(row as object).map(
          ([column, value]) => `${column}: ${typeOf(value)} | null`,
        );
        expect(told, name).toBe(read.join('; '));
      }
      expect(functions).toContain('arguments: [a: number | string | null, b?: number | string | null];');
      expect(functions).toContain('arguments: [...names: (string | null)[]];');
      expect(functions.match(/returnsSet: true/g)?.length).toBe(2);
      // A query can call neither.
      expect(functions).not.toMatch(/touched|cleaned/);
    });
  });
});
