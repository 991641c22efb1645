create table p (a int not null, b int primary key);
create table c () inherits (p);
create table cc () inherits (c);
create table d () inherits (p);
