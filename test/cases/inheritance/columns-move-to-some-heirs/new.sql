create table p (a int);
create table c (f int, e text default 'x' constraint e_needed not null) inherits (p);
create table d (g int check (g > 0)) inherits (p);
create table cc () inherits (c);
alter table cc alter e set default 'y';
create table other (a int);
create index c_e on c (e);
create view ce as select e from c;
