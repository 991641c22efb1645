-- Views that servers of different versions, or one server that is given its own text back, tell in different words.
create table a (x int, y text, z varchar(9), n numeric(8, 2), at timestamptz, tags text[], doc jsonb);
create table b (x int, w bigint);
create type mood as enum ('sad', 'glad');
create domain short as varchar(5);
create function pairs(i int) returns table (k int, v text) language sql stable as 'select i, i::text';
create view null_in_union as select q.x from (select x from a union all select null from a) q;
create view null_first as select q.x from (select null as x from a union all select x from b) q;
create view null_in_nested as
  select r.* from (select q.x, q.y from (select x, y from a union select null, null union select 1, 'one') q) r;
create view null_on_top as select x, y from a union all select null, null union all select 3, 'c';
create view named_null as select null as nothing, null::text as none, null::short as little, null::mood as mood;
create view null_in_case as select case when x > 1 then null else x end as c, coalesce(null, x) as d, nullif(x, null) as e from a;
create view intersected as select q.k from (select x as k from a intersect select w from b except select null) q;
create view constants as select '2020-01-01'::date as d, date '2020-01-01' as d2, interval '1 day' as i, 'x'::varchar(3) as v,
  1.5::numeric(4, 1) as n, 'glad'::mood as m, '{1,2}'::int[] as l, -1 as minus, -1::bigint as big, 'a'::short as s, b'101' as bits;
create view any_of as select x from a where z = any (array['p', 'q']) and y = any ('{r,s}') and x = any (array[1, 2]::bigint[]);
create view in_list as select x from a where z in ('p', 'q') and n in (1, 2.5) and y not in ('t');
create view json_old as select json_build_object('a', x, 'b', y) as o, jsonb_agg(doc) filter (where x > 0) as g from a group by x, y;
create view grouped as select x, y, count(*), grouping(x, y) as g from a group by grouping sets ((x), (x, y), ());
create view cubed as select x, y, sum(n) as total from a group by cube (x, y), rollup (z);
create view distinct_groups as select x, count(distinct y) as c from a group by distinct rollup (x, y), rollup (x);
create view aliased (one, two) as select x, y from a union all select w::int, null from b;
create view sub_alias as select q.one from (select x, y from a union all select 1, 'a') as q (one, two);
create view in_from as select p.k, p.v, s.s, o.ordinality from a, pairs(a.x) p, generate_series(1, a.x) s (s),
  unnest(a.tags) with ordinality o;
create view rows_from as select * from rows from (generate_series(1, 3), unnest(array['a', 'b'])) as r (i, t);
create view recordset as select r.p, r.q from a, jsonb_to_recordset(a.doc) as r (p int, q text);
create view lateral_join as select a.x, l.w from a left join lateral (select w from b where b.x = a.x limit 1) l on true;
create view joined as select * from a join b using (x) as j;
create view natural_joined as select * from a natural left join b;
create view full_joined as select a.x as ax, b.x as bx from a full join b on a.x = b.x;
create view with_cte as with recursive c (n) as (values (1) union all select n + 1 from c where n < 5), d as materialized (select * from c)
  select c.n from c join d using (n);
create view searched as with recursive t (x, w) as (select x, w from b union all select b.x, b.w from b join t on b.x = t.w)
  search depth first by x set o cycle x set is_cycle using path select x, w, is_cycle from t;
create view windowed as select x, row_number() over w as r, lag(y, 1, 'none') over (partition by x order by y) as l,
  sum(n) over (order by x rows between unbounded preceding and current row exclude ties) as s from a window w as (order by x desc nulls last);
create view times as select at at time zone 'UTC' as u, extract(year from at) as y, date_trunc('day', at) as d,
  at::date as e, (at, at) overlaps (at, interval '1 day') as o, current_date as c, localtimestamp(2) as l from a;
create view texts as select substring(y from 1 for 2) as s, trim(both 'x' from y) as t, position('a' in y) as p, overlay(y placing 'b' from 1) as o,
  y like 'a%' as l, y similar to 'a_' as m, y ilike all (array['a', 'b']) as i, y collate "C" as c, normalize(y) as n, y is normalized as isn from a;
create view whole_rows as select a, (a).x, (a.*) is null as n, row(a.x, a.y) = row(1, 'a') as r from a;
create view sublinks as select x, array(select w from b order by w) as ws, exists (select from b) as e, x in (select x from b) as i,
  (select max(w) from b where b.x = a.x) as m, x > all (select w from b) as g, (x, y) in (select x, null::text from b) as p from a;
create view nothing as select;
create view nothing_united as select from a union all select from b;
create view listed as values (1, 'a'), (2, null);
create view listed_from as select v.i, v.t from (values (1, 'a'), (2, null)) v (i, t);
create view sampled as select x from a tablesample bernoulli (10) repeatable (1);
create view fetched as select x from a order by x, y fetch first 3 rows with ties;
create view locked as select x from a for update of a skip locked;
create view unnamed as select 1 + x, count(*), upper('a') from a group by x;
create view shadowing as select count as x, x as count from (select count(*), x from a group by x) a;
create view same_names as select q.x, r.x as x2 from (select x from a) q, (select x from a) r where q.x = r.x;
create view booleans as select x is distinct from 1 as d, x is not null as n, (x > 1) is unknown as u, not (x = 1 or x between 2 and 3) as b,
  x between symmetric 5 and 1 as s from a;
create view arrays as select tags[1] as f, tags[1:2] as s, array_agg(x order by x desc) as g, array[[1, 2], [3, 4]] as m, tags || 'a'::text as c,
  tags || null as d, array[]::text[] as e from a group by tags;
create view ordered_sets as select percentile_cont(0.5) within group (order by x) as p, mode() within group (order by y) as m, string_agg(y, ',' order by y) as s from a;
create view xmls as select xmlelement(name "a", xmlattributes(x as "b"), y) as e, xmlforest(x, y as z) as f from a;
create view users as select current_user as u, session_user as s, current_schema as c;
create view regs as select 'a'::regclass as r, 'pairs(int)'::regprocedure as p, 'public'::regnamespace as n;
create materialized view kept as select q.x, q.y from (select x, y from a union all select null, 'none'::text) q with no data;
create rule noted as on delete to b do also insert into a (x, y) select q.x, q.y from (select old.x, null as y union all select 1, 'a') q;
alter table a add check (z in ('p', 'q') or y = any (array['r', null]));
create index on a ((coalesce(y, null))) where z = any (array['p', 'q']);
alter table a alter y set default ('a' || null);
create policy few on a using (x in (select q.x from (select x from b union all select null) q));
create function told(i int default null::int, t text default 'a' || 'b') returns int begin atomic
  select q.x from (select x from a union all select null) q; end;
