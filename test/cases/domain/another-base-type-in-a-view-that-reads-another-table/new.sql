create schema app;
create domain grade as bigint;
create table t (id integer, a grade, b text);
create view v as select id, a, b from t;
