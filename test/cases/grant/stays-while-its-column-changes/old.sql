create role reader;
create table t (a int, b varchar(3));
grant select (a), update (b) on t to reader;
comment on column t.a is 'a column';
