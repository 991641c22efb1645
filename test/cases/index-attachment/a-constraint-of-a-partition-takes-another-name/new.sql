create table p (a int, b int) partition by list (a);
create table p1 partition of p for values in (1);
create unique index p_v on only p (a, b);
alter table p1 add constraint p1_w unique (a, b);
alter index p_v attach partition p1_w;
