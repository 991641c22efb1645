create table p (a int, e text);
create table c () inherits (p);
create table cc () inherits (c);
create table d (x int, e text) inherits (p);
