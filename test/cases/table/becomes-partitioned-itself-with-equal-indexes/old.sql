create table t (id integer not null, constraint t_key unique (id)) partition by range (id);
create table t_low partition of t for values from (minvalue) to (100) partition by hash (id);
create table t_all partition of t_low for values with (modulus 1, remainder 0);
create table t_rest partition of t default;
create unique index t_index on t (id);
