create table p (a int, b int) partition by list (a);
create table p1 partition of p for values in (1);
create unique index p_u on only p (a, b);
alter table p1 add constraint p1_u unique (a, b);
alter index p_u attach partition p1_u;
