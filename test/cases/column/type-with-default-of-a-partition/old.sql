create domain grade as integer;
create table t1 (id integer not null, b varchar(20) default upper('y') , o integer[] default '{1,2}' ) partition by range (id);
create table t1_low partition of t1 for values from (minvalue) to (100) partition by hash (id);
create table t1_all partition of t1_low for values with (modulus 1, remainder 0);
