create table p (a int, b int) partition by list (a);
create table p1 partition of p for values in (1);
alter table p1 add constraint p1_u unique (a, b);
create unique index p_u on p (b, a);
