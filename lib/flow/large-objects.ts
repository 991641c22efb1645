// Large objects, with their numbers, owners, privileges and comments (manual: "Large Objects"). No kind knows them: they
// are data.

import type { Connection, ServerConnection } from '../pg/connection.ts';
import { pinnedRows } from '../pg/pinned.ts';

// What one row takes of an object: a whole number of the server's own pages.
const piece = 1 << 18;

const objects = 'pg_catalog.pg_largeobject_metadata';

// Of each object what it is made of, piece by piece and in order, until one is not whole.
const pieces = `with recursive pieces as (
    select m.oid, 0::bigint as at, pg_catalog.lo_get(m.oid, 0, ${piece}) as data from ${objects} m
    union all
    select p.oid, p.at + ${piece}, pg_catalog.lo_get(p.oid, p.at + ${piece}, ${piece}) from pieces p
      where pg_catalog.length(p.data) = ${piece})
  select oid, at, data from pieces where data <> ''`;

// Statements that say of the objects what the server keeps of them besides their bytes; the same ones of equal databases.
const said = `select m.oid, what.place, what.sql
  from ${objects} m join pg_catalog.pg_roles o on o.oid = m.lomowner
  cross join lateral (
    select 1, format('ALTER LARGE OBJECT %s OWNER TO %I', m.oid, o.rolname)
    union all select 2, format('REVOKE ALL ON LARGE OBJECT %s FROM %I', m.oid, o.rolname) where m.lomacl is not null
    union all select 3, format('GRANT %s ON LARGE OBJECT %s TO %s%s', a.privilege_type, m.oid,
        coalesce(quote_ident(r.rolname), 'PUBLIC'), case when a.is_grantable and a.grantee <> m.lomowner then ' WITH GRANT OPTION' else '' end)
      from pg_catalog.aclexplode(m.lomacl) a left join pg_catalog.pg_roles r on r.oid = a.grantee
    union all select 4, format('COMMENT ON LARGE OBJECT %s IS %L', m.oid, d.description) from pg_catalog.pg_description d
      where d.classoid = 'pg_largeobject'::regclass and d.objoid = m.oid) what (place, sql)
  order by m.oid, what.place, what.sql`;

/** How many there are. @throws Problem of the connection */
export async function countLargeObjects(connection: Connection): Promise<number> {
  const [row] = await pinnedRows<{ count: number }>(
    connection,
    `select count(*)::int as count from ${objects}`,
  );
  return row?.count ?? 0;
}

/** What is said of them, as statements. @throws Problem of the connection */
export async function saidOfLargeObjects(connection: Connection, owners: boolean): Promise<string[]> {
  const rows = await connection.rows<{ place: number; sql: string }>(said);
  return rows.filter(({ place }) => owners || place === 4).map(({ sql }) => sql);
}

/** Removes all of them. @throws Problem of the connection */
export async function removeLargeObjects(connection: Connection): Promise<void> {
  await connection.execute(`select pg_catalog.lo_unlink(oid) from ${objects}`);
}

/** A step of the copy: what is read, and what is done with it in the place of arrival. */
export interface Part {
  /** A COPY that writes. */
  readonly query: string;
  readonly columns: string;
  /** What is made of the rows, which are in a temporary table. */
  readonly use: string;
}

const arrived = 'pg_temp.pgmage_objects';

/** The steps of the copy, in their order. */
export const largeObjectParts: readonly Part[] = [
  {
    query: `copy (select oid from ${objects}) to stdout (format binary)`,
    columns: 'oid oid',
    use: `select pg_catalog.lo_create(oid) from ${arrived}`,
  },
  {
    query: `copy (${pieces}) to stdout (format binary)`,
    columns: 'oid oid, at bigint, data bytea',
    use: `select pg_catalog.lo_put(oid, at, data) from ${arrived}`,
  },
];

/** Does a step with what was read. @throws Problem of the connection */
export async function loadPart(
  to: ServerConnection,
  { columns, use }: Part,
  rows: AsyncIterable<Uint8Array>,
): Promise<void> {
  await to.execute(`create temporary table pgmage_objects (${columns}) on commit drop`);
  await to.copyIn(`copy ${arrived} from stdin (format binary)`, rows);
  await to.execute(`${use}; drop table ${arrived}`);
}

/**
 * Copies all of them into a database that has none. Both sessions are in a transaction.
 * @param owners whether they get their owners and privileges
 * @returns how many
 * @throws Problem of either connection
 */
export async function copyLargeObjects(
  from: ServerConnection,
  to: ServerConnection,
  owners: boolean,
): Promise<number> {
  const count = await countLargeObjects(from);
  if (count === 0) return 0;
  for (const part of largeObjectParts) await loadPart(to, part, from.copyOut(part.query));
  for (const sql of await saidOfLargeObjects(from, owners)) await to.execute(sql);
  return count;
}
