create table p (a int, b int) partition by list (a);
create table p1 partition of p for values in (1);
alter table p add constraint p_u unique (a, b);
create table p2 partition of p for values in (2);
