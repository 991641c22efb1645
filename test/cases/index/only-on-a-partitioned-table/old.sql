create table p (id int not null, a int) partition by list (id);
create table p1 partition of p for values in (1);
create table p2 partition of p for values in (2);
create index kept on only p (a);
create table q (id int not null, a int) partition by list (id);
create table q1 partition of q for values in (1);
create index whole on q (id);
