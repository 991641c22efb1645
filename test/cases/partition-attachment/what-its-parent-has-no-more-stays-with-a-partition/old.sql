create table p (a int, e text constraint e_needed not null, constraint pos check (a > 0)) partition by list (a);
create table p1 partition of p for values in (1) partition by range (a);
create table p11 partition of p1 for values from (0) to (5);
create table p2 partition of p for values in (2);
