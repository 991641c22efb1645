create role reader;
create table t (a int, b int, c int);
grant select (a), insert (b), select (c), update (c) on t to reader;
alter default privileges grant select on tables to reader;
create table made (a int, b int);
grant insert (a), select (b) on made to reader;
