create table p (a int, b int) partition by list (a);
create table p1 partition of p for values in (1);
create table p2 partition of p for values in (2);
create index p_b on only p (b);
create index p1_b on p1 (b);
alter index p_b attach partition p1_b;