// Object identifiers → names, along the references that the server itself declares.
import type { Connection } from '../../lib/pg/connection.ts';
import { unordered } from './catalogs.ts';

/** A column, or a pair of relation and column numbers, that refers to rows of another catalog. */
export interface Reference {
  readonly columns: readonly string[];
  readonly catalog: string;
}

/** How one catalog is read and named. */
export interface Shape {
  readonly name: string;
  /** The query for its rows; `$since` stands for the transaction from which on rows are of interest. */
  readonly sql: string;
  /** The columns by which people know a row; empty: all of them. */
  readonly key: readonly string[];
  readonly references: readonly Reference[];
}

/** A row as it was read. */
export type RawRow = Readonly<Record<string, unknown>>;

/** Place → name. A place is `catalog oid column-number`; catalog pg_attribute: the bare name of a column. */
export type Names = ReadonlyMap<string, string>;

// Addresses that can be of any catalog.
const addresses = [
  ['classoid', 'objoid', 'objsubid'],
  ['classid', 'objid', 'objsubid'],
  ['refclassid', 'refobjid', 'refobjsubid'],
] as const;

/** Asks for the names of everything that some row refers to, each once. */
export async function namesOf(
  connection: Connection,
  tables: readonly { shape: Shape; rows: readonly RawRow[] }[],
): Promise<Names> {
  const places = tables.flatMap(({ shape, rows }) =>
    rows.flatMap((row) => referred(shape, row).flatMap((reference) => reference.places)),
  );
  const found = await connection.rows<{ place: string; name: string | null }>(
    `select place, case when p[1] = 'pg_attribute'
       then (select attname from pg_attribute where attrelid = p[2]::oid and attnum = p[3]::int2)
       else (pg_identify_object(case when p[1] ~ '^[0-9]' then p[1]::oid else p[1]::regclass end, p[2]::oid,
       p[3]::int)).identity end as name
     from unnest($1::text[]) place, string_to_array(place, ' ') p`,
    [[...new Set(places)]],
  );
  return new Map(found.flatMap(({ place, name }) => (name === null ? [] : [[place, name]])));
}

/** A row with names instead of identifiers. */
export function spell(shape: Shape, row: RawRow, names: Names): Record<string, unknown> {
  const spelt: Record<string, unknown> = { ...row };
  for (const { column, places } of referred(shape, row)) {
    const list = places.map((place) => names.get(place) ?? null);
    // Columns of a table are listed by their numbers in some catalogs: an order without meaning.
    const ordered =
      unordered.has(column) || (column === 'conkey' && row.contype === 'c') ? list.sort() : list;
    spelt[column] = Array.isArray(row[column]) ? ordered : ordered[0];
  }
  // The name of a column is part of the address's name.
  for (const [, oid, sub] of addresses) if (row[oid] !== undefined) delete spelt[sub];
  return spelt;
}

function referred(shape: Shape, row: RawRow): { column: string; places: readonly string[] }[] {
  const any = addresses
    .filter(([catalog, oid]) => row[catalog] !== undefined && row[oid] !== undefined)
    .map(([catalog, oid, sub]) => ({
      column: oid as string,
      places: [`${row[catalog]} ${row[oid]} ${row[sub] ?? 0}`],
    }));
  const declared = shape.references.flatMap(({ columns, catalog }) => {
    const column = columns.at(-1) as string;
    if (row[column] == null) return [];
    const relation = columns.length === 2 ? row[columns[0] as string] : undefined;
    const places = [row[column]]
      .flat()
      .map((value) =>
        relation === undefined ? `${catalog} ${value} 0` : `pg_attribute ${relation} ${value}`,
      );
    return [{ column, places }];
  });
  return [...any, ...declared];
}
