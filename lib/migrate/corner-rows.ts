// Rows with the corner values of types, to test a change of type.
import { literal } from '../model/quote.ts';
import { sampleValues } from './sample-values.ts';

/** The most values that a type has. */
export const mostCorners = Math.max(...Object.values(sampleValues).map(({ length }) => length));

/**
 * SQL for the `i`-th value that fits the type `y` of a column. @param label which label of an enum comes
 * first
 */
export const usualValue = (label: string) => `case y.typcategory
          when 'N' then i::text when 'S' then quote_literal('v' || i) when 'B' then (i % 2 = 0)::text
          when 'D' then quote_literal(case when y.typname like 'time%' and y.typname not like 'timestamp%'
          then '00:00:0' || i % 10
            else '2020-01-' || lpad((1 + (i - 1) % 28)::text, 2, '0') end)
          when 'T' then quote_literal(i || ' hours') when 'A' then quote_literal('{}') when 'I'
          then quote_literal('10.0.0.' || i % 256)
          when 'E' then (select quote_literal(enumlabel) from pg_enum where enumtypid = y.oid
          order by ${label} limit 1)
          else case y.typname when 'uuid' then quote_literal('00000000-0000-0000-0000-' || lpad(i::text, 12,
          '0'))
            when 'json' then quote_literal('{"v":' || i || '}') when 'jsonb'
            then quote_literal('{"v":' || i || '}')
            when 'bytea' then quote_literal('\\x' || lpad((i % 100)::text, 2, '0')) else 'null' end end`;

// Tables of the columns, with the numbers of these.
const tablesOf = (
  columns: readonly string[],
) => `select c.oid, c.oid::regclass as name, array_agg(a.attnum) as changed
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
  and a.attnum > 0
  where c.relkind in ('r', 'p') and not c.relispartition
    and format('%I.%I.%I', n.nspname, c.relname, a.attname)
    = any(array[${columns.map(literal).join(', ')}]::text[])
  group by c.oid`;

// The values that a column takes, by its number. Domains take those of the types behind them, arrays those of
// their elements.
const cornersOf = `corners := '{}';
    total := 0;
    for own in select a.attnum, y.typname, y.typcategory = 'A' as many, format_type(a.atttypid,
    a.atttypmod) as type
      from pg_attribute a join pg_type d on d.oid = a.atttypid
        join pg_type y on y.oid = coalesce(nullif(d.typbasetype, 0), d.oid)
      where a.attrelid = t.oid and a.attnum = any(t.changed) loop
      fitting := '{}';
      for sample in select jsonb_array_elements_text(samples -> ltrim(own.typname, '_')) loop
        begin
          if own.many then sample := array[sample]::text; end if;
          execute format('select (%L)::%s', sample, own.type);
          fitting := fitting || sample;
        exception when others then null;
        end;
      end loop;
      if fitting <> '{}' then corners := corners || jsonb_build_object(own.attnum, fitting); end if;
      total := greatest(total, cardinality(fitting));
    end loop;`;

const valuesOf = `select string_agg(quote_ident(a.attname), ', ' order by a.attnum),
  string_agg(format('(%s)::%s', coalesce(
          quote_literal(corners -> a.attnum::text ->> (k % jsonb_array_length(corners -> a.attnum::text))),
          ${usualValue('enumsortorder')}), format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum)
        into columns, expressions
        from pg_attribute a join pg_type d on d.oid = a.atttypid
          join pg_type y on y.oid = coalesce(nullif(d.typbasetype, 0), d.oid)
        where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '';`;

/**
 * SQL that puts rows into the tables of columns, with a corner of its type in each of these.
 * @param columns as `schema.table.column`, quoted
 * @param only the place of the only corner that is taken; null: one after the other
 */
export function buildCornerRows(columns: readonly string[], only: number | null): string {
  return `do $pgmage$
declare t record; own record; sample text; i int; k int; total int; expressions text; columns text; fitting
text[]; corners jsonb;
  samples jsonb := ${literal(JSON.stringify(sampleValues))};
begin
  set local session_replication_role = replica;
  for t in ${tablesOf(columns)} loop
    ${cornersOf}
    for k in ${only === null ? '0..total - 1' : `${only}..least(${only}, total - 1)`} loop
      i := k + 100;
      ${valuesOf}
      begin
        execute format('insert into %s (%s) overriding system value select %s', t.name, columns, expressions);
      exception when others then null;
      end;
    end loop;
  end loop;
  set local session_replication_role = origin;
end $pgmage$`;
}
