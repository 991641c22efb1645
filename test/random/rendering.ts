// A drawn schema → SQL, and rows for it.
import { literal } from '../../lib/model/quote.ts';
import { type Schema, types, type View } from './grammar.ts';
import { oddRows } from './oddments.ts';
import { columnsOf, nameOf, tableSql } from './tables.ts';

/** Roles that the schemas mention. */
export const roles = ['reader', 'keeper'];

/** What both states have. Foreign keys look at the rows of both tables with the rights of their owners. */
export const setup = 'create schema app; grant usage on schema app to keeper;';

/** The script that makes a schema. */
export function render(schema: Schema): string {
  const statements = [
    `create type mood as enum (${schema.moods.split(',').map(literal).join(', ')})`,
    `create domain grade as ${schema.grade}`,
    functions[schema.one],
    'create function noted() returns trigger language plpgsql as $$ begin return new; end $$',
    'create function mood_number(mood) returns integer language sql as $$ select length($1::text) $$',
    ...schema.tables.flatMap((table, index) => (table === null ? [] : tableSql(schema, table, index))),
    ...schema.views.flatMap((view, index) => (view === null ? [] : viewSql(schema, view, index))),
    ...overSql(schema),
    ...[...schema.oddments, ...schema.rarities].filter((sql) => sql !== ''),
  ];
  return statements.map((sql) => `${sql};\n`).join('');
}

/** One row for each table, and each heir. */
export function seed(schema: Schema): string {
  const rows = schema.tables.flatMap((table, index) => {
    if (table === null) return [];
    const name = nameOf(table, index);
    const columns = columnsOf(table);
    const names = ['id', ...columns.map(([column]) => column)].join(', ');
    const values = columns.map(([, { type }]) => types[type].value);
    const into = table.form === 'inherited' ? [name, `${name}_heir`] : [name];
    // What reads a table reads its heirs too, and may take their ids to be one of a kind.
    return into.map(
      (one, at) =>
        `insert into ${one} (${names}) overriding system value values (${[at + 1, ...values].join(', ')});\n`,
    );
  });
  const made = [...schema.oddments, ...schema.rarities].join(';');
  const odd = Object.entries(oddRows).filter(([name]) => made.includes(`create table ${name} `));
  return [...rows, ...odd.map(([name, row]) => `insert into ${name} values (${row});\n`)].join('');
}

const functions: Readonly<Record<Schema['one'], string>> = {
  '1': 'create function one() returns integer language sql as $$ select 1 $$',
  '2': 'create function one() returns integer language sql as $$ select 2 $$',
  'one stable': 'create function one() returns integer language sql stable cost 7 as $$ select 1 $$',
  'one sql body': 'create function one() returns integer language sql return 1',
};

function viewSql(schema: Schema, view: View, index: number): string[] {
  const table = schema.tables[view.on];
  const name = `public.v${index}`;
  const source = table ? nameOf(table, view.on) : '(values (1)) as v (id)';
  const columns = table ? columnsOf(table).map(([column]) => column) : [];
  const query = `select ${listOf(view, columns)}
    from ${source}${view.columns === 'aggregate' ? ' group by id' : ''}`;
  const materialized = view.form.startsWith('materialized');
  // Only views over one table without computed rows can check what is written through them.
  const checked = view.form === 'check option' && table && view.columns !== 'aggregate';
  const options = view.form === 'barrier' ? ' with (security_barrier)' : '';
  const object = `${materialized ? 'materialized view' : 'view'} ${name}`;
  return [
    `create ${object}${options} as ${query}${checked ? ' where id > 0 with local check option' : ''}${
      view.form === 'materialized, no data' ? ' with no data' : ''
    }`,
    ...(view.form === 'materialized with index' ? [`create unique index v${index}_id on ${name} (id)`] : []),
    ...(view.default === '' || materialized
      ? []
      : [`alter view ${name} alter id set default ${view.default}`]),
    ...(view.comment === 'view' ? [`comment on ${object} is 'a view'`] : []),
    ...(view.comment === 'column' ? [`comment on column ${name}.id is 'a column'`] : []),
    ...(view.grant === 'view' ? [`grant select on ${name} to reader`] : []),
    ...(view.grant === 'column' ? [`grant select (id) on ${name} to reader`] : []),
  ];
}

function listOf(view: View, columns: readonly string[]): string {
  switch (view.columns) {
    case 'id':
      return 'id';
    case 'some':
      return ['id', ...columns.slice(0, 1)].join(', ');
    case 'all':
      return ['id', ...columns].join(', ');
    case 'expressions':
      return [
        'id',
        'id + one() as more',
        ...columns.map((column) => `${column}::text as ${quoted(column)}`),
      ].join(', ');
    case 'aggregate':
      return 'id, count(*) as rows';
  }
}

function quoted(column: string): string {
  return column.startsWith('"') ? column.replace(/"$/, ' text"') : `${column}_text`;
}

function overSql(schema: Schema): string[] {
  if (schema.over === '' || !schema.views[0]) return [];
  const renamed = schema.over === 'renamed' ? ' (number)' : '';
  return [`create view public.over${renamed} as select id from public.v0`];
}
