create table p (a int);
create table c (e text) inherits (p);
create table cc () inherits (c);
create table d (x int) inherits (p);
