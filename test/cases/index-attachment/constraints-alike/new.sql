create table p (a int, b int) partition by list (a);
create table p1 (a int, b int);
alter table p1 add constraint p1_x unique (a, b);
alter table p1 add constraint p1_y unique (a, b);
alter table p attach partition p1 for values in (1);
alter table only p add constraint p_x unique (a, b);
alter table only p add constraint p_y unique (a, b);
alter index p_y attach partition p1_x;
alter index p_x attach partition p1_y;
