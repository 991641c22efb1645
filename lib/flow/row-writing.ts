// Writes rows that come as a stream into a table. Where the table calls code of its owner for each row, the
// rows wait in a temporary table, and are written as that owner.
import { qualify, quote } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { withPath } from '../pg/user-path.ts';
import { readOwners, runAsOwner, type TableOwner } from './as-owner.ts';

interface Column {
  readonly name: string;
  readonly type: string;
  /** The type in which a value waits: for a domain its base type. */
  readonly plain: string;
  /**
   * True if reading a value of that type calls no code of the database; otherwise the value waits as its
   * text.
   */
  readonly inert: boolean;
}

/** A table that has to be written as its owner. */
export interface OwnerWrittenTable {
  readonly owner: TableOwner;
  readonly columns: readonly Column[];
}

/** Such tables by their qualified names; all others are written directly. */
export type OwnerWrittenTables = ReadonlyMap<string, OwnerWrittenTable>;

// Made by superusers alone: functions in C, base types, and everything of the system. What never changes has
// no side effect.
const ownFirst = 16384;
/** SQL that is true if a function of pg_proc is none that an owner can have written. */
export const isInert = (p: string) => `(${p}.provolatile = 'i' and (${p}.oid < ${ownFirst} or exists (
  select from pg_catalog.pg_language l where l.oid = ${p}.prolang and l.lanname in ('internal', 'c'))))`;
const isInertType = (y: string) =>
  `(${y}.oid < ${ownFirst} or ${y}.typtype = 'e' or ${y}.typtype = 'b' and ${y}.typcategory <> 'A')`;

/** SQL that is true if an expression calls anything else, by its nodes (source: primnodes.h). */
export const callsCode = (tree: string) => `(${tree}::pg_catalog.text ~ '[{](JSON|XML|ROWCOMPARE)' or exists (
  select from pg_catalog.regexp_matches(${tree}::pg_catalog.text, ':(funcid|opno|resulttype|typid) ([0-9]+)',
  'g') m
    left join pg_catalog.pg_operator o on m[1] = 'opno' and o.oid = m[2]::pg_catalog.oid
    and o.oid >= ${ownFirst}
    left join pg_catalog.pg_proc p on p.oid = case m[1] when 'funcid' then m[2]::pg_catalog.oid
    else o.oprcode end
    left join pg_catalog.pg_type y on m[1] in ('resulttype', 'typid') and y.oid = m[2]::pg_catalog.oid
  where p.oid is not null and not ${isInert('p')} or y.oid is not null and not ${isInertType('y')}))`;

// With the component types of each type: domains are checked wherever another type contains one.
const guarded = `with recursive codes as (
    select k.contypid as type from pg_catalog.pg_constraint k where k.contypid <> 0 and k.contype = 'c'
    and ${callsCode('k.conbin')}),
  made(type, of) as (
    select y.oid, part.oid from pg_catalog.pg_type y cross join lateral (
      select y.typbasetype as oid where y.typtype = 'd' union all select y.typelem where y.typlen = -1
      and y.typelem <> 0
      union all select a.atttypid from pg_catalog.pg_attribute a where y.typtype = 'c'
      and a.attrelid = y.typrelid and a.attnum > 0
        and not a.attisdropped
      union all select g.rngsubtype from pg_catalog.pg_range g where g.rngtypid = y.oid
      union all select g.rngtypid from pg_catalog.pg_range g where g.rngmultitypid = y.oid) part
      where y.oid >= ${ownFirst}),
  checked as (select type from codes union select m.type from checked c join made m on m.of = c.type),
  called as (
    select k.conrelid as oid from pg_catalog.pg_constraint k where k.conrelid <> 0 and k.contype = 'c'
    and ${callsCode('k.conbin')}
    union
    select d.adrelid from pg_catalog.pg_attrdef d join pg_catalog.pg_attribute a on a.attrelid = d.adrelid
    and a.attnum = d.adnum
      where a.attgenerated <> '' and ${callsCode('d.adbin')}
    union
    select i.relid from pg_catalog.pg_partitioned_table q, pg_catalog.pg_partition_tree(q.partrelid) i
      where q.partexprs is not null and ${callsCode('q.partexprs')}
    union
    select t.tgrelid from pg_catalog.pg_trigger t where t.tgenabled <> 'D' and not t.tgisinternal
    union
    select a.attrelid from pg_catalog.pg_attribute a join checked on checked.type = a.atttypid
    where a.attnum > 0)
  select pg_catalog.json_build_array(n.nspname, c.relname) as path, pg_catalog.to_json(array(
      select pg_catalog.json_build_object('name', a.attname, 'type', pg_catalog.format_type(a.atttypid,
      a.atttypmod),
        'plain', pg_catalog.format_type(base.oid, base.modifier), 'inert', ${isInertType('y')})
      from pg_catalog.pg_attribute a cross join lateral (
          with recursive bases as (select a.atttypid as oid, a.atttypmod as modifier, 1 as depth union all
            select t.typbasetype, t.typtypmod, b.depth + 1 from bases b join pg_catalog.pg_type t
            on t.oid = b.oid where t.typtype = 'd')
          select oid, modifier from bases order by depth desc limit 1) base
        join pg_catalog.pg_type y on y.oid = base.oid
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      order by a.attnum)) as columns
  from called join pg_catalog.pg_class c using (oid) join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and c.relpersistence <> 't'`;

/**
 * The tables that are written as their owner: rows of others call nothing that an owner can define, or are
 * the session's own.
 * @throws Problem of the connection
 */
export async function readOwnerWrittenTables(connection: ServerConnection): Promise<OwnerWrittenTables> {
  const owners = await readOwners(connection);
  if (owners.size === 0) return new Map();
  const rows = await connection.rows<{ path: readonly string[]; columns: readonly Column[] }>(guarded);
  return new Map(
    rows.flatMap(({ path, columns }) => {
      const owner = owners.get(qualify(path));
      return owner === undefined ? [] : [[qualify(path), { owner, columns }] as const];
    }),
  );
}

/** Rows, and where they go. */
export interface RowsToWrite {
  /** Qualified and quoted. */
  readonly name: string;
  /** Quoted. */
  readonly columns: readonly string[];
  /** COPY of the rows into a table, by its name. */
  into(name: string): string;
  readonly rows: AsyncIterable<Uint8Array>;
  /** The search path for functions of the database; left out: the current one. */
  readonly path?: string;
}

/**
 * Writes rows in the open transaction.
 * @returns the number of rows
 * @throws Problem of the connection; any error of the rows
 */
export async function writeRows(
  connection: ServerConnection,
  tables: OwnerWrittenTables,
  { name, columns, into, rows, path }: RowsToWrite,
): Promise<number> {
  const under = <T>(work: () => Promise<T>) =>
    path === undefined ? work() : withPath(connection, path, work);
  const table = tables.get(name);
  if (table === undefined) return under(() => connection.copyIn(into(name), rows));
  const taken = takenOf(table, columns);
  const waiting = taken.map(
    ({ name: column, plain, inert }) => `${quote(column)} ${inert ? plain : 'pg_catalog.text'}`,
  );
  await connection.execute(`create temporary table pg_temp.pgmage_rows (${waiting.join(', ')}) on commit drop;
    grant select on pg_temp.pgmage_rows to ${quote(table.owner.role)}`);
  const written = await connection.copyIn(into('pg_temp.pgmage_rows'), rows);
  await under(() => connection.execute(runAsOwner(insertion(name, taken), table.owner)));
  await connection.execute('drop table pg_temp.pgmage_rows');
  return written;
}

// In the order in which they come.
function takenOf({ columns }: OwnerWrittenTable, names: readonly string[]): readonly Column[] {
  const known = new Map(columns.map((column) => [column.name, column]));
  return names.map((name) => {
    const plain = name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
    return known.get(plain) as Column;
  });
}

// A value that waits as its text is read by its type's input function: that is what JSON does with texts,
// where a cast could be one that the database's owner has made.
function insertion(name: string, columns: readonly Column[]): string {
  const list = columns.map((column) => quote(column.name)).join(', ');
  const values = columns.map((column, at) => (column.inert ? `s.${quote(column.name)}` : `r${at}.v`));
  const read = columns.flatMap((column, at) =>
    column.inert
      ? []
      : [
          `, pg_catalog.json_to_record(pg_catalog.json_build_object('v', s.${quote(column.name)}))
            r${at}(v ${column.type})`,
        ],
  );
  return `insert into ${name}${list && ` (${list})`} overriding system value
    select ${values.join(', ')} from pg_temp.pgmage_rows s${read.join('')}`;
}
