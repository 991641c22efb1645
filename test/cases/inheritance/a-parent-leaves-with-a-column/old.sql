create table p (id int, a int);
create table c (own text) inherits (p);
create table cc () inherits (c);
