// Rules over the objects of a wanted schema: keys, indexes of foreign keys, columns that every table has.
import type { Catalog } from '../model/catalog.ts';
import { type Fact, ownName } from '../model/fact.ts';
import { qualify, quote } from '../model/quote.ts';

/** A column of a table, as rules read it. */
export interface ColumnFacts {
  readonly name: string;
  /** As the server prints it: `character varying(10)`. */
  readonly type: string;
  readonly notNull: boolean;
}

/** A table of the wanted schema, with its parts. */
export interface TableFacts {
  /** The qualified name, quoted where SQL needs it. */
  readonly name: string;
  readonly fact: Fact;
  readonly columns: readonly ColumnFacts[];
  /** All parts of the table: columns, constraints, indexes, triggers, policies. */
  readonly parts: readonly Fact[];
  /** True for a partition, which has the keys of its parent. */
  readonly isPartition: boolean;
}

/** One fault that a rule found. */
export interface RuleFault {
  /** The object, `users` or `public.users.email`: it leads to the file and the line. */
  readonly object?: string;
  readonly message: string;
  readonly hint?: string;
}

/** A rule over tables. */
export interface SchemaRule {
  readonly name: string;
  readonly level: 'allow' | 'warn';
  /** The flagged parts of a schema, for the documents: the rest of `It flags …`. */
  readonly flags: string;
  readonly hint: string;
  find(table: TableFacts, wanted: readonly string[]): readonly RuleFault[];
}

/** The tables of a catalog that are the user's own. */
export function listTables({ facts }: Pick<Catalog, 'facts'>): TableFacts[] {
  const parts = new Map<string, Fact[]>();
  for (const fact of facts.values()) {
    if (fact.parent === null) continue;
    const known = parts.get(fact.parent);
    if (known === undefined) parts.set(fact.parent, [fact]);
    else known.push(fact);
  }
  return [...facts.values()].filter(({ kind }) => kind === 'table').map((fact) => describeTable(fact, parts));
}

function describeTable(fact: Fact, parts: ReadonlyMap<string, readonly Fact[]>): TableFacts {
  const own = parts.get(fact.id) ?? [];
  const below = own.flatMap(({ id }) => parts.get(id) ?? []);
  const all = [...own, ...below];
  const required = new Set(all.filter(({ kind }) => kind === 'not null').map(({ path }) => path.at(2)));
  return {
    name: qualify(fact.path),
    fact,
    columns: own
      .filter(({ kind }) => kind === 'column')
      .sort((a, b) => a.position - b.position)
      .map(({ path, payload }) => ({
        name: ownName(path),
        type: String(payload.type),
        notNull: required.has(ownName(path)),
      })),
    parts: all,
    isPartition: own.some(({ kind }) => kind === 'partition attachment'),
  };
}

const name = '(?:"(?:[^"]|"")*"|[^\\s(),"]+)';
const list = new RegExp(`\\((\\s*${name}(?:\\s*,\\s*${name})*\\s*)\\)`);

// The names in the first parentheses of a definition: `FOREIGN KEY (a, "B") REFERENCES …`. An expression
// gives none.
function columnsIn(definition: unknown): string[] {
  const found = list.exec(String(definition));
  return [...(found?.[1] ?? '').matchAll(new RegExp(name, 'g'))].map(([one]) =>
    one.startsWith('"') ? one.slice(1, -1).replaceAll('""', '"') : one,
  );
}

// The leading columns of an index, until the first expression: `btree (a, lower(b))` gives a.
function leadingColumns(columns: unknown): string[] {
  const inside = /\(([\s\S]*)/.exec(String(columns))?.[1] ?? '';
  const leading = new RegExp(`^\\s*(${name})(?!\\s*\\()[^,()]*(?=[,)])[,)]?`);
  const found: string[] = [];
  for (let rest = inside, match = leading.exec(rest); match !== null; match = leading.exec(rest)) {
    const [whole, column = ''] = match;
    found.push(column.startsWith('"') ? column.slice(1, -1).replaceAll('""', '"') : column);
    rest = rest.slice(whole.length);
    if (whole.endsWith(')')) break;
  }
  return found;
}

// The columns that each index of the table begins with.
function listIndexed({ parts }: TableFacts): string[][] {
  return parts.flatMap(({ kind, payload }) => {
    if (kind === 'index') return payload.predicate === null ? [leadingColumns(payload.columns)] : [];
    return kind === 'primary key' || kind === 'unique' ? [columnsIn(payload.definition)] : [];
  });
}

const primaryKey: SchemaRule = {
  name: 'primary_key',
  level: 'warn',
  flags: 'a table without a primary key',
  hint: 'Add a primary key: replication and data:sync need one.',
  find: ({ name, parts, isPartition }) =>
    isPartition || parts.some(({ kind }) => kind === 'primary key')
      ? []
      : [{ object: name, message: 'The table has no primary key' }],
};

const foreignKeyIndexed: SchemaRule = {
  name: 'foreign_key_indexed',
  level: 'warn',
  flags: 'a foreign key whose columns no index begins with',
  hint: 'Create an index on these columns: without it, each DELETE on the other table reads this one whole.',
  find(table) {
    const indexed = listIndexed(table);
    return table.parts
      .filter(({ kind, origins }) => kind === 'foreign key' && origins.length === 0)
      .map((fact) => ({ fact, columns: columnsIn(fact.payload.definition) }))
      .filter(
        ({ columns }) =>
          columns.length > 0 &&
          !indexed.some((own) => columns.every((one) => own.slice(0, columns.length).includes(one))),
      )
      .map(({ fact, columns }) => ({
        // A comment beside the column is then beside the key.
        object: columns.length === 1 ? `${table.name}.${quote(columns[0] as string)}` : qualify(fact.path),
        message: `No index begins with ${columns.join(', ')}, which is a foreign key`,
      }));
  },
};

const requiredColumns: SchemaRule = {
  name: 'required_columns',
  level: 'allow',
  flags: 'a table without the columns that `columns` names',
  hint: 'Add the columns.',
  find({ name, columns, isPartition }, wanted) {
    const missing = wanted.filter((one) => columns.every((column) => column.name !== one));
    if (isPartition || missing.length === 0) return [];
    return [{ object: name, message: `The table has no column ${missing.join(', ')}` }];
  },
};

/** The rules over tables. */
export const schemaRules: readonly SchemaRule[] = [primaryKey, foreignKeyIndexed, requiredColumns];
