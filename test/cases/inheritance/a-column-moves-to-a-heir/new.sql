create table p (a int);
create table c (e text) inherits (p);
create table grandchild () inherits (c);
