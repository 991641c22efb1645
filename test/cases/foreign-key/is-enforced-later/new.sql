create table owners (id integer primary key);
create table pets (id integer, owner integer constraint owned references owners);
create table toys (id integer, owner integer);
alter table toys add constraint toys_owner foreign key (owner) references owners not enforced;
alter table toys add constraint small check (id < 100) not enforced;
