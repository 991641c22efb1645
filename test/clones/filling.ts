// Rows for any schema: made up by type, and so that they fit its foreign keys.
import { buildSampleRows } from '../../lib/migrate/sample-rows.ts';

/** How many rows each table is given, at most. */
const count = 20;

/** SQL that puts rows into every table of a database. What a constraint refuses is left out row by row. */
export const filling = `${buildSampleRows(count, true, 'random()')};
do $filling$
declare t record; k record; gone int; more boolean;
begin
  set local session_replication_role = replica;
  -- Rows that refer to none go, and then those that referred to them.
  loop
    more := false;
    for k in select c.conrelid::regclass as child, c.confrelid::regclass as parent,
        (select string_agg(format('a.%I = b.%I', x.attname, y.attname), ' and ') from unnest(c.conkey,
        c.confkey) u (p, q)
          join pg_attribute x on x.attrelid = c.conrelid and x.attnum = u.p
          join pg_attribute y on y.attrelid = c.confrelid and y.attnum = u.q) as joined,
        (select string_agg(format('a.%I is not null', x.attname), ' and ') from unnest(c.conkey) p
          join pg_attribute x on x.attrelid = c.conrelid and x.attnum = p) as told
      from pg_constraint c where c.contype = 'f' loop
      begin
        execute format('delete from %s a where %s and not exists (select from %s b where %s)', k.child,
        k.told, k.parent, k.joined);
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
