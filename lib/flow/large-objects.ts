// Large objects, with their numbers, owners, privileges and comments (manual: "Large Objects"). No kind knows
// them: they are data.

import type { Connection, ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';

// The number of bytes of an object in one row: a whole number of the server's pages.
const piece = 1 << 18;

const objects = 'pg_catalog.pg_largeobject_metadata';

// The pieces of each object in order, until one is not full.
const pieces = `with recursive pieces as (
    select m.oid, 0::bigint as at, pg_catalog.lo_get(m.oid, 0, ${piece}) as data from ${objects} m
    union all
    select p.oid, p.at + ${piece}, pg_catalog.lo_get(p.oid, p.at + ${piece}, ${piece}) from pieces p
      where pg_catalog.length(p.data) = ${piece})
  select oid, at, data from pieces where data <> ''`;

// Statements for all that the server keeps of the objects except their bytes; equal for equal databases.
const said = `select m.oid, what.place, what.sql
  from ${objects} m join pg_catalog.pg_roles o on o.oid = m.lomowner
  cross join lateral (
    select 1, format('ALTER LARGE OBJECT %s OWNER TO %I', m.oid, o.rolname)
    union all select 2, format('REVOKE ALL ON LARGE OBJECT %s FROM %I', m.oid, o.rolname)
    where m.lomacl is not null
    union all select 3, format('GRANT %s ON LARGE OBJECT %s TO %s%s', a.privilege_type, m.oid,
        coalesce(quote_ident(r.rolname), 'PUBLIC'), case when a.is_grantable and a.grantee <> m.lomowner
        then ' WITH GRANT OPTION' else '' end)
      from pg_catalog.aclexplode(m.lomacl) a left join pg_catalog.pg_roles r on r.oid = a.grantee
    union all select 4, format('COMMENT ON LARGE OBJECT %s IS %L', m.oid, d.description)
    from pg_catalog.pg_description d
      where d.classoid = 'pg_largeobject'::regclass and d.objoid = m.oid) what (place, sql)
  order by m.oid, what.place, what.sql`;

/** The number of large objects. @throws Problem of the connection */
export async function countLargeObjects(connection: Connection): Promise<number> {
  const [row] = await queryPinned<{ count: number }>(
    connection,
    `select count(*)::int as count from ${objects}`,
  );
  return row?.count ?? 0;
}

/** The statements for their owners, privileges and comments. @throws Problem of the connection */
export async function describeLargeObjects(connection: Connection, owners: boolean): Promise<string[]> {
  const rows = await connection.rows<{ place: number; sql: string }>(said);
  return rows.filter(({ place }) => owners || place === 4).map(({ sql }) => sql);
}

/** Removes all of them. @throws Problem of the connection */
export async function removeLargeObjects(connection: Connection): Promise<void> {
  await connection.execute(`select pg_catalog.lo_unlink(oid) from ${objects}`);
}

/** A step of the copy: the query to read, and the statements at the target. */
export interface LargeObjectStep {
  /** A COPY that writes. */
  readonly query: string;
  readonly columns: string;
  /** The statements that use the rows, which are in a temporary table. */
  readonly use: string;
}

const arrived = 'pg_temp.pgmage_objects';

/** The steps of the copy, in their order. */
export const largeObjectSteps: readonly LargeObjectStep[] = [
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

/**
 * Queries whose rows, as COPY writes them, are the statements of a script: one creates an object, or fills a
 * piece of it.
 */
export const largeObjectScript: readonly string[] = [
  `copy (select pg_catalog.format('SELECT pg_catalog.lo_create(%s);', oid) from ${objects} order by oid)
    to stdout`,
  `copy (select pg_catalog.format('SELECT pg_catalog.lo_put(%s, %s, pg_catalog.decode(%L, ''hex''));', oid,
      at,
      pg_catalog.encode(data, 'hex')) from (${pieces}) piece) to stdout`,
];

/** Runs a step with the rows that were read. @throws Problem of the connection */
export async function runLargeObjectStep(
  to: ServerConnection,
  { columns, use }: LargeObjectStep,
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
  for (const part of largeObjectSteps) await runLargeObjectStep(to, part, from.copyOut(part.query));
  for (const sql of await describeLargeObjects(from, owners)) await to.execute(sql);
  return count;
}
