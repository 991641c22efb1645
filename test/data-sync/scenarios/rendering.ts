// A scenario as SQL, for either database.
import { types } from './columns.ts';
import { Dice } from './dice.ts';
import type { ModelRow, ModelTable, Place, Scenario } from './model.ts';

const ident = (name: string) => `"${name.replaceAll('"', '""')}"`;
const text = (value: string | null) => (value === null ? 'null' : `'${value.replaceAll("'", "''")}'`);

/** The qualified name of a table. */
export const nameOf = ({ schema }: Scenario, { name }: ModelTable): string => `${schema}.${ident(name)}`;

/** The names of the key's columns. */
export const keyNames = ({ key }: ModelTable): string[] => key.map((_, at) => `k${at}`);

/** The names of the columns that both sides have, generated ones apart. */
export const commonNames = (table: ModelTable): string[] => [
  ...keyNames(table),
  ...table.columns.map((_, at) => `c${at}`),
  ...(table.unique === '' ? [] : ['u']),
  ...table.references.flatMap((_, at) => referenceNames(table, at)),
];

// A reference has a column for each one of the key that it refers to; how many is known by the scenario.
const referenceNames = (table: ModelTable, at: number): string[] =>
  (widths.get(table)?.[at] ?? []).map((_, part) => `r${at}_${part}`);

const widths = new WeakMap<ModelTable, readonly (readonly unknown[])[]>();

/**
 * Tells tables how many columns their references have. To be called before anything else is asked of a
 * scenario.
 */
export function prepare(scenario: Scenario): void {
  for (const table of scenario.tables)
    widths.set(
      table,
      table.references.map(({ to }) => scenario.tables[to]?.key ?? []),
    );
}

/** All that makes one side: schema, tables, rows. */
export function renderScenario(scenario: Scenario, place: Place): string {
  const { schema, tables } = scenario;
  return [
    `create schema ${schema}`,
    types.replaceAll('@', schema),
    ...tables.flatMap((table) => tableSql(scenario, table, place)),
    ...tables.flatMap((table) => referenceSql(scenario, table)),
    'set session_replication_role = replica',
    ...tables.flatMap((table) => rowsSql(scenario, table, place)),
    'set session_replication_role = default',
    ...(place === 'target' ? triggersSql(scenario) : []),
  ].join(';\n');
}

const states = ['enable', 'enable always', 'enable replica', 'disable'];
const events = ['insert', 'update', 'delete', 'insert or update or delete'];

// A trigger that fires for pgmage spoils the run.
function triggersSql(scenario: Scenario): string[] {
  const { seed, schema, tables } = scenario;
  const dice = new Dice(seed + 2);
  return [
    `create function ${schema}.spoil() returns trigger language plpgsql as $$ begin
       if current_setting('application_name') = 'pgmage' then raise 'a trigger fired'; end if;
       return coalesce(new, old); end $$`,
    ...tables.flatMap((table) =>
      Array.from({ length: dice.pick([0, 1, 2]) }, (_, at) => {
        const name = ident(dice.pick([`spoil${at}`, `Spoil "${at}`]));
        const when = `${dice.pick(['before', 'after'])} ${dice.pick(events)}`;
        const on = nameOf(scenario, table);
        return `create trigger ${name} ${when} on ${on} for each ${dice.pick(['row', 'statement'])}
            execute function ${schema}.spoil();
          alter table ${on} ${dice.pick(states)} trigger ${name}`;
      }),
    ),
  ];
}

function tableSql(scenario: Scenario, table: ModelTable, place: Place): string[] {
  const { schema } = scenario;
  const name = nameOf(scenario, table);
  const isTarget = place === 'target';
  const keys = table.key.map(({ type, wider }, at) => {
    const identity = table.identity === '' ? '' : ` generated ${table.identity} as identity`;
    return `k${at} ${isTarget && at % 2 === 1 ? (wider ?? type) : type}${identity}`;
  });
  const columns = table.columns.map(
    ({ kind, isWider, notNull }, at) =>
      `c${at} ${isTarget && isWider ? kind.wider : kind.type}${notNull ? ' not null' : ''}`,
  );
  const references = table.references.flatMap(({ to, notNull }, at) =>
    (scenario.tables[to]?.key ?? []).map(({ type, wider }, part) => {
      const own = isTarget && part % 2 === 1 ? (wider ?? type) : type;
      return `r${at}_${part} ${own}${notNull ? ' not null' : ''}`;
    }),
  );
  const unique =
    table.unique === '' ? [] : [table.unique === 'exclusion' ? 'u int' : `u int ${table.unique}`];
  const exclusion = table.unique === 'exclusion' ? ['exclude using btree (u with =)'] : [];
  const generated = table.generated ? ["g text generated always as ('g' || 1::text) stored"] : [];
  const own = table.own[place] ? [`own_${place} int default 7`] : [];
  const all = [...keys, ...columns, ...references, ...unique, ...generated, ...own];
  const ordered = isTarget && scenario.isShuffled ? new Dice(scenario.seed).shuffled(all) : all;
  const primary = table.key.length === 0 ? [] : [`primary key (${keyNames(table).join(', ')})`];
  const parts = table.partitioned[place] ? ' partition by hash (k0)' : '';
  return [
    `create table ${name} (${[...ordered, ...primary, ...exclusion].join(', ')})${parts}`.replaceAll(
      '@',
      schema,
    ),
    ...(table.partitioned[place]
      ? [0, 1, 2].map(
          (part) =>
            `create table ${schema}.${ident(`${table.name} part ${part}`)} partition of ${name} for
              values with (modulus 3, remainder ${part})`,
        )
      : []),
  ];
}

function referenceSql(scenario: Scenario, table: ModelTable): string[] {
  return table.references.map(({ to, onDelete, onUpdate, deferrable }, at) => {
    const other = scenario.tables[to] as ModelTable;
    return `alter table ${nameOf(scenario, table)} add foreign key (${referenceNames(table, at).join(', ')})
      references ${nameOf(scenario, other)} (${keyNames(other).join(', ')}) on delete ${onDelete} on update ${onUpdate}
      ${deferrable ? 'deferrable' : ''}`;
  });
}

const atOnce = 500;

function rowsSql(scenario: Scenario, table: ModelTable, place: Place): string[] {
  const rows = table.rows[place];
  const keys = table.references.map(
    ({ to }) => new Map((scenario.tables[to]?.rows[place] ?? []).map(({ number, key }) => [number, key])),
  );
  const valuesOf = (row: ModelRow) => [
    ...row.key,
    ...row.values,
    ...(table.unique === '' ? [] : [row.unique === null ? null : String(row.unique)]),
    ...row.refers.flatMap((number, at) => {
      const key = number === null ? undefined : keys[at]?.get(number);
      return referenceNames(table, at).map((_, part) => key?.[part] ?? null);
    }),
  ];
  const names = commonNames(table);
  if (names.length === 0) return [];
  // Another order on disk.
  const ordered = place === 'source' ? new Dice(scenario.seed + 1).shuffled(rows) : rows;
  return Array.from({ length: Math.ceil(ordered.length / atOnce) }, (_, at) => {
    const some = ordered.slice(at * atOnce, (at + 1) * atOnce);
    const values = some.map((row) => `(${valuesOf(row).map(text).join(', ')})`);
    return `insert into ${nameOf(scenario, table)} (${names.join(', ')}) overriding system value
      values ${values.join(',\n')}`;
  });
}
