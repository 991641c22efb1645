create table p (a int) partition by list (a);
create table p1 (a int, e text);
create table p2 partition of p for values in (2);
