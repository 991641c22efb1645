// Rows for any schema: made up by type, and so that they fit its foreign keys.

/** How many rows each table is given, at most. */
const count = 20;

/** SQL that puts rows into every table of a database. What a constraint refuses is left out row by row. */
export const filling = `do $filling$
declare t record; k record; i int; columns text; expressions text; gone int; more boolean;
begin
  set local session_replication_role = replica;
  for t in select c.oid, c.oid::regclass as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e') loop
    for i in 1..${count} loop
      select string_agg(quote_ident(a.attname), ', ' order by a.attnum), string_agg(format('(%s)::%s', case y.typcategory
          when 'N' then i::text when 'S' then quote_literal('v' || i) when 'B' then (i % 2 = 0)::text
          when 'D' then quote_literal(case when y.typname like 'time%' and y.typname not like 'timestamp%' then '00:00:0' || i % 10
            else '2020-01-' || lpad(i::text, 2, '0') end)
          when 'T' then quote_literal(i || ' hours') when 'A' then quote_literal('{}') when 'I' then quote_literal('10.0.0.' || i)
          when 'E' then (select quote_literal(enumlabel) from pg_enum where enumtypid = y.oid order by random() limit 1)
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
  -- Rows that refer to none go, and then those that referred to them.
  loop
    more := false;
    for k in select c.conrelid::regclass as child, c.confrelid::regclass as parent,
        (select string_agg(format('a.%I = b.%I', x.attname, y.attname), ' and ') from unnest(c.conkey, c.confkey) u (p, q)
          join pg_attribute x on x.attrelid = c.conrelid and x.attnum = u.p
          join pg_attribute y on y.attrelid = c.confrelid and y.attnum = u.q) as joined,
        (select string_agg(format('a.%I is not null', x.attname), ' and ') from unnest(c.conkey) p
          join pg_attribute x on x.attrelid = c.conrelid and x.attnum = p) as told
      from pg_constraint c where c.contype = 'f' loop
      begin
        execute format('delete from %s a where %s and not exists (select from %s b where %s)', k.child, k.told, k.parent, k.joined);
        get diagnostics gone = row_count;
        more := more or gone > 0;
      exception when others then null;
      end;
    end loop;
    exit when not more;
  end loop;
  set local session_replication_role = origin;
  for t in select c.oid::regclass as name from pg_class c where c.relkind = 'm' and c.relispopulated loop
    begin
      execute format('refresh materialized view %s', t.name);
    exception when others then null;
    end;
  end loop;
end $filling$`;
