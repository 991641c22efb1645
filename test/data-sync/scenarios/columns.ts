// Kinds of columns that generated tables have, with values that look alike. `@` stands for the schema.
import type { Dice } from './dice.ts';

/** A type, and texts that its input takes. */
export interface ColumnKind {
  readonly type: string;
  /** The target's type, where it is another one that keeps every value. */
  readonly wider?: string;
  readonly values: readonly string[];
}

/** What every schema of a scenario has besides its tables. */
export const types = `
  create type @.mood as enum ('sad', 'ok', 'Ok', 'hap py');
  create domain @.positive as int check (value > 0);
  create type @.pair as (a int, b text);
  create type @.span as range (subtype = float8);
  create collation @.loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`;

/** Kinds of columns that are no key. */
export const columnKinds: readonly ColumnKind[] = [
  { type: 'int', wider: 'bigint', values: ['0', '1', '-1', '2147483647', '-2147483648'] },
  { type: 'bigint', values: ['0', '4294967296', '-9223372036854775808', '9223372036854775807'] },
  { type: 'smallint', wider: 'numeric', values: ['0', '1', '32767'] },
  {
    type: 'numeric',
    values: ['1', '1.0', '1.00', '-0.5', 'NaN', 'Infinity', '123456789012345678901234567890.5'],
  },
  { type: 'numeric(12,2)', wider: 'numeric(14,4)', values: ['1', '1.01', '0', '-99999.99'] },
  { type: 'float8', values: ['0', '-0', '0.1', '0.10000000000000002', 'NaN', 'Infinity', '1e300'] },
  { type: 'real', values: ['0.1', '0.10000001', '-1', '3.4e38'] },
  { type: 'text', values: ['', 'a', 'A', ' a', 'a ', 'ä', 'a\\tb', 'a\tb', 'line\nend', '\\N', "it's"] },
  { type: 'varchar(20)', wider: 'text', values: ['', 'a', 'a ', 'ab', 'Ab'] },
  { type: 'char(5)', wider: 'char(8)', values: ['', 'a', 'ab'] },
  { type: 'text collate @.loose', values: ['a', 'A', 'ä', 'Ä'] },
  { type: 'name', wider: 'text', values: ['a', 'A', ''] },
  { type: '"char"', values: ['a', 'b', ''] },
  { type: 'bool', values: ['t', 'f'] },
  { type: 'date', wider: 'timestamp', values: ['2026-01-01', '2026-01-02', 'infinity', '0044-03-15 BC'] },
  { type: 'timestamptz', values: ['2026-01-01 00:00:00+00', '2026-01-01 00:00:00.000001+00', '-infinity'] },
  { type: 'timestamp(3)', wider: 'timestamp(6)', values: ['2026-01-01', '2026-01-01 00:00:00.001'] },
  { type: 'time', values: ['00:00', '24:00', '00:00:00.000001'] },
  { type: 'timetz', values: ['00:00+00', '01:00+01'] },
  { type: 'interval', values: ['1 day', '24 hours', '1 mon', '30 days', '1 us'] },
  { type: 'uuid', values: ['00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000001'] },
  { type: 'bytea', values: ['\\x', '\\x00', '\\x5c4e', '\\x00ff'] },
  { type: 'json', values: ['{"a": 1}', '{"a": 2}', 'null', '[]'] },
  { type: 'json', values: ['{"a":1}', '{"a": 1}', '{"a":1,"a":2}'] },
  { type: 'jsonb', values: ['1', '1.0', '{"a": 1}', '"a"', 'null', '{"b": [1, null]}'] },
  { type: 'xml', values: ['<a/>', '<a></a>', 'x'] },
  { type: 'inet', values: ['10.0.0.1', '10.0.0.1/24', '::1'] },
  { type: 'cidr', wider: 'inet', values: ['10.0.0.0/24', '10.0.0.0/25'] },
  { type: 'macaddr', values: ['08:00:2b:01:02:03', '08:00:2b:01:02:04'] },
  { type: 'point', values: ['(0,0)', '(0,-0)', '(1,2)'] },
  { type: 'box', values: ['(1,1),(0,0)', '(2,1),(0,0)'] },
  { type: 'bit(4)', values: ['0000', '0001'] },
  { type: 'bit varying', values: ['', '0', '00'] },
  { type: 'money', values: ['1', '1.01'] },
  { type: 'oid', wider: 'bigint', values: ['0', '4294967295'] },
  { type: 'pg_lsn', values: ['0/0', '1/2'] },
  { type: 'tsvector', values: ['a b', 'a:1 b:2', ''] },
  { type: 'int[]', wider: 'bigint[]', values: ['{}', '{1,NULL}', '{{1,2},{3,4}}', '[2:3]={1,2}', '{1}'] },
  { type: 'text[]', values: ['{}', '{""}', '{NULL}', '{"NULL"}', '{a,b}', '{"a,b"}'] },
  { type: 'int4range', values: ['empty', '[1,5)', '(,)', '[1,)'] },
  { type: 'tstzrange', values: ['empty', '[2026-01-01,2026-01-02)', '(2026-01-01,2026-01-02]'] },
  { type: 'int4multirange', values: ['{}', '{[1,3)}', '{[1,3),[5,7)}'] },
  { type: '@.mood', wider: 'text', values: ['sad', 'ok', 'Ok', 'hap py'] },
  { type: '@.mood[]', values: ['{}', '{ok,Ok}', '{NULL}'] },
  { type: '@.positive', wider: 'int', values: ['1', '2'] },
  { type: '@.pair', values: ['(,)', '(1,)', '(1,"")', '(1,a)'] },
  { type: '@.span', values: ['empty', '[0,1)', '[0,1]', '[-0,1]'] },
];

/** A column of a key: its type, and a text for each number, of which no two are equal. */
export interface KeyKind {
  readonly type: string;
  readonly wider?: string;
  /** Whether a table can be partitioned by it. */
  readonly parts: boolean;
  value(number: number, dice: Dice): string;
}

const padded = (number: number, width: number) => String(number).padStart(width, '0');

/** Kinds of columns of keys. */
export const keyKinds: readonly KeyKind[] = [
  { type: 'int', wider: 'bigint', parts: true, value: (number) => String(number * 3 - 40) },
  { type: 'bigint', parts: true, value: (number) => String(BigInt(number - 7) * 4_000_000_007n) },
  { type: 'smallint', parts: true, value: (number) => String(number - 100) },
  { type: 'numeric', parts: true, value: (number) => `${number}.5` },
  {
    type: 'text',
    parts: true,
    value: (number) => ['k', 'K', 'k ', '\\k', "k'\t"][number % 5] + String(number),
  },
  {
    // Equal under its collation, two texts can differ.
    type: 'text collate @.loose',
    parts: false,
    value: (number, dice) => `${dice.chance(0.2) ? 'KEY' : 'key'}${number}`,
  },
  { type: 'varchar(30)', wider: 'text', parts: true, value: (number) => `ключ ${number}` },
  { type: 'uuid', parts: true, value: (number) => `00000000-0000-4000-8000-${padded(number, 12)}` },
  {
    type: 'date',
    parts: true,
    value: (number) => `2${padded(Math.floor(number / 28), 3)}-01-${padded((number % 28) + 1, 2)}`,
  },
  { type: 'bytea', parts: true, value: (number) => `\\x${padded(number, 6)}` },
  { type: 'timestamptz', parts: true, value: (number) => `2026-01-01 00:00:00.${padded(number, 6)}+00` },
  { type: 'inet', parts: true, value: (number) => `10.0.${Math.floor(number / 250)}.${number % 250}` },
];
