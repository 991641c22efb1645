// What the tables of a database hold, to see whether rows survive a migration.
import { qualify, quote } from '../../lib/model/quote.ts';
import { type Step, splitCombined } from '../../lib/model/step.ts';
import type { Connection } from '../../lib/pg/connection.ts';

/** One table with rows: the types of its stored columns with their attributes, and its rows. */
export interface Contents {
  /** The tables that it is a partition of. */
  readonly above: readonly string[];
  readonly types: Readonly<Record<string, string>>;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** What a database holds. */
export interface Rows {
  /** Table → contents; tables without storage in use are left out. */
  readonly tables: ReadonlyMap<string, Contents>;
  /** Materialized view → whether it is filled. */
  readonly filled: ReadonlyMap<string, boolean>;
  /** Materialized views whose owner may read what they select from. The server refreshes no others. */
  readonly refreshable: ReadonlySet<string>;
}

const tablesQuery = `select n.nspname as schema, c.relname as name, (select json_object_agg(a.attname,
      concat_ws(' ', format_type(a.atttypid, a.atttypmod), (select string_agg(p.attname, ' '
      order by p.attnum)
        from pg_type e join pg_type y on y.oid = e.oid or y.typarray = e.oid join pg_attribute p
        on p.attrelid = y.typrelid
        where e.oid = a.atttypid and y.typtype = 'c' and p.attnum > 0 and not p.attisdropped)))
        from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as types,
    (select json_agg(format('%I.%I', t.relnamespace::regnamespace, t.relname))
    from pg_partition_ancestors(c.oid) a
      join pg_class t on t.oid = a.relid and t.oid <> c.oid) as above
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and pg_relation_size(c.oid) > 0
    and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')`;

const filledQuery = `select format('%I.%I', n.nspname, m.relname) as name, m.relispopulated as filled,
    not exists (select from pg_rewrite w join pg_depend d on d.classid = 'pg_rewrite'::regclass
    and d.objid = w.oid
      join pg_class r on d.refclassid = 'pg_class'::regclass and r.oid = d.refobjid and r.relkind <> 'S'
      where w.ev_class = m.oid and r.oid <> m.oid and not has_any_column_privilege(m.relowner, r.oid,
      'SELECT')) as refreshable
  from pg_class m join pg_namespace n on n.oid = m.relnamespace where m.relkind = 'm'`;

/**
 * Reads all rows of all tables: for the few that a test has.
 * @param reader the same session, where it has a better way for queries that are asked again and again
 */
export async function rowsIn(connection: Connection, reader = connection): Promise<Rows> {
  const tables = await reader.rows<{
    schema: string;
    name: string;
    types: Record<string, string> | null;
    above: string[] | null;
  }>(tablesQuery);
  const found = new Map<string, Contents>();
  for (const { schema, name, types, above } of tables) {
    const table = qualify([schema, name]);
    const rows = await connection.rows<{ row: Record<string, unknown> }>(
      `select to_json(t) as row from only ${table} t`,
    );
    if (rows.length > 0)
      found.set(table, { above: above ?? [], types: types ?? {}, rows: rows.map(({ row }) => row) });
  }
  const views = await reader.rows<{ name: string; filled: boolean; refreshable: boolean }>(filledQuery);
  return {
    tables: found,
    filled: new Map(views.map(({ name, filled }) => [name, filled])),
    refreshable: new Set(views.flatMap(({ name, refreshable }) => (refreshable ? [name] : []))),
  };
}

/**
 * What lost rows, or values in columns whose type stayed, without a step that says so; and what should be
 * filled and was not left empty by the state before.
 */
export function losses(before: Rows, after: Rows, wanted: Rows, steps: readonly Step[]): string[] {
  const declared = splitCombined(steps)
    .filter((step) => step.hazards.includes('deletes_data'))
    .map((step) => step.fact);
  const spoilt = [...before.tables].flatMap(([table, had]) =>
    [table, ...had.above].some((name) => declared.includes(`table:${name}`))
      ? []
      : harm(table, had, after.tables.get(table), declared),
  );
  const empty = [...wanted.filled].filter(
    ([view, filled]) =>
      filled &&
      wanted.refreshable.has(view) &&
      after.filled.get(view) === false &&
      before.filled.get(view) !== false,
  );
  return [...spoilt, ...empty.map(([view]) => `${view} is not filled`)];
}

function harm(
  table: string,
  had: Contents,
  has: Contents | undefined,
  declared: readonly string[],
): string[] {
  if (has?.rows.length !== had.rows.length)
    return [`${table} has ${has?.rows.length ?? 0} rows instead of ${had.rows.length}`];
  // Heirs and partitions lose a column by a step of the table above.
  const lost = (name: string) =>
    declared.some((fact) => fact.startsWith('column:') && fact.endsWith(`.${quote(name)}`));
  const columns = Object.keys(had.types).filter((name) => has.types[name] === had.types[name] && !lost(name));
  return digest(had, columns) === digest(has, columns)
    ? []
    : [`${table} has other values in columns ${columns.join(', ')}`];
}

function digest({ rows }: Contents, columns: readonly string[]): string {
  const lines = rows.map((row) => JSON.stringify(columns.map((name) => row[name])));
  return lines.sort().join('\n');
}
