create table p (a int, b int) partition by list (a);
create index p_b on p (b);
create index p_bd on p (b desc);
create table p0 partition of p for values in (0);
