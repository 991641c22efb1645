create table p (a int, e text);
create table q (b int, e text);
create table c () inherits (p, q);
create table d () inherits (p);
