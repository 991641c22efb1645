create table p (a int, b int) partition by list (a);
create table p1 partition of p for values in (1);
create index p_b on only p (b);
create index p_bd on only p (b desc nulls last);
create index p1_x on p1 (b);
create index p1_y on p1 (b desc nulls last);
alter index p_b attach partition p1_y;
alter index p_bd attach partition p1_x;
