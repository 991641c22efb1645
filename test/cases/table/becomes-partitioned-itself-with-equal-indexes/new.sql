create table t (id integer not null, constraint t_key primary key (id)) partition by range (id);
create table t_low partition of t for values from (minvalue) to (100);
create table t_rest partition of t default;
create unique index t_index on t (id);
