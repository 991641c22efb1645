// The independent observer: the rows of all system catalogs with names instead of object identifiers. It
// shares nothing with the kinds, so that what they overlook is seen here.
import type { Connection } from '../../lib/pg/connection.ts';
import { snapshot } from '../../lib/pg/snapshot.ts';
import {
  derived,
  filters,
  physical,
  privileges,
  skipped,
  typeOwner,
  undeclared,
  unordered,
} from './catalogs.ts';
import { namesOf, type RawRow, type Shape, spell } from './naming.ts';

/** One catalog row: its columns by name. */
export type Row = Readonly<Record<string, unknown>>;

/** All that was seen in a database, apart from what initdb made and nobody touched. */
export interface Observation {
  /** `catalog name` → row. */
  readonly rows: ReadonlyMap<string, Row>;
  /** How many rows of initdb are left as they were in each catalog. */
  readonly untouched: ReadonlyMap<string, number>;
  /** The columns of each table in their order. */
  readonly orders: ReadonlyMap<string, string>;
}

/** Observes the databases of one server. */
export class Observer {
  /** What an empty database holds. */
  readonly initial: Observation;
  private readonly shapes: readonly Shape[];
  private readonly since: string;

  private constructor(shapes: readonly Shape[], since: string, initial: Observation) {
    this.shapes = shapes;
    this.since = since;
    this.initial = initial;
  }

  /**
   * Makes an observer for all databases that will be created after this; `empty` is a session on a fresh one.
   */
  static async learn(empty: Connection): Promise<Observer> {
    const [now] = await empty.rows<{ xid: string }>('select pg_current_xact_id()::text as xid');
    const shapes = await shapesOf(empty);
    const initial = await snapshot(empty, (connection) => read(connection, shapes, '0'));
    return new Observer(shapes, (now as { xid: string }).xid, initial);
  }

  /** Reads a database. Rows that are older than it are those of initdb. */
  observe(session: Connection): Promise<Observation> {
    return snapshot(session, (connection) => this.observeIn(connection));
  }

  /** The same in a transaction that has the settings of a snapshot already. */
  observeIn(connection: Connection): Promise<Observation> {
    return read(connection, this.shapes, this.since);
  }
}

const columnsQuery = `select c.relname as catalog, json_agg(json_build_object('name', a.attname, 'type',
  ty.typname)
    order by a.attnum) as columns
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  join pg_type ty on ty.oid = a.atttypid
  where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'r' group by c.relname
  order by c.relname`;

const referencesQuery = `select f.relname as catalog, to_json(fkcols) as columns, p.relname as target
  from pg_get_catalog_foreign_keys() k join pg_class f on f.oid = k.fktable join pg_class p
  on p.oid = k.pktable`;

// The key by which people know a row: a unique one without its oid, with a name if there is one.
const keysQuery = `select distinct on (c.relname) c.relname as catalog, k.columns from pg_index i
  join pg_class c on c.oid = i.indrelid and c.relnamespace = 'pg_catalog'::regnamespace
  cross join lateral (select json_agg(a.attname) as columns, bool_or(a.attname = 'oid') as oid,
    bool_or(a.atttypid = 'name'::regtype) as named
    from pg_attribute a where a.attrelid = c.oid and a.attnum = any (i.indkey)) k
  where i.indisunique and not k.oid order by c.relname, k.named desc, i.indexrelid`;

async function shapesOf(connection: Connection): Promise<Shape[]> {
  const [columns, references, keys] = (await connection.batch([
    columnsQuery,
    referencesQuery,
    keysQuery,
  ])) as [
    { catalog: string; columns: { name: string; type: string }[] }[],
    { catalog: string; columns: string[]; target: string }[],
    { catalog: string; columns: string[] }[],
  ];
  // A parent's place among several is a number without meaning, so its name takes part in the key.
  const special: Readonly<Record<string, readonly string[]>> = { pg_inherits: ['inhrelid', 'inhparent'] };
  return columns
    .filter(({ catalog }) => !skipped.has(catalog))
    .map(({ catalog, columns: all }) => ({
      name: catalog,
      sql: selection(catalog, all),
      key: special[catalog] ?? keys.find((key) => key.catalog === catalog)?.columns ?? [],
      references: [...references, ...undeclared]
        .filter((reference) => reference.catalog === catalog)
        .map((reference) => ({ columns: reference.columns, catalog: reference.target })),
    }));
}

function selection(catalog: string, columns: readonly { name: string; type: string }[]): string {
  const kept = columns.filter(
    ({ name, type }) => type !== 'pg_node_tree' && name !== 'oid' && !physical[catalog]?.includes(name),
  );
  const own = kept.map(({ name, type }) => {
    if (name === 'typowner') return `${typeOwner} as typowner`;
    if (type === 'regproc') return `${name}::oid`;
    // JSON numbers lose digits.
    if (type === 'int8') return `${name}::text`;
    return type === '_aclitem' ? `${privileges(catalog, name)} as ${name}` : name;
  });
  const more = Object.entries(derived[catalog] ?? {}).map(([name, sql]) => `${sql} as "${name}"`);
  return `select to_json(r) as row from (select ${[...own, ...more].join(', ')} from ${catalog} t
    where (${filters[catalog] ?? 'true'}) and t.xmin::text::bigint >= $since) r`;
}

function untouchedQuery(shapes: readonly Shape[]): string {
  const counts = shapes.map(
    ({ name }) => `select '${name}' as catalog, count(*)::int as count from ${name} t
      where (${filters[name] ?? 'true'}) and t.xmin::text::bigint < $since`,
  );
  return counts.join(' union all ');
}

async function read(connection: Connection, shapes: readonly Shape[], since: string): Promise<Observation> {
  const queries = [untouchedQuery(shapes), ...shapes.map(({ sql }) => sql)];
  const answers = await connection.batch(queries.map((sql) => sql.replaceAll('$since', since)));
  const [counts, ...raw] = answers as [{ catalog: string; count: number }[], ...{ row: RawRow }[][]];
  const tables = shapes.map((shape, index) => ({ shape, rows: (raw[index] ?? []).map(({ row }) => row) }));
  const names = await namesOf(connection, tables);
  const rows = new Map<string, Row>();
  const orders = new Map<string, [number, string][]>();
  for (const { shape, rows: unnamed } of tables) {
    for (const row of unnamed.map((entry) => arrange(spell(shape, entry, names), orders))) {
      const key = (shape.key.length > 0 ? shape.key : Object.keys(row)).filter(
        (name) => row[name] !== undefined,
      );
      rows.set(unused(rows, `${shape.name} ${key.map((name) => show(row[name])).join(', ')}`), row);
    }
  }
  return {
    rows,
    untouched: new Map(counts.map(({ catalog, count }) => [catalog, count])),
    orders: new Map([...orders].map(([table, columns]) => [table, inOrder(columns)])),
  };
}

// What is the same must look the same: sets are sorted, generated names are taken out.
function arrange(row: Record<string, unknown>, orders: Map<string, [number, string][]>): Row {
  for (const [name, value] of Object.entries(row))
    if (Array.isArray(value) && (unordered.has(name) || name.endsWith('acl'))) row[name] = [...value].sort();
  // Which of several fitting keys a foreign key leans on is the server's choice.
  if (row.contype === 'f') row.conindid = null;
  // Foreign keys that the server clones to partitions have names that it makes up.
  if (row.contype === 'f' && row.conparentid !== null) {
    row.conname = `clone: ${row.definition}`;
    row.conparentid = 'some';
  }
  if (row.number !== undefined) {
    const table = row.attrelid as string;
    if (row.place === null)
      orders.set(table, [...(orders.get(table) ?? []), [row.number as number, row.attname as string]]);
    delete row.number;
  }
  return row;
}

function inOrder(columns: readonly (readonly [number, string])[]): string {
  return [...columns]
    .sort(([a], [b]) => a - b)
    .map(([, name]) => name)
    .join(', ');
}

function unused(rows: ReadonlyMap<string, Row>, key: string): string {
  let free = key;
  for (let copy = 2; rows.has(free); copy++) free = `${key} (${copy})`;
  return free;
}

function show(value: unknown): string {
  return Array.isArray(value) ? `(${value.map(show).join(', ')})` : String(value);
}
