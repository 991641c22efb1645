// Facts made by hand, for tests of what needs no server: `facts(table('users', column('id', 'integer')))`.
import { kinds } from '../../lib/kinds/index.ts';
import { type Catalog, edgeKey } from '../../lib/model/catalog.ts';
import { makeDifference } from '../../lib/model/diff.ts';
import { qualify } from '../../lib/model/quote.ts';
import { plan } from '../../lib/plan/plan.ts';
import {
  changed,
  constraint,
  type Entry,
  inside,
  needing,
  needsOf,
  onto,
  type Part,
  pathOf,
  piece,
  whole,
} from './parts.ts';

export { having, needing, type Part } from './parts.ts';

/**
 * The catalog of a database of version 18 that holds these parts and nothing else. `schema public` is in it.
 */
export function facts(...parts: readonly Part[]): Catalog {
  const entries = [schema('public'), ...parts].flatMap((part) => part(null, 0));
  const ranks = new Map([...kinds.keys()].map((name, at) => [name, at]));
  const rank = ({ fact }: Entry) => ranks.get(fact.kind) as number;
  entries.sort(
    (a, b) => rank(a) - rank(b) || a.fact.position - b.fact.position || (a.fact.id < b.fact.id ? -1 : 1),
  );
  const ids = entries.map(({ fact }) => fact.id);
  const missing = entries.flatMap(({ needs }) => [...needs.keys()].filter((id) => !ids.includes(id)));
  if (missing.length > 0) throw new Error(`no part makes ${missing.join(', ')}`);
  return {
    major: 18,
    role: null,
    facts: new Map(entries.map(({ fact }) => [fact.id, fact])),
    needs: new Map(entries.map(({ fact, needs }) => [fact.id, needs])),
    dies: new Map(entries.map(({ fact, dies }) => [fact.id, dies])),
    links: new Map(entries.flatMap(({ fact, links }) => links.map((link) => [link, fact.id]))),
    unmanaged: [],
  };
}

/** The statements of the plan from one catalog to another, each in one line. */
export function statements(before: Catalog, after: Catalog, online = false): string[] {
  return plan({ difference: makeDifference(before, after, kinds), kinds, online }).map(({ sql }) =>
    oneLine(sql),
  );
}

/** A statement in one line. */
export const oneLine = (sql: string): string => sql.replace(/\s+/g, ' ');

/** CREATE SCHEMA. */
export const schema = (name: string): Part => whole('schema', name, {});

/** CREATE TYPE … AS ENUM. */
export const enumType = (name: string, ...labels: readonly string[]): Part =>
  whole('enum type', name, { labels });

/** CREATE SEQUENCE. */
export const sequence = (name: string, ...parts: readonly Part[]): Part =>
  whole('sequence', name, counter, parts);

/** CREATE FUNCTION in SQL. @param signature `(a integer)` is told by its types: `(integer)` */
export function sqlFunction(name: string, signature: string, body: string): Part {
  const head = `CREATE OR REPLACE FUNCTION ${qualify(pathOf(name))}${signature}\n RETURNS integer\n LANGUAGE sql`;
  const definition = `${head}\nAS $function$${body}$function$`;
  const payload = { result: 'integer', outputs: [], inputs: [], defaults: 0, window: false, definition };
  return (above, at) =>
    whole(
      'function',
      name,
      payload,
    )(above, at).map((entry) => ({
      ...entry,
      fact: { ...entry.fact, id: `${entry.fact.id}${signature}`, signature },
    }));
}

/** CREATE TABLE with its columns, constraints and indexes. */
export const table = (name: string, ...parts: readonly Part[]): Part =>
  whole('table', name, { ...plainTable, partitionKey: null, keyColumns: [] }, parts);

/** CREATE TABLE … PARTITION BY. @param by `RANGE (at)` @param keys its columns as `at date` */
export const partitioned = (
  name: string,
  by: string,
  keys: readonly string[],
  ...parts: readonly Part[]
): Part => whole('table', name, { ...plainTable, partitionKey: by, keyColumns: keys }, parts);

/** A partition, with the columns that it has from the table that it is attached to. */
export function partition(name: string, of: string, bound: string, ...parts: readonly Part[]): Part {
  const inherited = parts.map((part) =>
    changed(part, ({ fact, ...entry }) => ({
      ...entry,
      fact: { ...fact, origins: [`${fact.kind}:${qualify([...pathOf(of), fact.path.at(-1) as string])}`] },
    })),
  );
  return (above, at) => {
    const made = whole(
      'table',
      name,
      { ...plainTable, partitionKey: null, keyColumns: [] },
      inherited,
    )(above, at);
    const [own, ...inside] = made as readonly [Entry, ...Entry[]];
    const upper = `table:${qualify(pathOf(of))}`;
    const attachment = piece('partition attachment', pathOf(of), { bound, clones: [] }, [upper])(own.fact, 0);
    const links = [edgeKey(own.fact.id, upper)];
    return [
      { ...own, dies: new Set([upper]) },
      ...inside,
      ...attachment.map((entry) => ({ ...entry, links, needs: needsOf(entry.needs, [own.fact.id]) })),
    ];
  };
}

/** A column. @param type as the server writes it: `integer`, `character varying(20)` */
export function column(name: string, type: string, ...parts: readonly Part[]): Part {
  const isExtended = /^(text|character|numeric|json|bytea)|\]$/.test(type);
  const storage = type.startsWith('numeric') ? 'MAIN' : isExtended ? 'EXTENDED' : 'PLAIN';
  const own = enumIn(type);
  return inside('column', [name], { ...plainColumn, type, storage }, { parts, needs: own, numbered: true });
}

/** NOT NULL of a column. */
export const notNull = (): Part => (above, at) => {
  const [, own = '', name] = above?.path ?? [];
  const payload = { name: `${own}_${name}_not_null`, noInherit: false, validated: true };
  return inside('not null', [], payload, { numbered: true })(above, at);
};

/** DEFAULT of a column. */
export const columnDefault = (expression: string, ...needs: readonly string[]): Part =>
  inside('default', [], { expression }, { needs, numbered: true });

/** PRIMARY KEY. Its columns are NOT NULL by themselves: say so. */
export const primaryKey = (...columns: readonly string[]): Part =>
  keyOf('primary key', 'PRIMARY KEY', columns, 'pkey');

/** UNIQUE. */
export const unique = (...columns: readonly string[]): Part =>
  keyOf('unique', 'UNIQUE', columns, `${columns.join('_')}_key`);

/** CHECK. @param columns those that it names */
export const check = (name: string, condition: string, ...columns: readonly string[]): Part =>
  constraint(
    'check',
    name,
    { definition: `CHECK ((${condition}))`, validated: true, enforced: true, local: true },
    columns,
  );

/** FOREIGN KEY on the primary key of another table, which is called `id`. */
export function foreignKey(own: string, target: string): Part {
  const other = pathOf(target);
  return (above, at) => {
    const name = `${above?.path[1]}_${own}_fkey`;
    const payload = {
      definition: `FOREIGN KEY (${own}) REFERENCES ${qualify(other)}(id)`,
      deferrable: false,
      deferred: false,
      validated: true,
      enforced: true,
    };
    const key = `primary key:${qualify([...other, `${other[1]}_pkey`])}`;
    const needs = [`table:${qualify(other)}`, `column:${qualify([...other, 'id'])}`, key];
    return needing(constraint('foreign key', name, payload, [own]), ...needs)(above, at);
  };
}

/** CREATE INDEX. */
export const index =
  (...columns: readonly string[]): Part =>
  (above, at) => {
    const payload = { ...plainIndex, columns: `btree (${columns.join(', ')})` };
    return constraint('index', `${above?.path[1]}_${columns.join('_')}_idx`, payload, columns)(above, at);
  };

/** CREATE VIEW. @param columns as `id integer` @param needs ids of what it reads */
export const view = (
  name: string,
  query: string,
  columns: readonly string[],
  ...needs: readonly string[]
): Part =>
  needing(
    whole(
      'view',
      name,
      { columns, query, options: [] },
      columns.map((one) => inside('view column', [one.split(' ')[0] as string], {}, { numbered: true })),
    ),
    ...needs,
  );

/** CREATE TRIGGER on a table. @param calls the id of a function */
export const trigger = (name: string, definition: string, calls: string): Part =>
  needing(inside('trigger', [name], { definition, perRow: true, firing: 'ENABLE' }), calls);

/** CREATE POLICY on a table. */
export const policy = (name: string, using: string): Part =>
  inside('policy', [name], { permissive: true, command: 'ALL', roles: ['PUBLIC'], using, check: null });

/** COMMENT ON anything. */
export const comment = (text: string): Part => onto('comment', [], { text });

/** GRANT on anything. */
export const grant = (role: string, ...privileges: readonly string[]): Part =>
  onto('grant', [role], { privileges, grantable: [] });

const plainTable = {
  unlogged: false,
  accessMethod: null,
  tablespace: null,
  databaseTablespace: null,
  options: [],
  rowSecurity: false,
  forceRowSecurity: false,
};
const plainColumn = {
  local: true,
  generated: null,
  expression: null,
  collation: null,
  customStorage: false,
  compression: null,
  statistics: null,
  options: [],
};
const plainIndex = {
  unique: false,
  predicate: null,
  options: [],
  tablespace: null,
  databaseTablespace: null,
  statistics: [],
  partitioned: false,
  valid: true,
};
const counter = {
  type: 'bigint',
  start: '1',
  increment: '1',
  minimum: '1',
  maximum: '9223372036854775807',
  cache: '1',
  cycle: false,
  unlogged: false,
};

// A type of the database has its schema before its name.
const enumIn = (type: string) => (type.includes('.') ? [`enum type:${type}`] : []);

function keyOf(kind: string, words: string, columns: readonly string[], ending: string): Part {
  return (above, at) => {
    const payload = {
      definition: `${words} (${columns.join(', ')})`,
      predicate: null,
      deferrable: false,
      deferred: false,
      options: [],
      tablespace: null,
      databaseTablespace: null,
      partitioned: false,
      duplicate: false,
    };
    const made = constraint(kind, `${above?.path[1]}_${ending}`, payload, columns)(above, at);
    const nulls = columns.map((one) => `not null:${qualify([...(above?.path ?? []), one])}`);
    return made.map((entry) => ({
      ...entry,
      needs: needsOf(entry.needs, kind === 'primary key' ? nulls : []),
    }));
  };
}
