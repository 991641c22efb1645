create table p (a int, e text);
create table c () inherits (p);
create table grandchild () inherits (c);
