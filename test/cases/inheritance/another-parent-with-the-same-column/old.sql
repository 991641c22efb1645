create table p (id int, a int);
create table q (id int, b int);
create table c (a int) inherits (p);
