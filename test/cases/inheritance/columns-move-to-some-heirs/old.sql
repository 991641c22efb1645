create table p (a int, e text default 'x' constraint e_needed not null, f int, g int check (g > 0));
create table c (f int) inherits (p);
create table d () inherits (p);
create table cc () inherits (c);
create table other (a int);
create index c_e on c (e);
create view ce as select e from c;
