create table p (a int);
create table c (id int, a int, own text);
create table cc () inherits (c);
