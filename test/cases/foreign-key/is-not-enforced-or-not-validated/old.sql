create table owners (id integer primary key);
create table pets (id integer, owner integer);
alter table pets add constraint owned foreign key (owner) references owners not enforced;
create table toys (id integer, owner integer);
alter table toys add constraint owned foreign key (owner) references owners not valid;
