// Code of the owners of tables that a change of rows calls: checks, generated columns, domains, indexes,
// defaults, partitions, triggers. It runs with the rights of the owner, not with those of the session.
import { readOwners, runAsOwner, type TableOwner } from '../flow/as-owner.ts';
import { callsCode, isInert, readOwnerWrittenTables } from '../flow/row-writing.ts';
import { qualify } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { withPath } from '../pg/user-path.ts';
import { Problem } from '../problem/problem.ts';

/** The owners of tables, where they are other roles whose rights the session has. */
export interface OwnerCode {
  /** By table that is not a partition. */
  readonly owners: ReadonlyMap<string, TableOwner>;
  /** The tables that call code of theirs. */
  readonly calling: ReadonlySet<string>;
}

const path = 'pg_catalog.json_build_array(n.nspname, r.relname)';
const root = `join pg_class r on r.oid = coalesce(pg_partition_root(c.oid), c.oid)
  join pg_namespace n on n.oid = r.relnamespace`;

const partitions = `select pg_catalog.json_build_array(m.nspname, c.relname) as part, ${path} as path
  from pg_class c join pg_namespace m on m.oid = c.relnamespace ${root} where c.relispartition`;

// To check a foreign key, the server compares values and casts those of the referring table.
const comparing = `select k.conrelid, k.confrelid from pg_constraint k where k.contype = 'f' and (
    exists (select from unnest(k.conpfeqop || k.conppeqop || k.conffeqop) o(oid)
      join pg_operator e on e.oid = o.oid join pg_proc p on p.oid = e.oprcode where not ${isInert('p')})
    or exists (select from unnest(k.conkey) u(number) join pg_attribute a on a.attrelid = k.conrelid
        and a.attnum = u.number
      join pg_type y on y.oid = a.atttypid join pg_cast c on c.castsource in (y.oid, y.typbasetype)
      join pg_proc p on p.oid = c.castfunc where not ${isInert('p')}))`;

// A copy makes indexes and foreign keys afterwards, and writes every column.
const more = `select distinct ${path}::text as path
  from (select unnest(array[conrelid, confrelid]) as oid from (${comparing}) f
    union select i.indrelid as oid from pg_index i where i.indexprs is not null and ${callsCode('i.indexprs')}
      or i.indpred is not null and ${callsCode('i.indpred')}
    union select d.adrelid from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid
      and a.attnum = d.adnum where a.attgenerated = '' and ${callsCode('d.adbin')}) k
    join pg_class c using (oid) ${root}`;

/** Reads it, after the triggers are turned off. @throws Problem of the connection */
export async function readOwnerCode(connection: ServerConnection): Promise<OwnerCode> {
  const owners = await readOwners(connection);
  if (owners.size === 0) return { owners, calling: new Set() };
  type Path = [string, string];
  const written = await readOwnerWrittenTables(connection);
  const parts = await connection.rows<{ part: Path; path: Path }>(partitions);
  const others = await connection.rows<{ path: string }>(more);
  const rootOf = new Map(parts.map(({ part, path: name }) => [qualify(part), qualify(name)]));
  const calling = [
    ...[...written.keys()].map((name) => rootOf.get(name) ?? name),
    ...others.map((one) => qualify(JSON.parse(one.path) as Path)).filter((name) => owners.has(name)),
  ];
  return { owners, calling: new Set(calling) };
}

/** A statement that changes rows of some tables. */
export interface OwnedStatement {
  readonly sql: string;
  /** The tables that it changes. */
  readonly tables: readonly string[];
  /** The temporary tables that it reads. */
  readonly reads: readonly string[];
  /** The temporary tables that it writes. */
  readonly writes: readonly string[];
}

/**
 * Runs a statement under the path of the database, as the owner of its tables where these call code of his.
 * @throws Problem `sync_refused` where the tables have several owners; of the connection
 */
export async function runChange(
  connection: ServerConnection,
  { owners, calling }: OwnerCode,
  { sql, tables, reads, writes }: OwnedStatement,
): Promise<void> {
  const under = (work: string) => withPath(connection, connection.searchPath, () => connection.execute(work));
  const calls = tables.filter((name) => calling.has(name));
  const [first] = calls;
  if (first === undefined) return under(sql);
  const owner = owners.get(first) as TableOwner;
  const other = tables.find((name) => owners.get(name)?.role !== owner.role);
  if (other !== undefined)
    throw new Problem('sync_refused', {
      source: 'the source',
      target: connection.description,
      faults: [`${first} calls code of its owner, and ${other}, which is connected with it, has another one`],
    });
  const role = `"${owner.role.replaceAll('"', '""')}"`;
  await connection.execute(
    [
      `grant select on ${reads.join(', ')} to ${role}`,
      ...writes.map((name) => `grant select, insert, update on ${name} to ${role}`),
    ].join('; '),
  );
  const others = tables.filter((name) => name !== first).map((name) => owners.get(name) as TableOwner);
  await under(runAsOwner(sql, owner, others));
}
