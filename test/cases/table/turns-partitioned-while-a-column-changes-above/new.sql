create table t (id bigint not null, c varchar(20)) partition by range (id);
create table t_low partition of t for values from (minvalue) to (100) partition by hash (id);
create table t_all partition of t_low for values with (modulus 1, remainder 0);
create table t_rest partition of t default;
alter table t alter c set storage external;
