// The schemas that the campaign draws from. Everything is a choice that makes sense with every other choice.
import fc from 'fast-check';
import { oddments, rarities } from './oddments.ts';
import { type Both, either, list, maybe, record, seldom, twice } from './pairs.ts';

/**
 * A column type: a default and a value that every other type's text form can hold too, where that is
 * possible.
 */
export const types = {
  integer: { default: '7', value: '1' },
  bigint: { default: 'one()', value: '1' },
  text: { default: "'x'", value: "'1'" },
  'varchar(20)': { default: "upper('y')", value: "'1'" },
  'numeric(10,2)': { default: '1.5', value: '1' },
  boolean: { default: 'true', value: 'true' },
  date: { default: 'current_date', value: "'2024-01-01'" },
  timestamptz: { default: 'now()', value: "'2024-01-01'" },
  jsonb: { default: "'{}'", value: "'1'" },
  'integer[]': { default: "'{1,2}'", value: "'{1}'" },
  mood: { default: "'calm'", value: "'calm'" },
  grade: { default: '2', value: '1' },
} as const;

/** Names of the columns that a table can have besides its `id`. */
export const columnNames = ['a', 'b', 'c', 'Odd "name'] as const;

/** How many tables there can be, each able to point at those before it. */
export const tableCount = 3;

const words = Object.keys(types) as (keyof typeof types)[];

const column = record({
  type: either(...words),
  notNull: either('', '', 'not null'),
  default: either('', '', 'default'),
  extra: either('', '', 'storage', 'statistics', 'options', 'comment', 'grant'),
});

const table = record({
  form: either('', '', '', '', 'unlogged', 'partitioned', 'partitioned twice', 'inherited'),
  id: either('integer', 'bigint'),
  identity: either('', '', 'always', 'by default', 'serial'),
  columns: list(columnNames.map(() => maybe(column))),
  generated: either('', '', '', 'id * 2', 'id + 1'),
  key: either('primary key', 'primary key', '', 'unique', 'unique nulls not distinct'),
  unique: either('', '', '', 'unique', 'deferrable', 'include'),
  check: either('', '', 'id > 0', 'id > -1', 'no inherit', 'two columns'),
  reference: either('', '', 'plain', 'cascade', 'set null', 'deferrable', 'not valid'),
  index: either(
    '',
    '',
    'plain',
    'expression',
    'partial',
    'include',
    'desc',
    'hash',
    'options',
    'replica identity',
    'cluster',
  ),
  trigger: either('', '', '', 'before', 'after', 'constraint', 'transition', 'disabled', 'when', 'elsewhere'),
  security: either('', '', '', 'enabled', 'forced', 'read', 'write'),
  statistics: either('', '', '', 'columns', 'expression'),
  rule: either('', '', '', 'nothing', 'also'),
  options: either('', '', '', 'fillfactor = 70', 'autovacuum_enabled = false'),
  comment: either('', '', 'one', "two's"),
  grant: either('', '', '', 'select', 'write', 'option', 'revoked'),
  owner: either('', '', '', '', 'keeper'),
  schema: either('public', 'public', 'public', 'app'),
});

const view = record({
  default: either('', '', '', '3'),
  on: twice(fc.nat(tableCount - 1)),
  columns: either('id', 'some', 'all', 'expressions', 'aggregate'),
  form: either(
    '',
    '',
    'barrier',
    'check option',
    'materialized',
    'materialized with index',
    'materialized, no data',
  ),
  comment: either('', '', 'view', 'column'),
  grant: either('', '', '', 'view', 'column'),
});

// One of these forms in every so many schemas.
const sometimes = (every: number, forms: readonly string[]) =>
  either(...new Array<string>(forms.length * (every - 1)).fill(''), ...forms);

const schema = record({
  moods: either('sad,calm', 'sad,calm,glad', 'angry,sad,calm', 'calm'),
  grade: either('integer', 'bigint', 'integer check (value > 0)', 'integer default 3 check (value < 99)'),
  one: either('1', '2', 'one stable', 'one sql body'),
  tables: list(Array.from({ length: tableCount }, () => maybe(table))),
  views: list([maybe(view), maybe(view)]),
  /** A view over the first view. */
  over: either('', 'plain', 'renamed'),
  oddments: list(oddments.map((forms) => sometimes(4, forms))),
  rarities: seldom(8, [], list(rarities.map((forms) => sometimes(2, forms)))),
});

/** One state of a schema. */
export type Schema = typeof schema extends fc.Arbitrary<Both<infer S>> ? S : never;
/** A table of it. */
export type Table = NonNullable<Schema['tables'][number]>;
/** A column of a table. */
export type Column = NonNullable<Table['columns'][number]>;
/** A view of it. */
export type View = NonNullable<Schema['views'][number]>;

/** Two states of a schema. */
export const schemas: fc.Arbitrary<Both<Schema>> = schema;
