create table t (id bigint not null, c boolean) partition by range (id);
create table t_low partition of t for values from (minvalue) to (100);
create table t_rest partition of t default;
