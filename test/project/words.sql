-- What PostgreSQL 15 and 18 are known to tell in different words.
create table t (id int primary key, a text not null, b varchar(10) check (b in ('x', 'y')));
create view v as select t.a, count(*) as n from t group by t.a;
create view w as select x.id, y.a from t x join t y using (id) where x.a like 'a%';
create function f(a int, b int default 1) returns int language sql immutable as 'select a + b';
create function g(a json, "json" json, "system_user" text default 'json') returns json language sql begin atomic
  select coalesce(g."json", json_object(array['json', g."system_user"]), g.a); end;
create table u ("json" json, "merge_action" int default 1);
create view x as select "json", u."merge_action" from u where "json" is not null;
