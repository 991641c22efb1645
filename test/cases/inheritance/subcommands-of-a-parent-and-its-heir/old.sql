create table p (id int, a int);
create table c (own int) inherits (p);
