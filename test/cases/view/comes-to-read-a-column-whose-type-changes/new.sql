create table t (id bigint, a text);
create table other (id bigint);
create view v as select id from t;
create view over as select id from v;
create function f() returns bigint language sql begin atomic select id from t; end;
create view by_function as select f() as id;
create view stays as select id from other;
