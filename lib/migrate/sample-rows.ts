// Measures the losses of a migration and its way down on sample rows in the shadow.

import { stripPublic } from '../model/fact-name.ts';
import type { Connection } from '../pg/connection.ts';
import { formatCount } from '../problem/amount.ts';
import { Problem } from '../problem/problem.ts';
import { inShadow, parseFiles, runInOrder, wantsCommit } from '../project/shadow-catalog.ts';
import type { TextFile } from '../project/sql-files.ts';
import type { TrialStart } from '../project/trial-start.ts';
import type { Workspace } from '../project/workspace.ts';
import { buildCornerRows, mostCorners, usualValue } from './corner-rows.ts';

/** The number of rows in each table. */
const count = 5;

/**
 * SQL that inserts rows into every table of a database, with values that fit the types of its columns;
 * references are not checked. Rows that violate a constraint are skipped one by one.
 * @param rows the number for each table, at most 28
 * @param partitions true to include partitions
 * @param label SQL for the order of enum labels; the first one is used
 */
export function buildSampleRows(rows: number, partitions: boolean, label: string): string {
  return `do $pgmage$
declare t record; i int; columns text; expressions text;
begin
  set local session_replication_role = replica;
  for t in select c.oid, c.oid::regclass as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and (${partitions} or not c.relispartition) and n.nspname !~ '^pg_'
    and n.nspname <> 'information_schema'
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
      and d.deptype = 'e') loop
    for i in 1..${rows} loop
      select string_agg(quote_ident(a.attname), ', ' order by a.attnum), string_agg(format('(%s)::%s',
      ${usualValue(label)},
          format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum)
        into columns, expressions
        from pg_attribute a join pg_type own on own.oid = a.atttypid
          join pg_type y on y.oid = coalesce(nullif(own.typbasetype, 0), own.oid)
        where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '';
      begin
        if columns is null then execute format('insert into %s default values', t.name);
        else execute format('insert into %s (%s) overriding system value select %s', t.name, columns,
        expressions);
        end if;
      exception when others then null;
      end;
    end loop;
  end loop;
  set local session_replication_role = origin;
end $pgmage$`;
}

const tablesQuery = `select format('%I.%I', n.nspname, c.relname) as name,
    array(select quote_ident(a.attname) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
    and not a.attisdropped
      order by a.attnum) as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname !~ '^pg_'
  and n.nspname <> 'information_schema' order by 1`;

/** The values of a row as their types write them, by column. */
type Row = ReadonlyMap<string, string>;
type Rows = ReadonlyMap<string, readonly Row[]>;
type Losses = ReadonlyMap<string, readonly string[]>;

/** The migration to try. */
export interface LossTrial {
  readonly up: TextFile;
  readonly down: TextFile;
  /** Columns whose types change, as `schema.table.column`: they are given the corners of their types. */
  readonly changed: readonly string[];
  /** True to try each corner value alone if not all of them survive. */
  readonly thorough: boolean;
}

/**
 * The losses of rows when a migration is applied and undone, by table.
 * @param start the state before it
 * @returns null if sample rows do not survive
 * @throws Problem of the shadow
 */
export async function findSampleLosses(
  workspace: Workspace,
  start: TrialStart,
  { up, down, changed, thorough }: LossTrial,
): Promise<Losses | null> {
  const ways = await parseFiles([up, down]);
  return inShadow(workspace, start, ways, async (connection, committed) => {
    const usual = buildSampleRows(count, false, 'enumsortorder');
    const tried = async (...rows: readonly string[]): Promise<Losses | null> => {
      if (!committed) await connection.execute('savepoint made_rows');
      for (const sql of rows) await connection.execute(sql);
      const before = await rowsIn(connection);
      const ran = (at: 0 | 1) =>
        runInOrder(connection, ways.slice(at, at + 1), committed).then(
          () => true,
          (thrown: unknown) => {
            if (!(thrown instanceof Problem && 'sqlstate' in thrown.data)) throw thrown;
            if (!committed && wantsCommit(thrown)) throw thrown;
            return false;
          },
        );
      try {
        if (!(await ran(0))) return null;
        if (await ran(1)) return lossesBetween(before, await rowsIn(connection));
        return rows.length === 1 && rows[0] !== usual ? new Map(changed.map(stuck)) : null;
      } finally {
        if (!committed) await connection.execute('rollback to made_rows').catch(() => undefined);
      }
    };
    // A commit cannot be rolled back for the next corner.
    if (changed.length === 0 || committed) return tried(usual);
    const all = await tried(usual, buildCornerRows(changed, null));
    if (all !== null) return all;
    const found = new Map(await tried(usual));
    for (let at = 0; thorough && at < mostCorners; at++)
      for (const [table, own] of (await tried(buildCornerRows(changed, at))) ?? [])
        if (!found.has(table)) found.set(table, own);
    return found;
  });
}

// A value that the way there takes, and the way back does not.
function stuck(column: string): [string, string[]] {
  return [
    /^(?:"(?:[^"]|"")*"|[^."])+\.(?:"(?:[^"]|"")*"|[^."])+/.exec(column)?.[0] ?? column,
    [`${stripPublic(column)}: not every value comes back`],
  ];
}

async function rowsIn(connection: Connection): Promise<Rows> {
  const tables = await connection.rows<{ name: string; columns: readonly string[] }>(tablesQuery);
  const found = new Map<string, readonly Row[]>();
  for (const { name, columns } of tables) {
    const values = columns.map((column) => `pg_catalog.format('%L', t.${column})`).join(', ');
    const rows = await connection.rows<{ row: readonly string[] }>(
      `select pg_catalog.to_json(array[${values}]::text[]) as row from ${name} t`,
    );
    const named = rows.map(({ row }) => new Map(row.map((value, at) => [columns[at] as string, value])));
    found.set(name, named);
  }
  return found;
}

// Values are compared as bags: the order of rows may change.
function lossesBetween(before: Rows, after: Rows): Map<string, string[]> {
  const losses = new Map<string, string[]>();
  for (const [table, rows] of before) {
    const left = after.get(table) ?? [];
    const name = stripPublic(table);
    const own: string[] = [];
    if (left.length < rows.length)
      own.push(`${name}: ${rows.length - left.length} of ${formatCount(rows.length, 'row')} lost`);
    else
      for (const column of rows[0]?.keys() ?? []) {
        const [had = [], has = []] = [rows, left].map((all) => all.map((row) => row.get(column) ?? 'NULL'));
        const values = had.filter((value) => value !== 'NULL');
        const lost = values.filter((value) => {
          const at = has.indexOf(value);
          if (at >= 0) has.splice(at, 1);
          return at < 0;
        });
        if (lost.length > 0)
          own.push(`${name}.${column}: ${lost.length} of ${formatCount(values.length, 'value')} lost`);
      }
    if (own.length > 0) losses.set(table, own);
  }
  return losses;
}
