create role owner_a superuser;
create role owner_b superuser;
create table log (id serial, msg text);
create table log_old (archived date) inherits (log);
alter table log owner to owner_a;
alter table log_old owner to owner_a;
