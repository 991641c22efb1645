create table base (id integer primary key, note text not null);
create table heir () inherits (base);
alter table heir add primary key (id);
create table other (id integer primary key, note text default 'none') inherits (base);
create table parts (id integer primary key) partition by range (id);
create table part partition of parts default;
