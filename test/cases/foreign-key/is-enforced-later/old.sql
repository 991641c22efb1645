create table owners (id integer primary key);
create table pets (id integer, owner integer constraint owned references owners not enforced);
create table toys (id integer);
