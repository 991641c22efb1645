create table p (a int, constraint pos check (a > 0));
create table c () inherits (p);
create table cc () inherits (c);
