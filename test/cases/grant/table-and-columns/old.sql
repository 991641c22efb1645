create role reader;
create table t (a int, b int, c int);
grant select on t to reader;
grant select (a), update (b) on t to reader;
grant insert (c) on t to reader with grant option;
