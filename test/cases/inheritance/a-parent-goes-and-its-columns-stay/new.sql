create table c (id int, a int, own text);
create table cc () inherits (c);
