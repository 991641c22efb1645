create table t (a int, b int) partition by list (a);
create table t1 partition of t for values in (1);
create index t_b on t (b) with (fillfactor = 50) where b > 0;
create table u (a int, c int not null);
