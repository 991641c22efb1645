create table p (a int, b int);
create table c () inherits (p);
alter table c alter a set not null;
create table cc () inherits (c);
create table d () inherits (p);
