create table p (a int);
create table c (constraint pos check (a > 0)) inherits (p);
create table cc () inherits (c);
