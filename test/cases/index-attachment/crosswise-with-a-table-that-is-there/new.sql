create table p (a int, b int) partition by list (a);
create index p_b on p (b);
create index p_bd on p (b desc);
create table p1 (a int, b int);
create index p1_y on p1 (b desc);
create index p1_x on p1 (b);
alter table p attach partition p1 for values in (1);
