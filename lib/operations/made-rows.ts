// What a migration and its way back cost rows: made up in the shadow, taken there and back, and counted.
import type { Json } from '../model/fact.ts';
import type { Connection } from '../pg/connection.ts';
import { Problem } from '../problem.ts';
import { withoutPublic } from './changes.ts';
import type { Context } from './context.ts';
import type { TextFile } from './files.ts';
import { inShadow, parseFiles, runInOrder } from './replay.ts';
import type { Start } from './start.ts';

/** How many rows each table is given. */
const count = 5;

/**
 * SQL that puts rows into every table of a database, by values that fit the types of its columns; nothing checks what they refer
 * to. What does not fit a constraint is left out row by row.
 * @param rows how many each is given, at most 28
 * @param partitions whether into partitions, too
 * @param label which label of an enum comes first, as SQL; that is taken
 */
export function makingRows(rows: number, partitions: boolean, label: string): string {
  return `do $pgmage$
declare t record; i int; columns text; expressions text;
begin
  set local session_replication_role = replica;
  for t in select c.oid, c.oid::regclass as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and (${partitions} or not c.relispartition) and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e') loop
    for i in 1..${rows} loop
      select string_agg(quote_ident(a.attname), ', ' order by a.attnum), string_agg(format('(%s)::%s', case y.typcategory
          when 'N' then i::text when 'S' then quote_literal('v' || i) when 'B' then (i % 2 = 0)::text
          when 'D' then quote_literal(case when y.typname like 'time%' and y.typname not like 'timestamp%' then '00:00:0' || i % 10
            else '2020-01-' || lpad(i::text, 2, '0') end)
          when 'T' then quote_literal(i || ' hours') when 'A' then quote_literal('{}') when 'I' then quote_literal('10.0.0.' || i)
          when 'E' then (select quote_literal(enumlabel) from pg_enum where enumtypid = y.oid order by ${label} limit 1)
          else case y.typname when 'uuid' then quote_literal('00000000-0000-0000-0000-' || lpad(i::text, 12, '0'))
            when 'json' then quote_literal('{"v":' || i || '}') when 'jsonb' then quote_literal('{"v":' || i || '}')
            when 'bytea' then quote_literal('\\x' || lpad(i::text, 2, '0')) else 'null' end end,
          format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum)
        into columns, expressions
        from pg_attribute a join pg_type own on own.oid = a.atttypid
          join pg_type y on y.oid = coalesce(nullif(own.typbasetype, 0), own.oid)
        where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '';
      begin
        if columns is null then execute format('insert into %s default values', t.name);
        else execute format('insert into %s (%s) overriding system value select %s', t.name, columns, expressions);
        end if;
      exception when others then null;
      end;
    end loop;
  end loop;
  set local session_replication_role = origin;
end $pgmage$`;
}

const tablesQuery = `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1`;

type Row = { readonly [column: string]: Json };
type Rows = ReadonlyMap<string, readonly Row[]>;

/**
 * What rows lose when a migration is applied and undone, by table.
 * @param start what there is before it
 * @returns null where made-up rows do not get there and back
 * @throws Problem of the shadow
 */
export async function lossesOn(
  context: Context,
  start: Start,
  up: TextFile,
  down: TextFile,
): Promise<ReadonlyMap<string, readonly string[]> | null> {
  const ways = await parseFiles([up, down]);
  try {
    return await inShadow(context, start, ways, async (connection, committed) => {
      await connection.execute(makingRows(count, false, 'enumsortorder'));
      const before = await rowsIn(connection);
      await runInOrder(connection, ways, committed);
      return lossesBetween(before, await rowsIn(connection));
    });
  } catch (thrown) {
    if (thrown instanceof Problem && 'sqlstate' in thrown.data) return null;
    throw thrown;
  }
}

async function rowsIn(connection: Connection): Promise<Rows> {
  const tables = await connection.rows<{ name: string }>(tablesQuery);
  const found = new Map<string, readonly Row[]>();
  for (const { name } of tables)
    found.set(
      name,
      (await connection.rows<{ row: Row }>(`select to_jsonb(t) as row from ${name} t`)).map(({ row }) => row),
    );
  return found;
}

// Values are compared as bags: a row that came back need not stand where it stood.
function lossesBetween(before: Rows, after: Rows): Map<string, string[]> {
  const losses = new Map<string, string[]>();
  for (const [table, rows] of before) {
    const left = after.get(table) ?? [];
    const name = withoutPublic(table);
    const own: string[] = [];
    if (left.length < rows.length)
      own.push(`${name}: ${rows.length - left.length} of ${rows.length} rows lost`);
    else
      for (const column of Object.keys(rows[0] ?? {})) {
        const [had, has] = [rows, left].map((all) => all.map((row) => JSON.stringify(row[column] ?? null)));
        const values = (had ?? []).filter((value) => value !== 'null');
        const lost = values.filter((value) => {
          const at = has?.indexOf(value) ?? -1;
          if (at >= 0) has?.splice(at, 1);
          return at < 0;
        });
        if (lost.length > 0) own.push(`${name}.${column}: ${lost.length} of ${values.length} values lost`);
      }
    if (own.length > 0) losses.set(table, own);
  }
  return losses;
}
