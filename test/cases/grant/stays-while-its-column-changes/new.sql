create role reader;
create table t (a bigint, b text);
grant select (a), update (b) on t to reader;
comment on column t.a is 'a column';
