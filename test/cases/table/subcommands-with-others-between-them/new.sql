create table t (id int primary key, a bigint, b bigint not null, g bigint generated always as (a + 2) stored, d int not null default 1, n int);
create function f(bigint) returns int immutable language sql as 'select 1';
alter table t add h int default f(4::bigint) not null, add i int generated always as (d + 1) stored;
create view v as select a, d from t;
create index t_b on t (b);
