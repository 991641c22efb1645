create role reader;
create table t (a int, b int, c int);
grant update, insert on t to reader;
grant select (a), update (b), select (c) on t to reader;
grant insert (c) on t to reader;
