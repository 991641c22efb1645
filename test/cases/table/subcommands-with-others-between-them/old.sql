create table t (id int primary key, a int, b int, g int generated always as (a + 1) stored);
create view v as select a from t;
create index t_b on t (b);
create function f(int) returns int immutable language sql as 'select $1';
