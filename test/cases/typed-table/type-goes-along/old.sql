create type a as (x int, y text);
create table t of a;
