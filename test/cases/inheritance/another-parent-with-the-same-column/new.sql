create table p (a int);
create table q (id int, b int);
create table c (a int) inherits (q);
